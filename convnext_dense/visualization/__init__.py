"""Pictures of truth and predictions, on arrays alone."""

from .drawing import draw_instances, draw_label_map
from .masks import MaskCrop, crop_masks
from .palette import class_colours
from .reconstructions import draw_reconstructions, to_pixels
from .sheet import contact_sheet

__all__ = [
    'MaskCrop',
    'class_colours',
    'contact_sheet',
    'crop_masks',
    'draw_instances',
    'draw_label_map',
    'draw_reconstructions',
    'to_pixels',
]
