"""Hooks for mmengine's runner."""

from .checkpoint import CheckpointHook
from .class_check import ClassCheck
from .metrics_file import MetricsFile
from .prediction_sheet import PredictionSheet
from .signal_stop import SignalStop

__all__ = [
    'CheckpointHook',
    'ClassCheck',
    'MetricsFile',
    'PredictionSheet',
    'SignalStop',
]
