"""Every random state of a process, as tensors and plain numbers."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch


def random_state() -> dict[str, Any]:
    """Take the states of python, numpy and torch, of the CPU and the current GPU."""
    version, internal, gauss = random.getstate()
    _, keys, position, has_gauss, cached = np.random.get_state(legacy=True)
    state: dict[str, Any] = dict(
        python=dict(version=version, internal=torch.tensor(internal), gauss=gauss),
        numpy=dict(
            keys=torch.from_numpy(np.asarray(keys).astype(np.int64)),
            position=int(position),
            has_gauss=int(has_gauss),
            cached=float(cached),
        ),
        torch=torch.get_rng_state(),
    )
    if torch.cuda.is_available():
        state['cuda'] = torch.cuda.get_rng_state()
    return state


def set_random_state(state: dict[str, Any]) -> None:
    """Put the states back that :func:`random_state` took."""
    python, numpy = state['python'], state['numpy']
    internal = tuple(python['internal'].tolist())
    random.setstate((python['version'], internal, python['gauss']))
    np.random.set_state(
        (
            'MT19937',
            numpy['keys'].numpy().astype(np.uint32),
            numpy['position'],
            numpy['has_gauss'],
            numpy['cached'],
        )
    )
    torch.set_rng_state(state['torch'])
    if 'cuda' in state and torch.cuda.is_available():
        torch.cuda.set_rng_state(state['cuda'])


@contextmanager
def seeded(*numbers: int) -> Iterator[None]:
    """Seed python, numpy and torch on the CPU within the block, and undo it after.

    Args:
        *numbers: Integers from 0; other numbers give independent streams.
    """
    before = random.getstate(), np.random.get_state(), torch.get_rng_state()
    seeds = np.random.SeedSequence(numbers).generate_state(3)
    random.seed(int(seeds[0]))
    np.random.seed(seeds[1])
    # Not torch.manual_seed, which would seed the GPU too.
    torch.default_generator.manual_seed(int(seeds[2]))
    try:
        yield
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])
        torch.set_rng_state(before[2])
