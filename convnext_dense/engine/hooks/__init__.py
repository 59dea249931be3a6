"""Hooks for mmengine's runner."""

from .class_check import ClassCheck
from .metrics_file import MetricsFile
from .prediction_sheet import PredictionSheet

__all__ = ['ClassCheck', 'MetricsFile', 'PredictionSheet']
