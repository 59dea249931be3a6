"""Hooks for mmengine's runner."""

from .class_check import ClassCheck
from .label_statistics import LabelStatistics
from .metrics_file import MetricsFile
from .prediction_sheet import PredictionSheet
from .result_files import ResultFiles
from .run_file import RunFile
from .training_batches import TrainingBatches
from .validation_loss import ValidationLoss

__all__ = [
    'ClassCheck',
    'LabelStatistics',
    'MetricsFile',
    'PredictionSheet',
    'ResultFiles',
    'RunFile',
    'TrainingBatches',
    'ValidationLoss',
]
