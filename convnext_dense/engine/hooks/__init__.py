"""Hooks for mmengine's runner."""

from .bad_images import BadImages
from .checkpoint import CheckpointHook
from .class_check import ClassCheck
from .config_in_checkpoint import ConfigInCheckpoint
from .finite_guard import FiniteGuard
from .metrics_file import MetricsFile
from .prediction_sheet import PredictionSheet
from .reconstruction_sheet import ReconstructionSheet
from .signal_stop import SignalStop
from .unusable_images import UnusableImages

__all__ = [
    'BadImages',
    'CheckpointHook',
    'ClassCheck',
    'ConfigInCheckpoint',
    'FiniteGuard',
    'MetricsFile',
    'PredictionSheet',
    'ReconstructionSheet',
    'SignalStop',
    'UnusableImages',
]
