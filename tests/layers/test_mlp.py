"""The MLPs of a few positions at a time are those of all at once."""

import copy

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from convnext_dense.backbones import convnext_v2
from convnext_dense.backbones.convnext import ConvNeXtBlock
from convnext_dense.backbones.convnext_v2 import ConvNeXtV2Block
from convnext_dense.layers import linear, mlp, onednn

pytestmark = pytest.mark.skipif(
    onednn.LINEAR is None or not onednn.is_for_us(torch.ones(1)),
    reason='this processor has no AVX-512, or torch no oneDNN: blocks are plain there',
)
KINDS = {
    'layer scale': lambda width: ConvNeXtBlock(width, 0.0, layer_scale=0.5),
    'no layer scale': lambda width: ConvNeXtBlock(width, 0.0, layer_scale=0.0),
    'response norm': lambda width: ConvNeXtV2Block(width, 0.0),
}


def block_of(kind, width):
    """Make a block whose MLP has nothing before it that magnifies rounding."""
    block = KINDS[kind](width)
    block.norm = nn.Identity()
    block.dwconv = nn.Identity()
    for parameter in block.parameters():
        nn.init.normal_(parameter, std=0.5 if parameter.ndim == 1 else 0.2)
    return block


def gradients(block, x, grad, precision=None):
    x = x.detach().clone().requires_grad_()
    with torch.autocast('cpu', precision, enabled=precision is not None):
        y = block(x)
    y.backward(grad.to(y.dtype))
    return [y, x.grad, *(parameter.grad for parameter in block.parameters())]


def errors(found, exact):
    """Give each tensor's distance by the size of the exact one."""
    return [
        float(
            (a.detach().double() - b.detach()).norm()
            / b.detach().norm().clamp(min=1e-9)
        )
        for a, b in zip(found, exact, strict=True)
    ]


@pytest.fixture
def calls(monkeypatch):
    """Count the calls of the two."""
    seen = []
    for module, name in ((mlp, 'mlp'), (convnext_v2, 'normed_mlp')):
        one = getattr(module, name)
        monkeypatch.setattr(
            module, name, lambda *a, one=one: seen.append(one.__name__) or one(*a)
        )
    return seen


@given(
    kind=st.sampled_from([*KINDS]),
    width=st.integers(3, 24),
    batch=st.integers(1, 3),
    size=st.tuples(st.integers(10, 24), st.integers(10, 24)),
    at_once=st.sampled_from([1, 7, 100, 2048]),
)
def test_outputs_and_gradients_are_those_of_the_plain_block(
    kind, width, batch, size, at_once
):
    torch.manual_seed(0)
    block = block_of(kind, width)
    x, grad = torch.randn(2, batch, width, *size)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(linear, 'AT_ONCE', at_once)
        found = gradients(copy.deepcopy(block), x, grad)
    # In float64 blocks are plain.
    exact = gradients(copy.deepcopy(block).double(), x.double(), grad.double())
    assert max(errors(found, exact)) < 1e-4


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('mixed', [True, False])
def test_in_half_precision_they_are_as_near_as_the_plain_ones(kind, mixed, monkeypatch):
    block = block_of(kind, 24)
    x, grad = torch.randn(2, 2, 24, 40, 50)
    exact = gradients(copy.deepcopy(block).double(), x.double(), grad.double())
    if mixed:
        arguments = (x, grad, torch.bfloat16)
    else:
        block, arguments = block.bfloat16(), (x.bfloat16(), grad.bfloat16())
    found = gradients(copy.deepcopy(block), *arguments)
    for module in (mlp, convnext_v2):
        monkeypatch.setattr(module, 'is_for_us', lambda *_, **__: False)
    plain = gradients(copy.deepcopy(block), *arguments)
    assert [t.dtype for t in found] == [t.dtype for t in plain]
    for ours, others in zip(errors(found, exact), errors(plain, exact), strict=True):
        assert ours < 1.5 * others + 1e-4


@pytest.mark.parametrize('kind', KINDS)
def test_without_gradients_the_output_is_the_same(kind):
    block = block_of(kind, 24)
    x = torch.randn(2, 24, 40, 50)
    with torch.no_grad():
        torch.testing.assert_close(block(x), block.double()(x.double()).float())


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('layer', ['pwconv1', 'pwconv2'])
def test_a_frozen_layer_gets_no_gradient(kind, layer):
    block = block_of(kind, 8)
    getattr(block, layer).requires_grad_(False)
    block(torch.randn(1, 8, 40, 40)).sum().backward()
    frozen = {n for n, p in block.named_parameters() if p.grad is None}
    assert frozen == {f'{layer}.weight', f'{layer}.bias'}


def test_zero_activations_have_zero_gradients_through_their_norm():
    block = ConvNeXtV2Block(8, 0.0)
    nn.init.zeros_(block.pwconv1.weight)
    nn.init.zeros_(block.pwconv1.bias)
    found = gradients(block, *torch.randn(2, 1, 8, 40, 40))
    assert all(tensor.isfinite().all() for tensor in found)


@pytest.mark.parametrize('kind', KINDS)
def test_large_images_go_by_parts(kind, calls):
    block_of(kind, 8)(torch.randn(1, 8, 40, 40))
    assert calls == ['normed_mlp' if kind == 'response norm' else 'mlp']


def test_a_layer_with_a_hook_is_called(calls):
    block = block_of('layer scale', 8)
    seen = []
    block.pwconv2.register_forward_pre_hook(lambda _, inputs: seen.append(inputs))
    block(torch.randn(1, 8, 40, 40))
    assert seen
    assert not calls


def test_exported_blocks_hold_torchs_own_operators():
    exported = torch.export.export(
        block_of('layer scale', 8), (torch.randn(1, 8, 40, 40),)
    )
    assert 'aten.linear' in str(exported.graph)


def test_less_is_kept_for_the_gradient():
    block = block_of('response norm', 16)
    kept = []
    for enabled in (True, False):
        sizes = {}
        with torch.autograd.graph.saved_tensors_hooks(
            lambda t, sizes=sizes: sizes.update({t.data_ptr(): t.nbytes}) or t,
            lambda t: t,
        ):
            if not enabled:
                block.pwconv1.register_forward_hook(lambda *_: None)
            block(torch.randn(1, 16, 40, 40))
        kept.append(sum(sizes.values()))
    assert kept[0] < 0.6 * kept[1]
