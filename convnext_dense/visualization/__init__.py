"""Pictures of truth and predictions, on arrays alone."""

from .drawing import draw_instances, draw_label_map
from .palette import class_colours
from .reconstructions import draw_reconstructions, to_pixels
from .sheet import contact_sheet

__all__ = [
    'class_colours',
    'contact_sheet',
    'draw_instances',
    'draw_label_map',
    'draw_reconstructions',
    'to_pixels',
]
