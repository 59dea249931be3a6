"""All that a run needs to continue as if it had never stopped."""

from .batches import Batches, Draw, ReplayedBatches
from .loading import SeededDataset, resumable
from .randomness import random_state, seeded, set_random_state
from .workers import stop_workers

__all__ = [
    'Batches',
    'Draw',
    'ReplayedBatches',
    'SeededDataset',
    'random_state',
    'resumable',
    'seeded',
    'set_random_state',
    'stop_workers',
]
