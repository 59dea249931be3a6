"""ConvNeXt (Liu et al. 2022, arXiv 2201.03545).

Source of the numbers and names: facebookresearch/ConvNeXt@048efce; atto to nano are
timm's, with ConvNeXt V2's depths and widths.
"""

from functools import partial
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from convnext_dense.layers import DepthwiseConv2d, DropPath, Linear
from convnext_dense.layers import mlp as fused
from convnext_dense.registry import MODELS

from .pyramid import Pyramid
from .variants import Variant, doubling


class ConvNeXtBlock(nn.Module):
    """Depthwise 7x7, LayerNorm, MLP of four times the width, scaled residual."""

    maskable = True  # runs on visible patches

    def __init__(self, width: int, drop_path: float, layer_scale: float):
        super().__init__()
        self.dwconv = DepthwiseConv2d(width, kernel_size=7)
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.pwconv1 = Linear(width, 4 * width)
        self.act = nn.GELU()
        self.pwconv2 = Linear(4 * width, width)
        # A layer scale of zero or less means none, as published.
        self.gamma = (
            nn.Parameter(torch.full((width,), layer_scale)) if layer_scale > 0 else None
        )
        self.drop_path = DropPath(drop_path)

    def forward(self, x: Tensor, visible: Any = None) -> Tensor:
        """Map (N, C, H, W) to the same shape.

        Args:
            x: Features.
            visible: Where ``x`` is a column of visible patches, what spreads it over
                the image and stacks it again: the one layer that looks beyond a patch
                sees zeros where patches are removed.
        """
        if visible is None:
            y = self.dwconv(x)
        else:
            y = visible.stack(self.dwconv(visible.spread(x)))
        y = self.mlp(y.permute(0, 2, 3, 1))  # (N, H, W, C)
        return x + self.drop_path(y.permute(0, 3, 1, 2))

    def mlp(self, x: Tensor) -> Tensor:
        """Map (N, H, W, C) to the same shape, position by position."""
        x = self.norm(x)
        # For few positions, what is done to the weights costs more than it saves.
        fewest = 4 * x.shape[-1]
        if fused.is_for_us(x, self.pwconv1, self.pwconv2, fewest=fewest):
            return fused.mlp(x, self.pwconv1, self.pwconv2, self.gamma)
        x = self.pwconv2(self.act(self.pwconv1(x)))
        return x if self.gamma is None else x * self.gamma


@MODELS.register_module()
class ConvNeXt(Pyramid):
    """ConvNeXt V1 as a four-stage backbone.

    Args:
        arch: See :class:`~convnext_dense.backbones.pyramid.Pyramid`.
        layer_scale_init_value: Initial value of each block's ``gamma``: 1e-6 for
            classification, 1.0 in the published detectors and segmentors; none where
            it is not positive.
        **kwargs: The arguments of ``Pyramid``.
    """

    variants: ClassVar[dict[str, Variant]] = {
        'atto':   doubling(2, 2, 6, 2, width=40),
        'femto':  doubling(2, 2, 6, 2, width=48),
        'pico':   doubling(2, 2, 6, 2, width=64),
        'nano':   doubling(2, 2, 8, 2, width=80),
        'tiny':   doubling(3, 3, 9, 3, width=96),
        'small':  doubling(3, 3, 27, 3, width=96),
        'base':   doubling(3, 3, 27, 3, width=128),
        'large':  doubling(3, 3, 27, 3, width=192),
        'xlarge': doubling(3, 3, 27, 3, width=256),
    }  # fmt: skip

    def __init__(self, arch: Any, *, layer_scale_init_value: float = 1e-6, **kwargs):
        block = partial(ConvNeXtBlock, layer_scale=layer_scale_init_value)
        super().__init__(arch, block=block, **kwargs)
