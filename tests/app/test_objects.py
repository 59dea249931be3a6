import json
from dataclasses import replace

import numpy as np
import pytest

from convnext_dense.app.objects import Objects
from convnext_dense.app.view import View

ALL = View(0.05, 0.5, ('circle', 'square'))


@pytest.fixture
def objects(finder, image):
    return Objects(image, finder(image, threshold=0.05))


@pytest.mark.parametrize(
    ('threshold', 'shown', 'numbers'),
    [
        (0.05, ('circle', 'square'), [1, 2, 3]),
        (0.5, ('circle', 'square'), [1, 2]),
        (0.05, ('circle',), [1, 3]),
        (0.5, ('square',), [2]),
        (0.95, ('circle', 'square'), []),
        (0.05, (), []),
    ],
)
def test_rows_are_what_is_sure_enough_and_switched_on(
    objects, threshold, shown, numbers
):
    rows = objects.rows(View(threshold, 0.5, shown))
    assert [row.number for row in rows] == numbers


def test_the_most_frequent_class_comes_first(objects):
    assert list(objects.classes) == ['circle', 'square']


def test_all_classes_are_shown_at_first(objects):
    assert objects.shown_first == ('circle', 'square')


def test_an_outline_lies_where_the_object_is_on_the_page(objects):
    scale = objects.small_image.shape[0] / objects.image.shape[0]
    x1, y1, x2, y2 = objects.found.boxes[1] * scale
    numbers = objects.outlines[1].replace('M', '').replace('Z', '').split('L')
    points = np.array([[*map(int, point.split())] for point in numbers])
    assert np.abs(points.min(0) - [x1, y1]).max() <= 1
    assert np.abs(points.max(0) + 1 - [x2, y2]).max() <= 1


def test_an_object_without_a_mask_is_outlined_by_its_box(objects):
    boxes_alone = Objects(objects.image, replace(objects.found, crops=None))
    x1, y1, x2, y2 = boxes_alone.small.boxes[1].astype(int)
    assert boxes_alone.outlines[1] == f'M{x1} {y1}H{x2}V{y2}H{x1}Z'


@pytest.mark.parametrize(
    'change',
    [dict(threshold=0.7), dict(opacity=0.9), dict(shown=('square',))],
    ids=lambda change: next(iter(change)),
)
def test_every_control_changes_the_picture(objects, change):
    before, after = objects.draw(ALL), objects.draw(replace(ALL, **change))
    assert (before != after).any()


def test_without_objects_the_picture_is_the_image(objects):
    picture = objects.draw(View(1.0, 0.5, ()))
    assert (picture == objects.small_image).all()


def test_a_large_image_is_drawn_whole_at_its_own_size(finder):
    image = np.zeros((1000, 1600, 3), np.uint8)
    objects = Objects(image, finder(image, threshold=0.05))
    assert objects.draw_whole(ALL).shape == image.shape
    assert objects.draw(ALL).shape == (800, 1280, 3)


def test_the_data_is_a_coco_file_of_what_is_shown(objects, tmp_path, capsys):
    from pycocotools.coco import COCO

    path = tmp_path / 'result.json'
    view = View(0.5, 0.5, ('circle', 'square'))
    path.write_text(json.dumps(objects.to_json(view, 'photo.png')))
    coco = COCO(path)
    masks = [coco.annToMask(found) for found in coco.loadAnns(coco.getAnnIds())]
    assert (np.array(masks, dtype=bool) == objects.found.masks[:2]).all()
    assert [coco.anns[i]['area'] for i in (1, 2)] == [mask.sum() for mask in masks]
