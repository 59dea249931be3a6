"""Images that could not be read, counted while training goes on."""

from typing import Any

from mmengine.dist import get_world_size
from mmengine.hooks import Hook

from convnext_dense.errors import UserError
from convnext_dense.registry import HOOKS


@HOOKS.register_module()
class BadImages(Hook):
    """Name each unreadable image in the log once, and stop where there are too many.

    Args:
        max_share: Largest share of the images that may be unreadable, in 0..1.

    Raises:
        UserError: Where there are more.
    """

    def __init__(self, max_share: float = 0.01):
        self.max_share = max_share
        self.found: dict[str, str] = {}

    def before_train_iter(
        self,
        runner: Any,
        batch_idx: int,  # noqa: ARG002
        data_batch: Any = None,
    ) -> None:
        """Look through a batch for samples that stand for others."""
        samples = data_batch.get('data_samples') if isinstance(data_batch, dict) else ()
        for sample in samples or ():
            for path, reason in getattr(sample, 'replaced', ()):
                self._count(runner, path, reason)

    def _count(self, runner: Any, path: str, reason: str) -> None:
        if path in self.found:
            return
        self.found[path] = reason
        # Of the images that this process sees.
        images = len(runner.train_dataloader.dataset) / get_world_size()
        share = len(self.found) / images
        if share > self.max_share:
            raise UserError(
                f'{path} cannot be used: {reason}; {len(self.found)} unreadable images '
                f'are {share:.1%} of them, more than '
                f'default_hooks.bad_images.max_share={self.max_share} allows; '
                'tools/check_data.py CONFIG names all'
            )
        runner.logger.warning(
            f'{path} is replaced by another image: {reason} ({len(self.found)} so far)'
        )
