"""Pictures of what a masked autoencoder makes of removed patches."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from PIL import Image

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
        self._batch: dict[str, list] = {}

    def before_train(self, runner: Runner) -> None:
        """Choose the images."""
        if is_main_process():
            self._batch = spread_samples(runner.train_dataloader.dataset, self.images)

    def after_train_epoch(self, runner: Runner) -> None:
        """Draw a sheet."""
        last = runner.epoch + 1 == runner.max_epochs
        if not self._batch or not (last or self.every_n_epochs(runner, self.interval)):
            return
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        epoch = runner.epoch + 1
        path = Path(runner.work_dir, 'pictures', f'epoch_{epoch:04d}.png')
        path.parent.mkdir(exist_ok=True)
        draw_batch(model, self._batch, title=f'after epoch {epoch}').save(path)
        runner.logger.info(f'reconstructions drawn: {path}')


def spread_samples(dataset: Sequence, number: int, seed: int = 0) -> dict[str, list]:
    """Take samples from all over a data set, cropped alike whenever this is called."""
    number = min(number, len(dataset))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        chosen = [dataset[index * len(dataset) // number] for index in range(number)]
    return {key: [sample[key] for sample in chosen] for key in chosen[0]}


def draw_batch(
    model: Any, batch: Mapping[str, list], *, title: str = '', seed: int = 0
) -> Image.Image:
    """Draw input, masked input and reconstruction of a batch, the mask by a seed."""
    preprocessor = model.data_preprocessor
    images = preprocessor(batch)['inputs']
    mask = model.random_mask(images, torch.Generator().manual_seed(seed))
    training = model.training
    model.eval()
    shown = model.reconstruct(images, mask)
    model.train(training)
    mean, std = (getattr(preprocessor, key).cpu().numpy() for key in ('mean', 'std'))
    return draw_reconstructions(
        to_pixels(images.cpu().numpy(), mean, std),
        to_pixels(shown.float().cpu().numpy(), mean, std),
        mask.cpu().numpy(),
        title=title,
    )
