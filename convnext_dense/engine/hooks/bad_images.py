"""Images that could not be read, counted while training goes on."""

from typing import Any

from mmengine.dist import all_gather_object, get_world_size
from mmengine.hooks import Hook

from convnext_dense.errors import UserError
from convnext_dense.registry import HOOKS


@HOOKS.register_module()
class BadImages(Hook):
    """Name each unreadable image in the log once, and stop where there are too many.

    Each epoch ends with their number, over all processes.

    Args:
        max_share: Largest share of the images that may be unreadable, in 0..1.

    Raises:
        UserError: Where there are more, or if the share is outside its range.
    """

    def __init__(self, max_share: float = 0.01):
        if not 0 <= max_share <= 1:
            raise UserError(f'max_share must be in 0..1, got {max_share}')
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

    def after_train_epoch(self, runner: Any) -> None:
        """Say how many images were done without."""
        found = {path for paths in all_gather_object([*self.found]) for path in paths}
        if found:
            images = len(runner.train_dataloader.dataset)
            runner.logger.warning(
                f'{len(found)} of {images} images could not be read so far'
            )

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
                'tools/check_data.py CONFIG --all names every one'
            )
        runner.logger.warning(
            f'{path} is replaced by another image: {reason} ({len(self.found)} so far)'
        )
