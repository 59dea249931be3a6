"""Hooks for mmengine's runner."""

from .class_check import ClassCheck
from .config_in_checkpoint import ConfigInCheckpoint
from .metrics_file import MetricsFile
from .prediction_sheet import PredictionSheet

__all__ = ['ClassCheck', 'ConfigInCheckpoint', 'MetricsFile', 'PredictionSheet']
