"""What plugs into mmseg."""

from .ade20k import ADE20KDataset
from .encoder_decoder import EncoderDecoder, SegTTAModel
from .iou_metric import IoUMetric
from .label_maps import LabelMapDataset, LoadLabelMap

__all__ = [
    'ADE20KDataset',
    'EncoderDecoder',
    'IoUMetric',
    'LabelMapDataset',
    'LoadLabelMap',
    'SegTTAModel',
]
