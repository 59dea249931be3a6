"""The first batches as the network sees them."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from PIL import Image
from torch import nn

from convnext_dense.registry import HOOKS
from convnext_dense.visualization import contact_sheet

from .prediction_sheet import draw_objects, draw_pixels


@HOOKS.register_module()
class TrainingBatches(Hook):
    """Draw the first training batches, with their truth, after all augmentation.

    The pictures are ``pictures/train_batch_0.jpg`` and so on in the work dir. They
    show the tensors that leave the data preprocessor, so that a wrong colour order, a
    mask that was not flipped with its image, or padding is there to be seen.

    Args:
        batches: Number of batches.
        images: Most images of a batch that are drawn.
        side: Height in pixels at which an image is drawn.
    """

    def __init__(self, batches: int = 3, images: int = 6, side: int = 256):
        self.batches = batches
        self.images = images
        self.side = side
        self._drawn = 0
        self._folder = Path()
        self._names: tuple[str, ...] = ()
        self._handle: Any = None

    def before_train(self, runner: Runner) -> None:
        """Watch what the data preprocessor gives the network."""
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        preprocessor = getattr(model, 'data_preprocessor', None)
        # A run that is resumed has had its first batches.
        if not is_main_process() or preprocessor is None or runner.iter:
            return
        dataset = runner.train_dataloader.dataset
        self._names = tuple(getattr(dataset, 'metainfo', {}).get('classes') or ())
        self._folder = Path(runner.work_dir, 'pictures')
        self._handle = preprocessor.register_forward_hook(self._draw)

    def _draw(self, module: nn.Module, _: Any, output: Any) -> None:
        if not module.training:
            return
        images, samples = output['inputs'], output.get('data_samples')
        if torch.is_tensor(images) and images.ndim == 4 and samples:
            shown = displayable(images[: self.images], module)
            pictures = [
                draw_truth(image, sample.cpu(), self._names, self.side)
                for image, sample in zip(shown, samples, strict=False)
            ]
            title = f'training batch {self._drawn}, as the network sees it'
            self._folder.mkdir(exist_ok=True)
            path = self._folder / f'train_batch_{self._drawn}.jpg'
            contact_sheet([(title, pictures)], self._names).save(path, quality=88)
        self._drawn += 1
        if self._drawn == self.batches:
            self._handle.remove()


def displayable(images: torch.Tensor, preprocessor: Any) -> np.ndarray:
    """Turn (N, 3, H, W) normalised images into (N, H, W, 3) in 0..255."""
    images = images.float()
    if getattr(preprocessor, '_enable_normalize', False):
        images = images * preprocessor.std + preprocessor.mean
    pixels = images.round().clamp(0, 255).to(torch.uint8)
    return pixels.permute(0, 2, 3, 1).cpu().numpy()


def draw_truth(
    image: np.ndarray, sample: Any, names: tuple[str, ...], side: int
) -> np.ndarray:
    """Draw an image with the truth of its data sample, if any, ``side`` pixels high."""
    scale = side / image.shape[0]
    if 'gt_sem_seg' in sample:
        return draw_pixels(image, sample.gt_sem_seg, names, scale)
    if 'gt_instances' in sample:
        return draw_objects(image, sample.gt_instances, names, scale)
    size = (round(image.shape[1] * scale), side)
    return np.asarray(Image.fromarray(image).resize(size))
