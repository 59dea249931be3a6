"""What plugs into mmdet."""

from .coco import CocoDataset
from .coco_metric import CocoMetric
from .mask_tta import MaskTTAModel

__all__ = ['CocoDataset', 'CocoMetric', 'MaskTTAModel']
