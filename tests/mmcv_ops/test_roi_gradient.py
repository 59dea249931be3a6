import warnings

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip('torchvision')

from convnext_dense.mmcv_ops.roi_align import roi_align_backward

EMPTY = torch.zeros(0)


@given(
    size=st.tuples(st.integers(1, 20), st.integers(1, 20)),
    regions=st.integers(0, 12),
    bins=st.tuples(st.integers(1, 7), st.integers(1, 7)),
    largest=st.sampled_from([0.0, 3.0, 60.0]),
    aligned=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_the_sparse_product_gives_torchvisions_gradient(
    size, regions, bins, largest, aligned, seed
):
    torch.manual_seed(seed)
    corners = 50 * torch.rand(regions, 2) - 10
    image = torch.randint(0, 2, (regions, 1))
    rois = torch.cat([image, corners, corners + largest * torch.rand(regions, 2)], 1)
    rois, grad = rois.double(), torch.randn(regions, 3, *bins).double()
    found = torch.zeros(2, 3, *size).double()
    roi_align_backward(grad, rois, EMPTY, EMPTY, found, *bins, 0.5, 0, 1, aligned)
    expected = torch.ops.torchvision._roi_align_backward(
        grad, rois, 0.5, *bins, 2, 3, *size, 0, aligned
    )
    torch.testing.assert_close(found, expected)


def test_no_warning_about_sparse_tensors_reaches_the_user():
    rois = torch.tensor([[0.0, 0, 0, 4, 4]])
    grad, found = torch.ones(1, 1, 2, 2), torch.zeros(1, 1, 8, 8)
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        roi_align_backward(grad, rois, EMPTY, EMPTY, found, 2, 2, 1.0, 0, 1, True)
    assert found.sum() == pytest.approx(4)
