"""Images that training had to do without."""

from collections.abc import Mapping

from mmengine.dist import all_gather_object
from mmengine.hooks import Hook
from mmengine.runner import Runner

from convnext_dense.errors import UserError
from convnext_dense.registry import HOOKS


@HOOKS.register_module()
class UnusableImages(Hook):
    """Name each image that was skipped, count them, and stop where they are many.

    Args:
        max_share: Share of the data set, in 0..1, beyond which training stops.
    """

    def __init__(self, max_share: float = 0.05):
        if not 0 <= max_share <= 1:
            raise UserError(f'max_share must be in 0..1, got {max_share}')
        self.max_share = max_share
        self._found: dict[str, None] = {}

    def before_train_iter(
        self,
        runner: Runner,
        batch_idx: int,  # noqa: ARG002
        data_batch: Mapping | None = None,
    ) -> None:
        """Report what this batch did without.

        Raises:
            UserError: If that is too much.
        """
        for sample in (data_batch or {}).get('data_samples', ()):
            for message in sample.metainfo.get('unusable', ()):
                if message not in self._found:
                    self._found[message] = None
                    runner.logger.warning(f'skipped: {message}')
                    self._check(len(runner.train_dataloader.dataset))

    def after_train_epoch(self, runner: Runner) -> None:
        """Count over all processes."""
        for found in all_gather_object([*self._found]):
            self._found |= dict.fromkeys(found)
        images = len(runner.train_dataloader.dataset)
        if self._found:
            runner.logger.warning(
                f'{len(self._found)} of {images} images were skipped so far'
            )
        self._check(images)

    def _check(self, images: int) -> None:
        if len(self._found) > self.max_share * images:
            raise UserError(
                f'{len(self._found)} of {images} images cannot be used, more than the '
                f'share of {self.max_share:g} that default_hooks.unusable.max_share '
                f'allows; the last: {[*self._found][-1]}'
            )
