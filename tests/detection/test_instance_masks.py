"""Masks kept as patches are, to the bit, mmdet's bitmaps."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

# Before mmdet, for its operators.
pytest.importorskip(
    'convnext_dense.detection.instance_masks', reason='mmdet is not installed'
)
from mmdet.datasets.transforms import LoadAnnotations
from mmdet.structures.mask import BitmapMasks
from pycocotools import mask as rle_codec

from convnext_dense.detection.instance_masks import PatchMasks

SIDES = st.integers(1, 40)
STEPS = st.one_of(
    st.tuples(st.just('rescale'), st.floats(0.3, 3)),
    st.tuples(st.just('resize'), st.tuples(SIDES, SIDES)),
    st.tuples(st.just('flip'), st.sampled_from(['horizontal', 'vertical', 'diagonal'])),
    st.tuples(st.just('crop'), st.tuples(*[st.floats(0, 1)] * 4)),
    st.tuples(st.just('pad'), st.tuples(st.integers(0, 9), st.integers(0, 9))),
    st.tuples(st.just('__getitem__'), st.integers(0, 9)),
)


def bitmaps(number, height, width, seed=0):
    """Draw rectangles with holes, some empty, some at the edges."""
    chance = np.random.default_rng(seed)
    masks = np.zeros((number, height, width), np.uint8)
    for mask in masks:
        y, x = chance.integers(-2, (height, width))
        h, w = chance.integers(0, (height + 1, width + 1))
        region = mask[max(y, 0) : y + h, max(x, 0) : x + w]
        region[:] = chance.random(region.shape) < 0.7
    return BitmapMasks(masks, height, width)


def patched(masks):
    rles = [rle_codec.encode(np.asfortranarray(mask)) for mask in masks.masks]
    return PatchMasks.from_annotations(rles, masks.height, masks.width)


def taken(step, value, masks):
    """Take a step that this size of masks permits."""
    if step == 'crop':
        size = np.array([masks.width, masks.height])
        start = (np.array(value[:2]) * (size - 1)).astype(int)
        end = start + 1 + (np.array(value[2:]) * (size - start)).astype(int)
        value = np.concatenate([start, end])
    elif step == 'pad':
        value = (masks.height + value[0], masks.width + value[1])
    elif step == '__getitem__':
        value = np.arange(len(masks)) != value
    elif step == 'rescale' and value * min(masks.height, masks.width) < 1:
        return masks
    return getattr(masks, step)(value)


@given(st.integers(0, 3), SIDES, SIDES, st.integers(0, 99), st.lists(STEPS, max_size=6))
def test_any_chain_of_transforms_gives_the_hosts_masks(number, h, w, seed, steps):
    host = bitmaps(number, h, w, seed)
    ours = patched(host)
    for step, value in steps:
        host, ours = taken(step, value, host), taken(step, value, ours)
        assert isinstance(ours, PatchMasks), step
        assert (ours.height, ours.width) == (host.height, host.width)
        assert len(ours) == len(host)
        assert np.array_equal(ours.masks, host.masks), (step, value)
        assert ours.get_bboxes().tensor.equal(host.get_bboxes('hbox').tensor)


@pytest.mark.parametrize(
    ('call', 'arguments'),
    [
        ('resize', dict(out_shape=(9, 50), interpolation='bilinear')),
        ('pad', dict(out_shape=(40, 50), pad_val=1)),
        ('shear', dict(out_shape=(20, 30), magnitude=0.2)),
        ('translate', dict(out_shape=(20, 30), offset=4)),
        ('rotate', dict(out_shape=(20, 30), angle=20)),
        ('expand', dict(expanded_h=40, expanded_w=50, top=3, left=5)),
    ],
)
def test_what_is_no_choice_of_rows_and_columns_goes_on_as_bitmaps(call, arguments):
    host = bitmaps(3, 20, 30)
    ours = getattr(patched(host), call)(**arguments)
    assert np.array_equal(ours.masks, getattr(host, call)(**arguments).masks)


def test_targets_of_the_mask_head_are_the_hosts():
    host = bitmaps(3, 20, 30)
    boxes = np.array([[1.5, 2, 20, 18], [0, 0, 30, 20.0]], np.float32)
    targets = [
        masks.crop_and_resize(boxes, (14, 14), np.array([2, 0])).masks
        for masks in (patched(host), host)
    ]
    assert np.array_equal(*targets)


def test_masks_that_are_set_are_what_is_transformed():
    host, ours = bitmaps(3, 20, 30), patched(bitmaps(3, 20, 30))
    for masks in (host, ours):
        masks.masks = np.where(np.eye(20, 30, dtype=np.uint8), 0, masks.masks)
    assert np.array_equal(ours.resize((9, 50)).masks, host.resize((9, 50)).masks)
    assert ours.get_bboxes().tensor.equal(host.get_bboxes('hbox').tensor)


def test_masks_of_two_images_are_joined():
    host = bitmaps(3, 20, 30)
    both = PatchMasks.cat([patched(host), patched(host)])
    assert np.array_equal(both.masks, np.concatenate([host.masks, host.masks]))


def test_masks_that_were_not_drawn_are_sent_as_patches():
    masks = patched(bitmaps(3, 200, 300)).resize((2000, 3000))
    assert len(pickle.dumps(masks)) < 300_000
    assert np.array_equal(pickle.loads(pickle.dumps(masks)).masks, masks.masks)


@given(
    st.lists(st.lists(st.floats(-5, 45), min_size=6, max_size=12), min_size=1),
    st.integers(1, 40),
    st.integers(1, 40),
)
def test_polygons_are_drawn_as_the_host_draws_them(polygons, h, w):
    polygons = [polygon[: len(polygon) // 2 * 2] for polygon in polygons]
    host = LoadAnnotations(with_mask=True)._poly2mask(polygons, h, w)
    assert np.array_equal(PatchMasks.from_annotations([polygons], h, w).masks[0], host)


def test_a_mask_of_another_size_is_refused():
    rle = rle_codec.encode(np.asfortranarray(np.ones((3, 4), np.uint8)))
    with pytest.raises(ValueError, match=r'a mask of \[3, 4\] pixels'):
        PatchMasks.from_annotations([rle], 4, 3)
