"""The small layers that the backbones are made of."""

from .depthwise import DepthwiseConv2d
from .drop_path import DropPath
from .global_response_norm import GlobalResponseNorm
from .layer_norm import LayerNorm2d
from .linear import Linear, Patchwise, Pointwise, use_faster_linear

__all__ = [
    'DepthwiseConv2d',
    'DropPath',
    'GlobalResponseNorm',
    'LayerNorm2d',
    'Linear',
    'Patchwise',
    'Pointwise',
    'use_faster_linear',
]
