"""Masks are pasted as the host pastes them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convnext_dense.detection.pasting import paste_masks

coordinate = st.floats(-20, 60, width=32)


def as_the_host(probabilities, boxes, height, width):
    torch = pytest.importorskip('torch')
    heads = pytest.importorskip('mmdet.models.roi_heads.mask_heads.fcn_mask_head')
    soft, _ = heads._do_paste_mask(
        torch.from_numpy(probabilities)[:, None], torch.from_numpy(boxes),
        height, width, skip_empty=False,
    )  # fmt: skip
    return soft.numpy()


@given(
    corner=st.tuples(coordinate, coordinate),
    side=st.tuples(st.floats(0.5, 70, width=32), st.floats(0.5, 70, width=32)),
    seed=st.integers(0, 99),
)
def test_every_pixel_is_the_hosts(corner, side, seed):
    mask = np.random.default_rng(seed).random((1, 7, 9), dtype=np.float32)
    (x, y), (w, h) = corner, side
    box = np.array([[x, y, x + w, y + h]], dtype=np.float32)
    (crop,) = paste_masks(mask, box, (40, 50))
    expected = as_the_host(mask, box, 40, 50)[0]
    differs = crop.paste(40, 50) != (expected >= 0.5)
    # Rounding decides where the value is the threshold.
    assert abs(expected[differs] - 0.5).max(initial=0) < 1e-4


def test_a_box_outside_of_the_image_has_an_empty_mask():
    masks = np.ones((1, 4, 4), np.float32)
    (crop,) = paste_masks(masks, np.array([[90.0, 90, 95, 95]]), (40, 50))
    assert not crop.paste(40, 50).any()


def test_no_masks_are_pasted_as_none():
    assert paste_masks(np.zeros((0, 28, 28)), np.zeros((0, 4)), (40, 50)) == []
