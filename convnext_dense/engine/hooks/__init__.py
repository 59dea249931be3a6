"""Hooks for mmengine's runner."""

from .bad_images import BadImages
from .checkpoint import CheckpointHook
from .class_check import ClassCheck
from .finite_guard import FiniteGuard
from .metrics_file import MetricsFile
from .prediction_sheet import PredictionSheet
from .signal_stop import SignalStop

__all__ = [
    'BadImages',
    'CheckpointHook',
    'ClassCheck',
    'FiniteGuard',
    'MetricsFile',
    'PredictionSheet',
    'SignalStop',
]
