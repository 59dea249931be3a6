"""ConvNeXt V2 (Woo et al. 2023, arXiv 2301.00808).

Source of the numbers and names: facebookresearch/ConvNeXt-V2@2553895.
"""

from typing import Any, ClassVar

from torch import Tensor

from convnext_dense.layers import GlobalResponseNorm
from convnext_dense.layers.mlp import is_for_us
from convnext_dense.layers.normed_mlp import normed_mlp
from convnext_dense.registry import MODELS

from .convnext import ConvNeXtBlock
from .pyramid import Pyramid
from .variants import Variant, doubling


class ConvNeXtV2Block(ConvNeXtBlock):
    """V1's block with a global response norm in the MLP instead of layer scale."""

    def __init__(self, width: int, drop_path: float):
        super().__init__(width, drop_path, layer_scale=0)
        self.grn = GlobalResponseNorm(4 * width)

    def mlp(self, x: Tensor) -> Tensor:
        """Map (N, H, W, C) to the same shape."""
        x = self.norm(x)
        layers = (self.pwconv1, self.grn, self.pwconv2)
        if is_for_us(x, *layers):
            return normed_mlp(x, *layers)
        return self.pwconv2(self.grn(self.act(self.pwconv1(x))))


@MODELS.register_module()
class ConvNeXtV2(Pyramid):
    """ConvNeXt V2 as a four-stage backbone.

    Args:
        arch: See :class:`~convnext_dense.backbones.pyramid.Pyramid`.
        **kwargs: The arguments of ``Pyramid``.
    """

    variants: ClassVar[dict[str, Variant]] = {
        'atto':  doubling(2, 2, 6, 2, width=40),
        'femto': doubling(2, 2, 6, 2, width=48),
        'pico':  doubling(2, 2, 6, 2, width=64),
        'nano':  doubling(2, 2, 8, 2, width=80),
        'tiny':  doubling(3, 3, 9, 3, width=96),
        'base':  doubling(3, 3, 27, 3, width=128),
        'large': doubling(3, 3, 27, 3, width=192),
        'huge':  doubling(3, 3, 27, 3, width=352),
    }  # fmt: skip

    def __init__(self, arch: Any, **kwargs):
        super().__init__(arch, block=ConvNeXtV2Block, **kwargs)
