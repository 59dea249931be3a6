import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from convnext_dense.layers import (
    Linear,
    Patchwise,
    Pointwise,
    onednn,
    use_faster_linear,
)

TRANSPOSED = (3, 0, 1, 2)


def gradients(layer, x, grad):
    x = x.detach().clone().requires_grad_()
    output = layer(x)
    output.backward(grad.to(output.dtype))
    return [output, x.grad, *(param.grad for param in layer.parameters())]


def assert_same(ours, plain, x, grad, **tolerance):
    plain.load_state_dict(ours.state_dict())
    found = gradients(ours, x, grad)
    for a, b in zip(found, gradients(plain, x, grad), strict=True):
        assert a.dtype == b.dtype
        assert a.shape == b.shape
        torch.testing.assert_close(a, b, **tolerance)


@given(
    inner=st.integers(1, 40),
    outer=st.integers(1, 40),
    shape=st.lists(st.integers(0, 9), min_size=0, max_size=3),
    bias=st.booleans(),
    dtype=st.sampled_from([torch.float32, torch.float64]),
)
def test_a_product_and_its_gradients_are_those_of_torch(
    inner, outer, shape, bias, dtype
):
    torch.manual_seed(0)
    layers = [kind(inner, outer, bias).to(dtype) for kind in (Linear, nn.Linear)]
    x, grad = (torch.randn(*shape, n, dtype=dtype) for n in (inner, outer))
    assert_same(*layers, x, grad, rtol=1e-4, atol=1e-4)


@given(
    widths=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    size=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    channels_last=st.booleans(),
)
def test_a_pointwise_convolution_is_one(widths, size, channels_last):
    torch.manual_seed(0)
    x, grad = (torch.randn(2, width, *size) for width in widths)
    if channels_last:
        x = x.contiguous(memory_format=torch.channels_last)
    layers = Pointwise(*widths), nn.Conv2d(*widths, 1)
    assert_same(*layers, x, grad, rtol=1e-4, atol=1e-4)


@given(
    widths=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    size=st.tuples(st.integers(3, 19), st.integers(3, 19)),
    side=st.integers(1, 3),
    channels_last=st.booleans(),
)
def test_a_patchwise_convolution_is_one(widths, size, side, channels_last):
    torch.manual_seed(0)
    x = torch.randn(2, widths[0], *size)
    grad = torch.randn(2, widths[1], *[length // side for length in size])
    if channels_last:
        x = x.contiguous(memory_format=torch.channels_last)
    layers = Patchwise(*widths, side), nn.Conv2d(*widths, side, side)
    assert_same(*layers, x, grad, rtol=1e-4, atol=1e-4)


def test_plain_linear_layers_become_faster_ones():
    model = nn.Sequential(nn.Linear(3, 4), nn.Sequential(nn.Linear(4, 5, bias=False)))
    x = torch.randn(2, 3)
    before = model(x)
    use_faster_linear(model)
    assert [type(layer) for layer in (model[0], model[1][0])] == [Linear, Linear]
    torch.testing.assert_close(model(x), before)


def test_a_layer_that_another_stands_in_for_is_left_alone():
    attention = nn.MultiheadAttention(4, 2)
    kind = type(attention.out_proj)
    use_faster_linear(attention)
    assert type(attention.out_proj) is kind


def test_memory_of_any_layout_is_taken():
    x = torch.randn(5, 3, 4, 6).permute(*TRANSPOSED)
    assert_same(Linear(4, 7), nn.Linear(4, 7), x, torch.randn(6, 5, 3, 7))


@pytest.mark.parametrize('kind', [Linear, Pointwise])
def test_mixed_precision_is_left_to_torch(kind):
    layer = kind(4, 6)
    x = torch.randn(2, 4, 4, 4)
    with torch.autocast('cpu', torch.bfloat16):
        assert layer(x).dtype == torch.bfloat16


def test_a_frozen_weight_gets_no_gradient():
    layer = Linear(4, 6)
    layer.weight.requires_grad_(False)
    layer(torch.randn(2, 4)).sum().backward()
    assert layer.weight.grad is None
    assert layer.bias.grad is not None


def test_traced_graphs_hold_torchs_own_operators():
    graph = torch.jit.trace(Linear(4, 6), torch.randn(2, 4)).inlined_graph
    assert 'aten::linear' in str(graph)


def test_exported_graphs_hold_torchs_own_operators():
    exported = torch.export.export(Linear(4, 6), (torch.randn(2, 4),))
    assert 'aten.linear' in str(exported.graph)


def test_products_are_counted():
    # As many multiplications and additions as torch's own counter gives nn.Linear.
    from torch.utils.flop_counter import FlopCounterMode

    counts = []
    for layer in (Linear(4, 6), nn.Linear(4, 6)):
        with FlopCounterMode(display=False) as counter:
            layer(torch.randn(2, 4)).sum().backward()
        counts.append(counter.get_total_flops())
    assert counts[0] == counts[1]


@pytest.mark.skipif(onednn.LINEAR is None, reason='torch was built without oneDNN')
def test_oneDNN_is_used_where_it_is_faster(monkeypatch):
    if not onednn.is_for_us(torch.ones(1)):
        pytest.skip('this processor has no AVX-512')
    calls = []
    monkeypatch.setattr(
        'convnext_dense.layers.linear.product',
        lambda *tensors: calls.append(1) or nn.functional.linear(*tensors),
    )
    Linear(4, 6)(torch.randn(2, 4)).sum().backward()
    assert len(calls) > 1
