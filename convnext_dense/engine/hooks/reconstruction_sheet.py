"""Pictures of what a masked autoencoder makes of its patches."""

from pathlib import Path
from typing import Any

import torch
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner

from convnext_dense.registry import HOOKS
from convnext_dense.visualization import draw_reconstructions, to_pixels


@HOOKS.register_module()
class ReconstructionSheet(Hook):
    """Draw the same images under the same masks as training goes on.

    The sheets are ``pictures/epoch_0010.png`` in the work dir: input, what the encoder
    sees, and the reconstruction.

    Args:
        images: Number of images on a sheet, spread over the training data.
        interval: Epochs from one sheet to the next; the last epoch has one too.
    """

    def __init__(self, images: int = 8, interval: int = 10):
        self.images = images
        self.interval = interval
        self._batch: dict[str, Any] = {}

    def before_train(self, runner: Runner) -> None:
        """Choose the images, by a seed of their own."""
        if not is_main_process():
            return
        dataset = runner.train_dataloader.dataset
        step = max(1, len(dataset) // self.images)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            chosen = [
                dataset[index * step] for index in range(min(self.images, len(dataset)))
            ]
        self._batch = {key: [s[key] for s in chosen] for key in chosen[0]}

    def after_train_epoch(self, runner: Runner) -> None:
        """Draw a sheet."""
        last = runner.epoch + 1 == runner.max_epochs
        if self._batch and (last or self.every_n_epochs(runner, self.interval)):
            self._draw(runner)

    def _draw(self, runner: Runner) -> None:
        model: Any = runner.model
        model = model.module if is_model_wrapper(model) else model
        images = model.data_preprocessor(self._batch)['inputs']
        mask = model.random_mask(images, torch.Generator().manual_seed(0))
        training = model.training
        model.eval()
        shown = model.reconstruct(images, mask)
        model.train(training)
        epoch = runner.epoch + 1
        statistics = [
            getattr(model.data_preprocessor, name).cpu().numpy()
            for name in ('mean', 'std')
        ]
        sheet = draw_reconstructions(
            to_pixels(images.cpu().numpy(), *statistics),
            to_pixels(shown.float().cpu().numpy(), *statistics),
            mask.cpu().numpy(),
            title=f'after epoch {epoch}',
        )
        path = Path(runner.work_dir, 'pictures', f'epoch_{epoch:04d}.png')
        path.parent.mkdir(exist_ok=True)
        sheet.save(path)
        runner.logger.info(f'reconstructions drawn: {path}')
