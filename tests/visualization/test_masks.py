"""Crops are the masks they were cut from, at every scale."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocotools.mask import encode

from convnext_dense.visualization import MaskCrop, crop_masks

sides = st.integers(1, 30)


def random_masks(height, width, seed, share):
    return np.random.default_rng(seed).random((3, height, width)) < share


@given(
    height=sides, width=sides, seed=st.integers(0, 99),
    share=st.sampled_from([0, 0.05, 0.5, 1]),
)  # fmt: skip
def test_a_crop_pasted_is_the_mask(height, width, seed, share):
    masks = random_masks(height, width, seed, share)
    pasted = [crop.paste(height, width) for crop in crop_masks(masks)]
    assert (np.stack(pasted) == masks).all()


@given(
    height=sides, width=sides, seed=st.integers(0, 99),
    share=st.sampled_from([0, 0.05, 0.5, 0.95, 1]),
)  # fmt: skip
def test_runs_are_those_of_pycocotools(height, width, seed, share):
    masks = random_masks(height, width, seed, share)
    masks[1:, height // 3 :] = False
    masks[2, :, : width // 3] = False
    expected = encode(np.asfortranarray(masks.transpose(1, 2, 0).astype(np.uint8)))
    for crop, rle in zip(crop_masks(masks), expected, strict=True):
        assert crop.rle(height, width) == dict(rle, counts=rle['counts'].decode())


def test_a_crop_is_as_small_as_can_be():
    mask = np.zeros((9, 9), bool)
    mask[2:5, 3] = True
    (crop,) = crop_masks([mask])
    assert (crop.x, crop.y, crop.bits.shape) == (3, 2, (3, 1))


@pytest.mark.parametrize('scale', [1.0, 2.0, 3.0])
def test_a_rectangle_scales_to_a_rectangle(scale):
    crop = MaskCrop(2, 3, np.ones((4, 5), bool))
    size = int(20 * scale)
    expected = np.zeros((size, size), bool)
    edges = [int(edge * scale) for edge in (3, 7, 2, 7)]
    expected[edges[0] : edges[1], edges[2] : edges[3]] = True
    found = crop.scaled(scale, size, size).paste(size, size)
    # Bilinear enlargement rounds corners.
    assert (found != expected).sum() <= 4


def test_an_empty_crop_scales_to_nothing():
    crop = MaskCrop(0, 0, np.zeros((0, 0), bool))
    assert not crop.scaled(2.5, 50, 50).paste(50, 50).any()
