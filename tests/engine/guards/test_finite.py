"""What is not finite is noticed, and the first module that made it named."""

import pytest
import torch
from torch import nn

from convnext_dense.engine.guards import all_finite, first_faulty_module


@pytest.mark.parametrize('dtype', [torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize('value', [float('nan'), float('inf'), -float('inf')])
def test_one_value_among_many_is_noticed(dtype, value):
    tensors = [torch.ones(50, dtype=dtype), torch.ones(3, 3, dtype=dtype)]
    assert all_finite(tensors)
    tensors[1][2, 1] = value
    assert not all_finite(tensors)


@pytest.mark.parametrize('value', [1e30, 3e38])
def test_large_values_whose_squares_or_sum_overflow_are_finite(value):
    assert all_finite([torch.full((40,), value)])


def test_nothing_is_finite():
    assert all_finite([])
    assert all_finite([torch.zeros(0)])


class Log(nn.Module):
    def forward(self, x):
        return x.log()


def test_the_first_module_is_named_and_nothing_changes():
    model = nn.Sequential(nn.BatchNorm1d(3), nn.Sequential(Log(), nn.Linear(3, 3)))
    before = model[0].running_mean.clone()
    found = first_faulty_module(model, lambda: model(torch.randn(4, 3)))
    assert found == '1.0 (Log)'
    assert torch.equal(model[0].running_mean, before)


def test_a_healthy_model_has_none():
    model = nn.Linear(3, 3)
    assert first_faulty_module(model, lambda: model(torch.ones(1, 3))) is None
