"""Reading public checkpoints: safely, and completely or not at all."""

from convnext_dense.errors import CheckpointError

from .loading import LoadReport, load_matching, load_pretrained
from .reading import read_file, read_state, weights_in

__all__ = [
    'CheckpointError',
    'LoadReport',
    'load_matching',
    'load_pretrained',
    'read_file',
    'read_state',
    'weights_in',
]
