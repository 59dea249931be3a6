"""The small layers that the backbones are made of."""

from .drop_path import DropPath
from .global_response_norm import GlobalResponseNorm
from .layer_norm import LayerNorm2d

__all__ = ['DropPath', 'GlobalResponseNorm', 'LayerNorm2d']
