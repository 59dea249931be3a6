"""Random states are taken, put back and kept apart."""

import random

import numpy as np
import pytest
import torch

from convnext_dense.checkpoints import read_file
from convnext_dense.engine.resuming import random_state, seeded, set_random_state

DRAWS = {
    'python': lambda: (random.random(), random.gauss(0, 1)),
    'numpy': lambda: (np.random.rand(), np.random.randn()),
    'torch': lambda: float(torch.rand(())),
}


@pytest.mark.parametrize('source', DRAWS)
def test_a_state_that_is_put_back_repeats_the_numbers(source):
    DRAWS[source]()
    state = random_state()
    first = DRAWS[source]()
    set_random_state(state)
    assert DRAWS[source]() == first


def test_a_state_is_read_without_trust(tmp_path):
    torch.save(random_state(), tmp_path / 'a.pth')
    first = [draw() for draw in DRAWS.values()]
    state = read_file(tmp_path / 'a.pth')
    set_random_state(state)
    assert [draw() for draw in DRAWS.values()] == first


@pytest.mark.parametrize('source', DRAWS)
def test_a_seed_gives_the_same_numbers(source):
    with seeded(1, 2, 3):
        first = DRAWS[source]()
    with seeded(1, 2, 3):
        assert DRAWS[source]() == first
    with seeded(1, 2, 4):
        assert DRAWS[source]() != first


@pytest.mark.parametrize('source', DRAWS)
def test_numbers_outside_are_not_disturbed(source):
    state = random_state()
    first = DRAWS[source]()
    set_random_state(state)
    with seeded(5):
        DRAWS[source]()
    assert DRAWS[source]() == first
