import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

torchvision = pytest.importorskip('torchvision')

from convnext_dense.mmcv_ops import roi_average  # noqa: E402
from convnext_dense.mmcv_ops.roi_align import (  # noqa: E402
    AVERAGE,
    _sampling_grid,
    roi_align_backward,
    roi_align_forward,
)

EMPTY = torch.zeros(0)
SCALE = 0.5


@st.composite
def scenes(draw):
    """Draw features, regions in and around them, bins, and whether they are aligned."""
    torch.manual_seed(draw(st.integers(0, 1000)))
    size = draw(st.tuples(st.integers(1, 20), st.integers(1, 20)))
    regions = draw(st.integers(0, 12))
    corners = 50 * torch.rand(regions, 2) - 10
    largest = draw(st.sampled_from([0.0, 3.0, 60.0]))
    far = corners + largest * torch.rand(regions, 2)
    rois = torch.cat([torch.randint(0, 2, (regions, 1)), corners, far], 1).double()
    bins = draw(st.tuples(st.integers(1, 7), st.integers(1, 7)))
    return torch.randn(2, 3, *size).double(), rois, bins, draw(st.booleans())


@given(scenes())
def test_sums_over_all_channels_are_torchvisions_averages(scene):
    features, rois, bins, aligned = scene
    grid = _sampling_grid(rois, bins, SCALE, 0, aligned)
    found = roi_average.average(features, rois, grid, bins)
    expected = torchvision.ops.roi_align(features, rois, bins, SCALE, 0, aligned)
    torch.testing.assert_close(found, expected)


@given(scenes())
def test_sums_over_all_channels_are_torchvisions_gradient(scene):
    features, rois, bins, aligned = scene
    grad = torch.randn(len(rois), features.size(1), *bins).double()
    grid = _sampling_grid(rois, bins, SCALE, 0, aligned)
    found = roi_average.average_gradient(grad, rois, grid, features.shape)
    expected = torch.ops.torchvision._roi_align_backward(
        grad, rois, SCALE, *bins, *features.shape, 0, aligned
    )
    torch.testing.assert_close(found, expected)


@given(scenes(), st.integers(1, 200))
def test_averages_do_not_depend_on_how_many_weights_are_held_at_once(scene, most):
    features, rois, bins, aligned = scene
    grid = _sampling_grid(rois, bins, SCALE, 0, aligned)
    whole = roi_average.average(features, rois, grid, bins)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(roi_average, 'MOST', most)
        parts = roi_average.average(features, rois, grid, bins)
    torch.testing.assert_close(parts, whole)


@given(scenes(), st.integers(1, 200))
def test_gradients_do_not_depend_on_how_many_weights_are_held_at_once(scene, most):
    features, rois, bins, aligned = scene
    grad = torch.randn(len(rois), features.size(1), *bins).double()
    grid = _sampling_grid(rois, bins, SCALE, 0, aligned)
    whole = roi_average.average_gradient(grad, rois, grid, features.shape)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(roi_average, 'MOST', most)
        parts = roi_average.average_gradient(grad, rois, grid, features.shape)
    torch.testing.assert_close(parts, whole)


@pytest.mark.parametrize('corner', [float('nan'), float('inf')])
def test_a_region_that_is_not_finite_is_zero(corner):
    rois = torch.tensor([[0, 0, 0, corner, corner], [0, 0, 0, 4, 4]])
    grid = _sampling_grid(rois, (2, 2), 1.0, 0, True)
    pooled = roi_average.average(torch.ones(1, 1, 8, 8), rois, grid, (2, 2))
    assert pooled.flatten(1).tolist() == [[0] * 4, [1] * 4]


@pytest.mark.parametrize('channels', [3, 64])
def test_the_operator_gives_torchvisions_averages(channels):
    features, rois = torch.randn(2, channels, 9, 7), torch.tensor([[1.0, 2, 1, 9, 8]])
    pooled = torch.empty(1, channels, 3, 2)
    roi_align_forward(
        features, rois, pooled, EMPTY, EMPTY, 3, 2, SCALE, 0, AVERAGE, True
    )
    expected = torchvision.ops.roi_align(features, rois, (3, 2), SCALE, 0, True)
    torch.testing.assert_close(pooled, expected)


@pytest.mark.parametrize('channels', [3, 64])
def test_the_operator_gives_torchvisions_gradient(channels):
    grad, rois = torch.randn(1, channels, 3, 2), torch.tensor([[1.0, 2, 1, 9, 8]])
    found = torch.zeros(2, channels, 9, 7)
    roi_align_backward(grad, rois, EMPTY, EMPTY, found, 3, 2, SCALE, 0, AVERAGE, True)
    expected = torch.ops.torchvision._roi_align_backward(
        grad, rois, SCALE, 3, 2, *found.shape, 0, True
    )
    torch.testing.assert_close(found, expected)
