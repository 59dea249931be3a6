import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

torchvision = pytest.importorskip('torchvision')

from convnext_dense.mmcv_ops.roi_align import (  # noqa: E402
    AVERAGE,
    MAXIMUM,
    roi_align_backward,
    roi_align_forward,
)

few = settings(max_examples=25, deadline=None)
modes = pytest.mark.parametrize('mode', [MAXIMUM, AVERAGE])
halves = pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])


@st.composite
def scenes(draw):
    """Draw a double-precision feature map, RoIs around it, and the settings."""
    torch.manual_seed(draw(st.integers(0, 2**16)))
    features = torch.randn(2, 2, draw(st.integers(3, 8)), draw(st.integers(3, 8)))
    count = draw(st.integers(0, 4))
    corners = torch.rand(count, 2) * 24 - 6
    far = corners + torch.rand(count, 2) * 24
    rois = torch.cat([torch.randint(0, 2, (count, 1)), corners, far], 1)
    bins = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    options = (draw(st.sampled_from([0.25, 0.5])), draw(st.sampled_from([0, 1, 2])))
    return features.double(), rois.double(), bins, *options, draw(st.booleans())


def forward(features, rois, bins, scale, ratio, aligned, mode):
    shape = (len(rois), features.size(1), *bins)
    buffers = [features.new_empty(shape) for _ in range(3)]
    roi_align_forward(features, rois, *buffers, *bins, scale, ratio, mode, aligned)
    return buffers


def backward(grad, features, rois, argmax, bins, scale, ratio, aligned, mode):
    buffer = torch.zeros_like(features)
    roi_align_backward(grad, rois, *argmax, buffer, *bins, scale, ratio, mode, aligned)
    return buffer


def interpolated(plane, y, x):
    """Sample one (H, W) plane at a point, the plain way."""
    height, width = plane.shape
    if not (-1 <= y <= height and -1 <= x <= width):
        return plane.new_zeros(())
    y, x = min(max(y, 0), height - 1), min(max(x, 0), width - 1)
    i, j = min(int(y), max(height - 2, 0)), min(int(x), max(width - 2, 0))
    rows = (1 - (y - i)) * plane[i] + (y - i) * plane[i + 1]
    return (1 - (x - j)) * rows[j] + (x - j) * rows[j + 1]


def plain_maximum(features, rois, bins, scale, ratio, aligned):
    """RoIAlign by maximum, sample by sample."""
    pooled = features.new_zeros(len(rois), features.size(1), *bins)
    for n, (image, *corners) in enumerate(rois.tolist()):
        x1, y1, x2, y2 = (c * scale - 0.5 * aligned for c in corners)
        lowest = 0 if aligned else 1
        step = max(y2 - y1, lowest) / bins[0], max(x2 - x1, lowest) / bins[1]
        count = [ratio or -int(-s // 1) for s in step]
        for c, ph, pw in torch.cartesian_prod(*map(torch.arange, pooled.shape[1:])):
            pooled[n, c, ph, pw] = max(
                interpolated(
                    features[int(image), c],
                    y1 + step[0] * (float(ph) + (i + 0.5) / count[0]),
                    x1 + step[1] * (float(pw) + (j + 0.5) / count[1]),
                )
                for i in range(count[0])
                for j in range(count[1])
            )
    return pooled


@few
@given(scenes())
def test_gradient_of_the_average_is_that_of_autograd(scene):
    features, rois, *options = scene
    features.requires_grad_()
    bins, scale, ratio, aligned = options
    pooled = torchvision.ops.roi_align(features, rois, bins, scale, ratio, aligned)
    grad = torch.randn_like(pooled)
    expected = torch.autograd.grad(pooled, features, grad)[0]
    found = backward(grad, features.detach(), rois, (grad, grad), *options, AVERAGE)
    torch.testing.assert_close(found, expected)


@few
@given(scenes())
def test_maximum_is_the_largest_sample(scene):
    found, *_ = forward(*scene, MAXIMUM)
    torch.testing.assert_close(found, plain_maximum(*scene))


@few
@given(scenes())
def test_argmax_is_where_the_maximum_lies(scene):
    features, rois, *_ = scene
    pooled, *argmax = forward(*scene, MAXIMUM)
    y, x = argmax
    for n, c, ph, pw in torch.cartesian_prod(*map(torch.arange, pooled.shape)):
        place = float(y[n, c, ph, pw]), float(x[n, c, ph, pw])
        value = interpolated(features[int(rois[n, 0]), c], *place)
        torch.testing.assert_close(value, pooled[n, c, ph, pw])


def test_the_first_of_equal_samples_is_chosen():
    rois = torch.tensor([[0.0, 0, 0, 4, 4]])
    _, y, x = forward(torch.ones(1, 1, 6, 6), rois, (1, 2), 1.0, 2, False, MAXIMUM)
    assert (y.flatten().tolist(), x.flatten().tolist()) == ([1, 1], [0.5, 2.5])


@few
@given(scenes())
def test_maximum_is_not_below_the_average(scene):
    largest, average = forward(*scene, MAXIMUM)[0], forward(*scene, AVERAGE)[0]
    assert (largest >= average - 1e-12).all()


@modes
@pytest.mark.parametrize('aligned', [True, False])
@pytest.mark.parametrize('ratio', [0, 2])
def test_gradients_agree_with_finite_differences(mode, aligned, ratio):
    ops = pytest.importorskip('mmcv.ops')
    torch.manual_seed(0)
    features = torch.randn(2, 2, 6, 7, dtype=torch.float64, requires_grad=True)
    rois = torch.tensor([[0, 1, 2, 19, 13], [1, -3, 0, 8, 30.0]]).double()
    pool = 'max' if mode == MAXIMUM else 'avg'
    assert torch.autograd.gradcheck(
        lambda x: ops.roi_align(x, rois, (2, 3), 0.25, ratio, pool, aligned), features
    )


@modes
def test_gradients_are_added_to_the_buffer(mode):
    features, rois = torch.randn(1, 1, 5, 5), torch.tensor([[0.0, 0, 0, 4, 4]])
    options = (2, 2, 1.0, 2, mode, True)
    pooled, y, x = forward(features, rois, (2, 2), 1.0, 2, True, mode)
    once, twice = torch.zeros_like(features), torch.zeros_like(features)
    for buffer in (once, twice, twice):
        roi_align_backward(torch.ones_like(pooled), rois, y, x, buffer, *options)
    torch.testing.assert_close(twice, 2 * once)


@modes
def test_no_regions_give_no_output(mode):
    pooled, *_ = forward(
        torch.randn(1, 3, 5, 5), torch.zeros(0, 5), (2, 2), 1.0, 0, True, mode
    )
    assert pooled.shape == (0, 3, 2, 2)


@modes
def test_no_regions_give_no_gradient(mode):
    features, rois = torch.randn(1, 3, 5, 5), torch.zeros(0, 5)
    pooled, *argmax = forward(features, rois, (2, 2), 1.0, 0, True, mode)
    grad = backward(pooled, features, rois, argmax, (2, 2), 1.0, 0, True, mode)
    assert not grad.any()


@modes
def test_a_region_without_extent_is_zero(mode):
    rois = torch.tensor([[0.0, 2, 2, 2, 2]])
    pooled, *_ = forward(torch.ones(1, 1, 5, 5), rois, (2, 2), 1.0, 0, True, mode)
    assert not pooled.any()


@modes
def test_a_region_without_extent_passes_no_gradient(mode):
    features, rois = torch.ones(1, 1, 5, 5), torch.tensor([[0.0, 2, 2, 2, 2]])
    pooled, *argmax = forward(features, rois, (2, 2), 1.0, 0, True, mode)
    grad = backward(pooled + 1, features, rois, argmax, (2, 2), 1.0, 0, True, mode)
    assert not grad.any()


@modes
@halves
def test_half_precision_is_rounded_once(mode, dtype):
    torch.manual_seed(0)
    features = torch.randn(1, 2, 6, 6).to(dtype)
    rois = torch.tensor([[0.0, 1, 1, 4, 5]])
    exact, *_ = forward(features.float(), rois, (2, 2), 1.0, 0, True, mode)
    found, *_ = forward(features, rois.to(dtype), (2, 2), 1.0, 0, True, mode)
    assert found.tolist() == exact.to(dtype).tolist()
