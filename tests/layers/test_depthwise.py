import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from convnext_dense.layers import DepthwiseConv2d


def gradients(convolve, x, weight, bias, grad):
    leaves = [t.detach().clone().requires_grad_() for t in (x, weight, bias)]
    output = convolve(*leaves)
    output.backward(grad.to(output.dtype))
    return [output, *(leaf.grad for leaf in leaves)]


def ours(layer):
    def convolve(x, weight, bias):
        return torch.func.functional_call(layer, dict(weight=weight, bias=bias), x)

    return convolve


def plain(x, weight, bias):
    return F.conv2d(x, weight, bias, padding=weight.shape[2] // 2, groups=len(weight))


@given(
    side=st.sampled_from([1, 3, 5, 7, 9, 11]),
    width=st.integers(1, 40),
    size=st.tuples(st.integers(1, 17), st.integers(1, 30)),
    batch=st.integers(1, 3),
    channels_last=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_outputs_and_gradients_are_those_of_torch(
    side, width, size, batch, channels_last, seed
):
    torch.manual_seed(seed)
    x, grad = torch.randn(2, batch, width, *size)
    if channels_last:
        x = x.contiguous(memory_format=torch.channels_last)
    weight, bias = torch.randn(width, 1, side, side), torch.randn(width)
    tensors = (x, weight, bias, grad)
    found = gradients(ours(DepthwiseConv2d(width, side)), *tensors)
    expected = gradients(plain, *(t.double() for t in tensors))
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a.double(), b, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize('side', [7, 11])
def test_in_mixed_precision_gradients_are_those_of_torch(side):
    torch.manual_seed(0)
    x, grad = torch.randn(2, 2, 32, 12, 15)
    tensors = (x, torch.randn(32, 1, side, side), torch.randn(32), grad)
    with torch.autocast('cpu', torch.bfloat16):
        found = gradients(ours(DepthwiseConv2d(32, side)), *tensors)
        expected = gradients(plain, *tensors)
    for a, b in zip(found, expected, strict=True):
        assert a.dtype == b.dtype
        torch.testing.assert_close(a.float(), b.float(), rtol=0.03, atol=0.5)


@pytest.mark.parametrize('frozen', ['x', 'weight', 'bias'])
def test_what_is_frozen_gets_no_gradient(frozen):
    layer = DepthwiseConv2d(16, 7)
    leaves = dict(x=torch.randn(1, 16, 9, 9, requires_grad=True))
    leaves |= layer.named_parameters()
    leaves[frozen].requires_grad_(False)
    layer(leaves['x']).sum().backward()
    without = [name for name, leaf in leaves.items() if leaf.grad is None]
    assert without == [frozen]


def test_the_weights_are_those_of_a_convolution():
    state = DepthwiseConv2d(16, 7).state_dict()
    torch.nn.Conv2d(16, 16, 7, padding=3, groups=16).load_state_dict(state)
