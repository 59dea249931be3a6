"""Loading, cropping and packing of images without labels, on Pillow and torchvision.

torchvision's transforms work on a sample as it is, and draw from torch's random
numbers, which a data loader seeds in each worker.
"""

from collections.abc import Sequence

import numpy as np
import torch
from mmengine.structures import BaseDataElement
from PIL import Image, ImageOps
from torchvision.transforms import v2

from convnext_dense.errors import UserError
from convnext_dense.registry import TRANSFORMS

for transform in (
    v2.CenterCrop,
    v2.RandomHorizontalFlip,
    v2.RandomVerticalFlip,
    v2.Resize,
):
    TRANSFORMS.register_module(module=transform)


@TRANSFORMS.register_module()
class RandomResizedCrop(v2.RandomResizedCrop):
    """torchvision's crop of a random part, with checked ranges.

    Args:
        size: Side in pixels of what comes out, or height and width.
        scale: Least and largest share of the image's area, in (0, 1].
        **kwargs: As for torchvision's.

    Raises:
        UserError: On a value outside the ranges above.
    """

    def __init__(
        self, size: int | Sequence[int], scale: Sequence[float] = (0.08, 1.0), **kwargs
    ):
        sides = size if isinstance(size, list | tuple) else [size]
        if not all(isinstance(side, int) and side > 0 for side in sides):
            raise UserError(f'image_size must be pixels, 1 or more, got {size!r}')
        if len(scale) != 2 or not 0 < scale[0] <= scale[1] <= 1:
            raise UserError(
                'crop_scale must be the least and the largest share of an image, in '
                f'(0, 1], got {scale!r}'
            )
        super().__init__(size, scale, **kwargs)


class UnusableImage(UserError):
    """An image that cannot be read, or is too small."""


@TRANSFORMS.register_module()
class LoadImage:
    """Read ``img_path`` as an upright RGB picture ``img``.

    Args:
        smallest: Pixels that the shorter side must have.

    Raises:
        UnusableImage: If the file is damaged, missing, or smaller.
    """

    def __init__(self, smallest: int = 32):
        self.smallest = smallest

    def __call__(self, sample: dict) -> dict:
        """Add ``img``."""
        path = sample['img_path']
        try:
            with Image.open(path) as file:
                image = ImageOps.exif_transpose(file).convert('RGB')
        # Pillow reports damage in any of these ways.
        except (
            OSError,
            SyntaxError,
            ValueError,
            Image.DecompressionBombError,
        ) as error:
            raise UnusableImage(f'{path} cannot be read: {error}') from error
        if min(image.size) < self.smallest:
            raise UnusableImage(
                f'{path} is {image.width} x {image.height} pixels, smaller than a '
                f'patch of {self.smallest}'
            )
        return sample | dict(img=image)


@TRANSFORMS.register_module()
class PackImage:
    """Turn a sample into ``inputs``, (3, H, W) in 0..255, and its ``data_samples``."""

    def __call__(self, sample: dict) -> dict:
        """Keep the path beside the pixels."""
        pixels = torch.from_numpy(np.array(sample['img'])).permute(2, 0, 1)
        known = BaseDataElement(metainfo=dict(img_path=sample['img_path']))
        return dict(inputs=pixels.contiguous(), data_samples=known)
