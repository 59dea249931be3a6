"""What plugs into mmdet."""

from .coco import CocoDataset
from .coco_metric import CocoMetric

__all__ = ['CocoDataset', 'CocoMetric']
