"""Hooks for mmengine's runner."""

from .bad_images import BadImages
from .checkpoint import CheckpointHook
from .class_check import ClassCheck
from .config_in_checkpoint import ConfigInCheckpoint
from .finite_guard import FiniteGuard
from .label_statistics import LabelStatistics
from .metrics_file import MetricsFile
from .prediction_sheet import PredictionSheet
from .reconstruction_sheet import ReconstructionSheet
from .result_files import ResultFiles
from .run_file import RunFile
from .signal_stop import SignalStop
from .training_batches import TrainingBatches
from .validation_loss import ValidationLoss

__all__ = [
    'BadImages',
    'CheckpointHook',
    'ClassCheck',
    'ConfigInCheckpoint',
    'FiniteGuard',
    'LabelStatistics',
    'MetricsFile',
    'PredictionSheet',
    'ReconstructionSheet',
    'ResultFiles',
    'RunFile',
    'SignalStop',
    'TrainingBatches',
    'ValidationLoss',
]
