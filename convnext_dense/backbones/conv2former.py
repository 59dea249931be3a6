"""Conv2Former (Hou et al. 2022, arXiv 2211.11943).

Source of the numbers and names: HVision-NKU/Conv2Former@94fd1c4.
"""

from collections.abc import Mapping
from functools import partial
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor, nn

from convnext_dense.errors import UserError
from convnext_dense.layers import DepthwiseConv2d, DropPath, LayerNorm2d, Pointwise
from convnext_dense.registry import MODELS

from .pyramid import Pyramid
from .variants import doubling


class Variant(NamedTuple):
    """Blocks and channels of each stage, and the side of the modulating kernel."""

    depths: tuple[int, ...]
    widths: tuple[int, ...]
    kernel_size: int


class ConvolutionalModulation(nn.Module):
    """Values weighted by what a large depthwise kernel sees, in place of attention."""

    def __init__(self, width: int, kernel_size: int):
        super().__init__()
        self.norm = LayerNorm2d(width)
        self.att = nn.Sequential(
            Pointwise(width, width),
            nn.GELU(),
            DepthwiseConv2d(width, kernel_size),
        )
        self.v = Pointwise(width, width)
        self.proj = Pointwise(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to the same shape."""
        x = self.norm(x)
        return self.proj(self.att(x) * self.v(x))


class PositionalMLP(nn.Module):
    """MLP of four times the width that adds a depthwise 3x3 of its hidden layer."""

    def __init__(self, width: int):
        super().__init__()
        hidden = 4 * width
        self.norm = LayerNorm2d(width)
        self.fc1 = Pointwise(width, hidden)
        self.act = nn.GELU()
        self.pos = DepthwiseConv2d(hidden, kernel_size=3)
        self.fc2 = Pointwise(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to the same shape."""
        x = self.act(self.fc1(self.norm(x)))
        return self.fc2(x + self.act(self.pos(x)))


class Conv2FormerBlock(nn.Module):
    """Convolutional modulation, then MLP, each a scaled residual."""

    def __init__(
        self, width: int, drop_path: float, kernel_size: int, layer_scale: float
    ):
        super().__init__()
        self.attn = ConvolutionalModulation(width, kernel_size)
        self.mlp = PositionalMLP(width)
        self.layer_scale_1 = nn.Parameter(torch.full((width,), layer_scale))
        self.layer_scale_2 = nn.Parameter(torch.full((width,), layer_scale))
        self.drop_path = DropPath(drop_path)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to the same shape."""
        x = x + self.drop_path(self.layer_scale_1[:, None, None] * self.attn(x))
        return x + self.drop_path(self.layer_scale_2[:, None, None] * self.mlp(x))


@MODELS.register_module()
class Conv2Former(Pyramid):
    """Conv2Former as a four-stage backbone.

    Args:
        arch: See :class:`~convnext_dense.backbones.pyramid.Pyramid`; a dict has
            ``kernel_size``, an odd number, beside ``depths`` and ``widths``.
        layer_scale_init_value: Initial value of both layer scales of a block; 1e-6
            as released.
        **kwargs: The arguments of ``Pyramid``.
    """

    # The base model that was trained on ImageNet-22k has smaller kernels.
    variants: ClassVar[dict[str, Variant]] = {
        'n':    Variant(*doubling(2, 2, 8, 2, width=64), kernel_size=7),
        't':    Variant(*doubling(3, 3, 12, 3, width=72), kernel_size=11),
        's':    Variant(*doubling(4, 4, 32, 4, width=72), kernel_size=11),
        'b':    Variant(*doubling(4, 4, 34, 4, width=96), kernel_size=11),
        'b-k7': Variant(*doubling(4, 4, 34, 4, width=96), kernel_size=7),
        'l':    Variant(*doubling(4, 4, 48, 4, width=128), kernel_size=11),
    }  # fmt: skip

    def __init__(
        self,
        arch: str | Mapping,
        *,
        layer_scale_init_value: float = 1e-6,
        **kwargs,
    ):
        kernel_size = self.variant_of(arch).kernel_size
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise UserError(f'kernel_size must be odd and positive, got {kernel_size}')
        block = partial(
            Conv2FormerBlock,
            kernel_size=kernel_size,
            layer_scale=layer_scale_init_value,
        )
        super().__init__(arch, block=block, **kwargs)

    def _stem(self, in_channels: int, width: int) -> nn.Module:
        half = width // 2
        return nn.Sequential(
            nn.Conv2d(in_channels, half, 3, 2, 1, bias=False),
            nn.GELU(),
            nn.BatchNorm2d(half),
            nn.Conv2d(half, half, 3, 1, 1, bias=False),
            nn.GELU(),
            nn.BatchNorm2d(half),
            nn.Conv2d(half, width, 2, 2, bias=False),
        )
