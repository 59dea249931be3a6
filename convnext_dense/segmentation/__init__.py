"""What plugs into mmseg."""

from .label_maps import LabelMapDataset, LoadLabelMap

__all__ = ['LabelMapDataset', 'LoadLabelMap']
