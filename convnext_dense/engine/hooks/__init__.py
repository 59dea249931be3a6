"""Hooks for mmengine's runner."""

from .class_check import ClassCheck
from .config_in_checkpoint import ConfigInCheckpoint
from .metrics_file import MetricsFile
from .prediction_sheet import PredictionSheet
from .reconstruction_sheet import ReconstructionSheet
from .unusable_images import UnusableImages

__all__ = [
    'ClassCheck',
    'ConfigInCheckpoint',
    'MetricsFile',
    'PredictionSheet',
    'ReconstructionSheet',
    'UnusableImages',
]
