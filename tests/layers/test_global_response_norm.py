import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from convnext_dense.layers import GlobalResponseNorm

halves = pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16], ids=str)


def lively(width, dtype=torch.float64):
    norm = GlobalResponseNorm(width).to(dtype)
    nn.init.normal_(norm.gamma)
    nn.init.normal_(norm.beta)
    return norm


def published(x, gamma, beta):
    """Follow ConvNeXt V2, algorithm 1, on (N, H, W, C)."""
    gx = torch.norm(x, p=2, dim=(1, 2), keepdim=True)
    nx = gx / (gx.mean(dim=-1, keepdim=True) + 1e-6)
    return gamma * (x * nx) + beta + x


@given(shape=st.tuples(*[st.integers(1, 6)] * 4))
def test_it_is_the_formula_of_the_paper(shape):
    norm = lively(shape[-1])
    x = torch.randn(shape, dtype=torch.float64)
    torch.testing.assert_close(norm(x), published(x, norm.gamma, norm.beta))


def test_its_gradients_are_right():
    norm = lively(3)
    params = [p.detach().requires_grad_() for p in (norm.gamma, norm.beta)]
    x = torch.randn(2, 3, 2, 3, dtype=torch.float64, requires_grad=True)

    def call(x, gamma, beta):
        return torch.func.functional_call(norm, dict(gamma=gamma, beta=beta), (x,))

    assert torch.autograd.gradcheck(call, (x, *params))


def test_an_image_does_not_depend_on_the_others_in_the_batch():
    norm = lively(5)
    x = torch.randn(4, 3, 3, 5, dtype=torch.float64)
    x[1:] *= 100
    torch.testing.assert_close(norm(x)[:1], norm(x[:1]))


def test_it_starts_as_the_identity():
    x = torch.randn(2, 4, 4, 6)
    assert GlobalResponseNorm(6)(x).equal(x)


def test_a_black_image_gives_beta():
    norm = lively(4)
    expected = norm.beta.expand(1, 3, 3, 4)
    torch.testing.assert_close(norm(torch.zeros(1, 3, 3, 4).double()), expected)


def test_a_black_image_gives_finite_gradients():
    norm = lively(4)
    x = torch.zeros(1, 3, 3, 4, dtype=torch.float64, requires_grad=True)
    norm(x).sum().backward()
    assert x.grad.isfinite().all()


@halves
def test_large_images_do_not_overflow_half_precision(dtype):
    # The norm of this image, 102400, is beyond the range of float16.
    norm = lively(4, dtype)
    x = torch.full((1, 512, 512, 4), 200.0, dtype=dtype)
    expected = published(x.double(), norm.gamma.double(), norm.beta.double())
    torch.testing.assert_close(norm(x).double(), expected, rtol=0.02, atol=1)


@halves
def test_large_images_do_not_overflow_half_precision_going_back(dtype):
    norm = lively(4, dtype)
    x = torch.full((1, 512, 512, 4), 200.0, dtype=dtype, requires_grad=True)
    norm(x).mean().backward()
    assert all(t.grad.isfinite().all() for t in (x, norm.gamma))


@halves
def test_half_precision_comes_out_as_it_went_in(dtype):
    norm = lively(4, torch.float32)
    assert norm(torch.ones(1, 2, 2, 4, dtype=dtype)).dtype == dtype


def test_its_parameters_are_one_dimensional():
    shapes = {name: p.shape for name, p in GlobalResponseNorm(7).named_parameters()}
    assert shapes == {'gamma': (7,), 'beta': (7,)}
