"""Trained models on images: load once, predict many."""

from .images import read_image
from .predictor import Predictor
from .results import Detections, LabelMap

__all__ = ['Detections', 'LabelMap', 'Predictor', 'read_image']
