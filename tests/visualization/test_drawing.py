import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convnext_dense.visualization import (
    class_colours,
    crop_masks,
    draw_instances,
    draw_label_map,
)

NAMES = ('cat', 'dog')
sides = st.integers(1, 40)
scales = pytest.mark.parametrize('scale', [1.0, 1.5, 3.0])


def image(height=40, width=60):
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3))
    return pixels.astype(np.uint8)


def instances(number, height=40, width=60):
    """Give boxes in the upper left corner, and their masks."""
    boxes = np.array([[2, 3, 20, 25]] * number, dtype=np.float32).reshape(-1, 4)
    masks = np.zeros((number, height, width), dtype=bool)
    masks[:, 3:25, 2:20] = True
    labels = np.arange(number) % len(NAMES)
    return dict(labels=labels, boxes=boxes, masks=masks, scores=np.full(number, 0.5))


def draw(picture, number=2, *, without=(), **kwargs):
    found = instances(number, *picture.shape[:2])
    found = {key: value for key, value in found.items() if key not in without}
    return draw_instances(picture, names=NAMES, **found, **kwargs)


parts = pytest.mark.parametrize(
    'without',
    [(), ('boxes',), ('masks',), ('scores',), ('boxes', 'masks', 'scores')],
    ids=lambda without: f'without {" ".join(without) or "nothing"}',
)


@parts
@scales
def test_the_picture_has_the_scaled_size(without, scale):
    drawn = draw(image(), without=without, scale=scale)
    assert drawn.shape == (40 * scale, 60 * scale, 3)


@parts
@scales
def test_the_picture_has_bytes(without, scale):
    assert draw(image(), without=without, scale=scale).dtype == np.uint8


@parts
def test_the_image_itself_is_left_alone(without):
    picture = image()
    draw(picture, without=without)
    assert (picture == image()).all()


@parts
def test_an_image_without_instances_comes_back_as_it_is(without):
    assert (draw(image(), 0, without=without) == image()).all()


@parts
def test_an_image_of_one_pixel_can_be_drawn_on(without):
    assert draw(image(1, 1), without=without).shape == (1, 1, 3)


@parts
def test_one_pixel_can_be_enlarged(without):
    assert draw(image(1, 1), without=without, scale=5).shape == (5, 5, 3)


@parts
def test_the_picture_can_be_drawn_on_further(without):
    assert draw(image(), without=without).flags.writeable


@given(height=sides, width=sides, number=st.integers(0, 3))
def test_images_of_any_size_can_be_drawn_on(height, width, number):
    assert draw(image(height, width), number).shape == (height, width, 3)


def test_images_in_another_order_of_channels_can_be_drawn_on():
    flipped = draw(image()[..., ::-1], scale=2)
    assert (flipped == draw(image()[..., ::-1].copy(), scale=2)).all()


def test_pixels_away_from_masks_are_unchanged():
    drawn = draw(image(), without=('boxes',))
    # The outline is drawn on the border and smoothed: one pixel around it may change.
    assert (drawn[28:] == image()[28:]).all()
    assert (drawn[:, 23:] == image()[:, 23:]).all()


def test_pixels_inside_a_mask_take_its_colour_in_part():
    drawn = draw(image(), 1, without=('boxes',), alpha=0.25)
    inside = np.s_[6:22, 5:17]
    expected = 0.75 * image()[inside] + 0.25 * np.array(class_colours(2)[0])
    assert abs(drawn[inside] - expected).max() <= 1


def test_an_empty_mask_changes_nothing():
    masks = np.zeros((1, 40, 60), dtype=bool)
    drawn = draw_instances(image(), np.array([0]), NAMES, masks=masks)
    assert (drawn == image()).all()


def test_pixels_away_from_boxes_and_names_are_unchanged():
    drawn = draw(image(100, 100), 1, without=('masks',))
    assert (drawn[50:] == image(100, 100)[50:]).all()


def test_a_box_is_drawn_in_the_colour_of_its_class():
    drawn = draw(image(100, 100), 2, without=('masks', 'scores'))
    # The second instance, of the second class, is drawn over the first.
    assert tuple(drawn[25, 10]) == class_colours(2)[1]


def test_surer_instances_are_drawn_on_top():
    found = instances(2) | dict(scores=np.array([0.9, 0.1]))
    del found['masks']
    drawn = draw_instances(image(), names=NAMES, **found)
    assert tuple(drawn[25, 10]) == class_colours(2)[0]


def test_boxes_that_reach_beyond_the_image_can_be_drawn():
    boxes = np.array([[-50.0, -50, 500, 500], [90, 90, 95, 95]])
    drawn = draw_instances(image(), np.array([0, 1]), NAMES, boxes=boxes)
    assert drawn.shape == (40, 60, 3)


def test_names_are_written_beside_boxes():
    boxes = instances(1)['boxes']
    one, other = (
        draw_instances(
            np.zeros((40, 60, 3), np.uint8), np.array([0]), names, boxes=boxes
        )
        for names in (('cat', 'x'), ('dog', 'x'))
    )
    assert (one != other).any()


def test_objects_of_a_single_class_have_scores_alone():
    found = dict(boxes=instances(1)['boxes'], labels=np.array([0]))
    one, other, without = (
        draw_instances(image(), **found, names=[name], scores=scores)
        for name, scores in (
            ('cat', np.array([0.5])), ('dog', np.array([0.5])), ('cat', None)
        )
    )  # fmt: skip
    assert (one == other).all()
    assert (one != without).any()


def test_many_instances_are_drawn_without_names():
    boxes = instances(25)['boxes']
    one, other = (
        draw_instances(image(), np.zeros(25, int), names, boxes=boxes)
        for names in (('cat', 'x'), ('dog', 'x'))
    )
    assert (one == other).all()


def test_a_crop_is_drawn_as_its_whole_mask():
    found = instances(2)
    crops = crop_masks(found['masks'])
    whole = draw_instances(image(), names=NAMES, **found)
    cut = draw_instances(image(), names=NAMES, **found | dict(masks=crops))
    assert (whole == cut).all()


# --- label maps ---------------------------------------------------------------------

SIGNED = [np.int16, np.int32, np.int64]
IGNORED = [
    *((kind, 255, number) for kind in (np.uint8, *SIGNED) for number in (1, 150, 255)),
    *((kind, -1, number) for kind in SIGNED for number in (1, 255, 256, 300)),
]


@scales
def test_a_label_map_has_the_scaled_size(scale):
    labels = np.zeros((40, 60), np.uint8)
    drawn = draw_label_map(image(), labels, 2, scale=scale)
    assert (drawn.shape, drawn.dtype) == ((40 * scale, 60 * scale, 3), np.uint8)


@pytest.mark.parametrize(('kind', 'ignored', 'num_classes'), IGNORED)
def test_ignored_pixels_stay_untouched(kind, ignored, num_classes):
    labels = np.zeros((40, 60), kind)
    labels[:20] = ignored
    drawn = draw_label_map(image(), labels, num_classes)
    assert (drawn[:20] == image()[:20]).all()


@pytest.mark.parametrize('kind', [np.uint8, *SIGNED])
@pytest.mark.parametrize('num_classes', [1, 2, 150, 255, 256, 300])
def test_labels_take_the_colour_of_their_class(kind, num_classes):
    label = min(num_classes, 256) - 1
    labels = np.full((40, 60), label, kind)
    drawn = draw_label_map(image(), labels, num_classes, alpha=1.0)
    assert (drawn == class_colours(num_classes)[label]).all()


def test_labels_without_a_class_stay_uncoloured():
    labels = np.full((40, 60), 2, np.uint8)
    assert (draw_label_map(image(), labels, 2) == image()).all()


def test_a_label_map_leaves_the_image_itself_alone():
    picture = image()
    draw_label_map(picture, np.zeros((40, 60), np.uint8), 2)
    assert (picture == image()).all()


def test_a_label_map_leaves_itself_alone():
    labels = np.full((40, 60), 255, np.uint8)
    draw_label_map(image(), labels, 2)
    assert (labels == 255).all()


def test_a_label_map_of_one_pixel_can_be_drawn():
    drawn = draw_label_map(image(1, 1), np.zeros((1, 1), np.uint8), 1, scale=5)
    assert drawn.shape == (5, 5, 3)


def test_borders_between_labels_stay_sharp_when_enlarged():
    labels = np.arange(2).repeat(30)[None].repeat(40, 0)
    drawn = draw_label_map(image(), labels, 2, scale=3, alpha=1.0)
    assert {tuple(c) for c in drawn.reshape(-1, 3).tolist()} == {*class_colours(2)}


def test_large_regions_are_named():
    labels = np.arange(2).repeat(50)[None].repeat(80, 0)
    plain = draw_label_map(image(80, 100), labels, 2)
    named = draw_label_map(image(80, 100), labels, 2, names=('cat', 'dog'))
    changed = (named != plain).any(-1)
    assert changed[:, :50].any()
    assert changed[:, 50:].any()


@pytest.mark.parametrize('side', [1, 12])
def test_regions_that_a_name_would_hide_have_none(side):
    labels = np.zeros((80, 100), np.uint8)
    labels[40 : 40 + side, 50 : 50 + side] = 1
    one, other = (
        draw_label_map(image(80, 100), labels, 2, names=('cat', name))
        for name in ('dog', 'elephant')
    )
    assert (one == other).all()
