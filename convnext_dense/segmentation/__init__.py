"""What plugs into mmseg."""

from .ade20k import ADE20KDataset
from .label_maps import LabelMapDataset, LoadLabelMap

__all__ = ['ADE20KDataset', 'LabelMapDataset', 'LoadLabelMap']
