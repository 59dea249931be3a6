"""What both kinds of exported graphs do with their input."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import pad


class Normalise(nn.Module):
    """A host's preprocessor on images of one size, inside the graph.

    Args:
        preprocessor: Of mmdet or mmseg.
        divisor: Sides are padded, right and below, to multiples of it.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, preprocessor: Any, divisor: int):
        super().__init__()
        self.register_buffer('mean', preprocessor.mean.clone())
        self.register_buffer('std', preprocessor.std.clone())
        # The hosts read BGR; the graph takes RGB.
        self.flip = not preprocessor._channel_conversion
        self.value = float(getattr(preprocessor, 'pad_value', 0))
        self.divisor = divisor

    def forward(self, images: Tensor) -> Tensor:
        """Map (N, 3, H, W) RGB in 0..255 to what the backbone takes."""
        if self.flip:
            images = images.flip(1)
        x = (images - self.mean) / self.std
        height, width = images.shape[2:]
        below, right = -height % self.divisor, -width % self.divisor
        return pad(x, (0, right, 0, below), value=self.value)


def size_of(images: Tensor) -> Tensor:
    """Give height and width of (N, 3, H, W), (2,), such that they stay variable.

    A graph would take ``torch.tensor(images.shape[2:])`` for constants.
    """
    column, row = images[0, 0, :, 0], images[0, 0, 0, :]
    return torch.stack([torch.ones_like(column).sum(), torch.ones_like(row).sum()])
