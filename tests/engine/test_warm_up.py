import logging

import pytest
import torch
from mmengine.optim import ConstantLR, CosineAnnealingLR, LinearLR

from convnext_dense.engine import warm_up
from convnext_dense.engine.warm_up import warn_of_warm_up


@pytest.fixture
def warnings(monkeypatch):
    said = []
    monkeypatch.setattr(
        warm_up, 'print_log', lambda text, **more: said.append((more['level'], text))
    )
    return said


@pytest.fixture
def optimizer():
    return torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0)


def rising(optimizer, end):
    return LinearLR(optimizer, start_factor=0.1, by_epoch=False, end=end)


def test_a_warm_up_that_ends_too_late_is_told(optimizer, warnings):
    warn_of_warm_up([rising(optimizer, 100)], 39)
    ((level, text),) = warnings
    assert level == logging.WARNING
    assert 'takes 100 iterations and the run 39' in text


@pytest.mark.parametrize('end', [10, 39])
def test_one_that_ends_in_time_is_not(optimizer, warnings, end):
    warn_of_warm_up([rising(optimizer, end)], 39)
    assert warnings == []


def test_other_schedules_are_not(optimizer, warnings):
    falling = CosineAnnealingLR(optimizer, T_max=100, by_epoch=False)
    warn_of_warm_up([falling, ConstantLR(optimizer, factor=1, by_epoch=False)], 39)
    assert warnings == []


def test_each_of_several_optimizers_is_looked_at(optimizer, warnings):
    warn_of_warm_up({'a': [rising(optimizer, 50)], 'b': [rising(optimizer, 60)]}, 39)
    assert len(warnings) == 2
