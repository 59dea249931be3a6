import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from convnext_dense.layers import DropPath


def test_nothing_is_dropped_in_evaluation():
    x = torch.randn(16, 3, 2, 2)
    assert DropPath(0.9).eval()(x).equal(x)


def test_a_rate_of_zero_changes_nothing_in_training():
    x = torch.randn(16, 3, 2, 2)
    assert DropPath(0.0).train()(x).equal(x)


@given(rate=st.floats(0.01, 0.95))
def test_the_expected_value_is_kept(rate):
    number = 20_000
    mean = DropPath(rate).train()(torch.ones(number, 1)).mean().item()
    deviation = (rate / (1 - rate) / number) ** 0.5
    assert abs(mean - 1) < 5 * deviation


def test_a_sample_is_dropped_whole_or_kept_whole():
    kept = DropPath(0.5).train()(torch.ones(64, 3, 4, 4)) != 0
    assert kept.flatten(1).all(1).equal(kept.flatten(1).any(1))


def test_samples_are_dropped_independently():
    kept = DropPath(0.5).train()(torch.ones(64, 3, 4, 4)) != 0
    assert 0 < kept.flatten(1).any(1).sum() < 64


@given(rate=st.floats(0.0, 0.95))
def test_survivors_are_divided_by_the_probability_of_surviving(rate):
    x = torch.rand(64, 3, dtype=torch.float64) + 1
    y = DropPath(rate).train()(x)
    kept = y[:, 0] != 0
    torch.testing.assert_close(y[kept], x[kept] / (1 - rate))


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16, torch.float64])
def test_the_precision_is_kept(dtype):
    assert DropPath(0.5).train()(torch.ones(4, 3, dtype=dtype)).dtype == dtype


def test_dropped_samples_get_no_gradient():
    x = torch.ones(64, 3, requires_grad=True)
    y = DropPath(0.5).train()(x)
    y.sum().backward()
    assert (x.grad != 0).equal(y != 0)


@pytest.mark.parametrize('rate', [-0.1, 1.0, 1.5, float('nan')])
def test_rates_outside_the_half_open_interval_are_refused(rate):
    with pytest.raises(ValueError, match=r'\[0, 1\)'):
        DropPath(rate)
