"""Backbones: four stages of features at strides 4, 8, 16 and 32."""

from .conv2former import Conv2Former
from .convnext import ConvNeXt
from .convnext_v2 import ConvNeXtV2

__all__ = ['Conv2Former', 'ConvNeXt', 'ConvNeXtV2']
