"""What plugs into mmdet."""

from .coco import CocoDataset

__all__ = ['CocoDataset']
