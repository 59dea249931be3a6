import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from convnext_dense.layers import LayerNorm2d

layouts = pytest.mark.parametrize(
    'layout', [torch.contiguous_format, torch.channels_last], ids=['nchw', 'nhwc']
)


def pair(width):
    """Give our norm and torch's with the same random affine."""
    ours = LayerNorm2d(width).double()
    nn.init.normal_(ours.weight)
    nn.init.normal_(ours.bias)
    reference = nn.LayerNorm(width, eps=1e-6).double()
    reference.load_state_dict(ours.state_dict())
    return ours, reference


@layouts
@given(shape=st.tuples(*[st.integers(1, 6)] * 4))
def test_it_is_layer_norm_over_the_channels(layout, shape):
    ours, reference = pair(shape[1])
    x = torch.randn(shape, dtype=torch.float64).contiguous(memory_format=layout)
    expected = reference(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
    torch.testing.assert_close(ours(x), expected)


@layouts
def test_its_gradients_are_right(layout):
    ours, _ = pair(3)
    x = torch.randn(2, 3, 2, 2, dtype=torch.float64).contiguous(memory_format=layout)
    assert torch.autograd.gradcheck(ours, x.requires_grad_())


def test_channels_last_images_stay_channels_last():
    x = torch.randn(2, 8, 4, 4).contiguous(memory_format=torch.channels_last)
    assert LayerNorm2d(8)(x).is_contiguous(memory_format=torch.channels_last)


def test_epsilon_is_the_published_one():
    assert LayerNorm2d(8).eps == 1e-6
