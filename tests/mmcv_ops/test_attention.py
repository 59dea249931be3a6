import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

ops = pytest.importorskip('mmcv.ops')

from mmcv.ops.multi_scale_deform_attn import (  # noqa: E402
    MultiScaleDeformableAttnFunction,
    multi_scale_deformable_attn_pytorch,
)

few = hypothesis_settings(max_examples=25, deadline=None)


@st.composite
def scenes(draw):
    """Draw a pyramid in double precision and where to look in it."""
    torch.manual_seed(draw(st.integers(0, 2**16)))
    side = st.integers(1, 5)
    sizes = torch.tensor(draw(st.lists(st.tuples(side, side), min_size=1, max_size=3)))
    counts = [draw(st.integers(1, 3)) for _ in range(5)]
    batch, heads, channels, queries, points = counts
    value = torch.randn(batch, int(sizes.prod(1).sum()), heads, channels)
    shape = (batch, queries, heads, len(sizes), points)
    locations = torch.rand(*shape, 2) * 1.6 - 0.3  # some outside
    weights = torch.rand(shape)
    return value.double(), sizes, locations.double(), weights.double()


def starts(sizes):
    areas = sizes.prod(1)
    return areas.cumsum(0) - areas


def run(value, sizes, locations, weights, step=64):
    return MultiScaleDeformableAttnFunction.apply(
        value, sizes, starts(sizes), locations, weights, step
    )


def gradients(function, value, sizes, locations, weights):
    inputs = [t.clone().requires_grad_() for t in (value, locations, weights)]
    output = function(inputs[0], sizes, *inputs[1:])
    grad = torch.linspace(-1, 1, output.numel(), dtype=value.dtype).view_as(output)
    return torch.autograd.grad(output, inputs, grad)


def example(dtype=torch.float64, queries=3):
    torch.manual_seed(0)
    value, sizes = torch.randn(2, 14, 2, 3), torch.tensor([[2, 4], [3, 2]])
    locations = torch.rand(2, queries, 2, 2, 2, 2)
    weights = torch.rand(2, queries, 2, 2, 2)
    return value.to(dtype), sizes, locations.to(dtype), weights.to(dtype)


@few
@given(scenes())
def test_output_is_that_of_the_plain_version_in_mmcv(scene):
    torch.testing.assert_close(run(*scene), multi_scale_deformable_attn_pytorch(*scene))


@few
@given(scenes())
def test_gradients_are_those_of_the_plain_version_in_mmcv(scene):
    expected = gradients(multi_scale_deformable_attn_pytorch, *scene)
    torch.testing.assert_close(gradients(run, *scene), expected)


def test_gradients_agree_with_finite_differences():
    value, sizes, *rest = example()
    inputs = [t.requires_grad_() for t in (value, *rest)]
    assert torch.autograd.gradcheck(
        lambda value, *rest: run(value, sizes, *rest), inputs, fast_mode=True
    )


def test_levels_are_read_where_they_start():
    value, sizes, locations, weights = example()
    swapped = torch.cat([value[:, 8:], value[:, :8]], 1)
    found = MultiScaleDeformableAttnFunction.apply(
        swapped, sizes, torch.tensor([6, 0]), locations, weights, 64
    )
    assert torch.equal(found, run(value, sizes, locations, weights))


@pytest.mark.parametrize('step', [1, 2, 64])
def test_output_does_not_depend_on_the_step(step):
    assert torch.equal(run(*example(), step=step), run(*example()))


def test_no_queries_give_an_empty_output():
    assert run(*example(queries=0)).shape == (2, 0, 6)


def test_no_queries_give_no_gradient():
    grad_value, *_ = gradients(run, *example(queries=0))
    assert not grad_value.any()


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_precision_is_rounded_once(dtype):
    value, sizes, locations, weights = example(dtype)
    exact = run(value.float(), sizes, locations.float(), weights.float())
    assert torch.equal(run(value, sizes, locations, weights), exact.to(dtype))
