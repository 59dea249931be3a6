import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

torchvision = pytest.importorskip('torchvision')

from convnext_dense.mmcv_ops.roi_pool import (  # noqa: E402
    roi_pool_backward,
    roi_pool_forward,
)

few = settings(max_examples=25, deadline=None)


@st.composite
def scenes(draw, whole=False):
    """Draw a feature map, RoIs around it, the bins and the scale."""
    torch.manual_seed(draw(st.integers(0, 2**16)))
    features = torch.randn(2, 2, draw(st.integers(2, 8)), draw(st.integers(2, 8)))
    count = draw(st.integers(0, 4))
    corners = torch.rand(count, 2) * 16 - 4
    rois = torch.cat([corners, corners + torch.rand(count, 2) * 12], 1)
    rois = rois.round() if whole else rois
    rois = torch.cat([torch.randint(0, 2, (count, 1)), rois], 1)
    bins = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    scale = 1.0 if whole else draw(st.sampled_from([0.25, 0.3, 0.5, 1.0]))
    return features, rois, bins, scale


def forward(features, rois, bins, scale):
    output = features.new_empty(len(rois), features.size(1), *bins)
    argmax = torch.empty_like(output, dtype=torch.int32)
    roi_pool_forward(features, rois, output, argmax, *bins, scale)
    return output, argmax


def plain_edges(start, end, bins, size):
    step = (end - start) / bins
    for number in range(bins):
        first = math.floor(float(number * step + start))
        last = math.ceil(float((number + 1) * step + start))
        yield slice(min(max(first, 0), size), min(max(last, 0), size))


def plain(features, rois, bins, scale):
    """RoIPool as the GPU kernel defines it, bin by bin."""
    pooled = features.new_zeros(len(rois), features.size(1), *bins)
    height, width = features.shape[2:]
    for n, roi in enumerate(rois):
        x1, y1 = roi[1:3] * scale
        x2, y2 = (roi[3:] + 1) * scale
        for i, rows in enumerate(plain_edges(y1, y2, bins[0], height)):
            for j, cols in enumerate(plain_edges(x1, x2, bins[1], width)):
                inside = features[int(roi[0]), :, rows, cols].flatten(1)
                if inside.numel():
                    pooled[n, :, i, j] = inside.amax(1)
    return pooled


@few
@given(scenes(whole=True))
def test_on_whole_pixels_it_is_that_of_torchvision(scene):
    pooled, _ = forward(*scene)
    torch.testing.assert_close(pooled, torchvision.ops.roi_pool(*scene))


@few
@given(scenes())
def test_it_is_the_largest_pixel_of_each_bin(scene):
    pooled, _ = forward(*scene)
    torch.testing.assert_close(pooled, plain(*scene))


@few
@given(scenes())
def test_argmax_is_the_pixel_of_the_maximum(scene):
    features, rois, *_ = scene
    pooled, argmax = forward(*scene)
    planes = features.flatten(2)[rois[:, 0].long()]  # (R, C, H * W)
    found = planes.gather(2, argmax.flatten(2).clamp(min=0).long()).view_as(pooled)
    torch.testing.assert_close(torch.where(argmax < 0, 0, found), pooled)


def test_the_first_of_equal_pixels_is_chosen():
    rois = torch.tensor([[0.0, 0, 0, 3, 3]])
    _, argmax = forward(torch.ones(1, 1, 4, 4), rois, (2, 2), 1.0)
    assert argmax.flatten().tolist() == [0, 2, 8, 10]


def test_gradients_agree_with_finite_differences():
    ops = pytest.importorskip('mmcv.ops')
    torch.manual_seed(0)
    features = torch.randn(2, 2, 6, 7, dtype=torch.float64, requires_grad=True)
    rois = torch.tensor([[0, 1, 2, 19, 13], [1, -3, 0, 8, 30.0]]).double()
    pool = ops.RoIPool((2, 3), 0.25)
    assert torch.autograd.gradcheck(lambda x: pool(x, rois), features)


def test_gradients_are_added_to_the_buffer():
    features, rois = torch.randn(1, 1, 5, 5), torch.tensor([[0.0, 0, 0, 3, 3]])
    pooled, argmax = forward(features, rois, (2, 2), 1.0)
    once, twice = torch.zeros_like(features), torch.zeros_like(features)
    for buffer in (once, twice, twice):
        roi_pool_backward(torch.ones_like(pooled), rois, argmax, buffer, 2, 2, 1.0)
    torch.testing.assert_close(twice, 2 * once)


def test_no_regions_give_no_output():
    pooled, _ = forward(torch.randn(1, 3, 5, 5), torch.zeros(0, 5), (2, 2), 1.0)
    assert pooled.shape == (0, 3, 2, 2)


OFF = [[4, 1, 1, 3], [1, 4, 3, 1], [4.5, 1, 3.2, 3], [9, 9, 12, 12]]


@pytest.mark.parametrize('corners', OFF)
def test_a_region_turned_inside_out_or_outside_has_no_pixel(corners):
    rois = torch.tensor([[0.0, *corners]])
    pooled, argmax = forward(torch.ones(1, 1, 6, 6), rois, (2, 2), 1.0)
    assert not pooled.any()
    assert (argmax == -1).all()


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_precision_returns_pixels_unchanged(dtype):
    features, rois = (
        torch.randn(1, 2, 6, 6).to(dtype),
        torch.tensor([[0.0, 1, 1, 4, 4]]),
    )
    exact, _ = forward(features.float(), rois, (2, 2), 1.0)
    found, _ = forward(features, rois.to(dtype), (2, 2), 1.0)
    assert found.tolist() == exact.tolist()
