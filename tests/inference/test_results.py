"""Results are filtered, drawn, and given in the formats of others."""

import numpy as np
import pytest

from convnext_dense.errors import UserError
from convnext_dense.inference import Detections, LabelMap
from convnext_dense.visualization import MaskCrop

CLASSES = ('cat', 'dog')


@pytest.fixture
def found():
    crops = (
        MaskCrop(2, 3, np.ones((4, 5), bool)),
        MaskCrop(10, 12, np.eye(6, dtype=bool)),
    )
    return Detections(
        size=(20, 30),
        boxes=np.array([[2, 3, 7, 7], [10, 12, 16, 18]], np.float32),
        scores=np.array([0.9, 0.4], np.float32),
        labels=np.array([1, 0]),
        classes=CLASSES,
        crops=crops,
    )


@pytest.fixture
def labelled():
    labels = np.zeros((4, 6), np.uint8)
    labels[1:3, 2:5] = 1
    return LabelMap(labels, CLASSES)


def test_whole_masks_are_the_crops_in_their_places(found):
    expected = np.zeros((2, 20, 30), bool)
    expected[0, 3:7, 2:7] = True
    expected[1, range(12, 18), range(10, 16)] = True
    assert (found.masks == expected).all()


@pytest.mark.parametrize(
    ('options', 'left'),
    [
        (dict(), ['dog', 'cat']),
        (dict(threshold=0.5), ['dog']),
        (dict(threshold=0.95), []),
        (dict(classes=['cat']), ['cat']),
        (dict(classes=[]), []),
    ],
)
def test_selecting_keeps_all_that_belongs_together(found, options, left):
    chosen = found.select(**options)
    assert chosen.names == left
    assert len(chosen.boxes) == len(chosen.masks) == len(chosen) == len(left)


def test_coco_results_are_read_back_by_pycocotools(found):
    coco = pytest.importorskip('pycocotools.mask')
    first, second = found.to_coco(7)
    assert first['image_id'] == 7
    assert first['category_id'] == 2
    assert first['bbox'] == [2, 3, 5, 4]
    assert (coco.decode(second['segmentation']) == found.masks[1]).all()


def test_coco_results_take_the_ids_of_a_data_set(found):
    entries = found.to_coco(1, {'cat': 17, 'dog': 18})
    assert [entry['category_id'] for entry in entries] == [18, 17]


def test_drawing_changes_the_picture_where_objects_are(found):
    image = np.full((20, 30, 3), 255, np.uint8)
    assert (found.draw(image)[4, 4] != 255).any()


def test_areas_count_pixels_the_largest_first(labelled):
    assert labelled.areas == {'cat': 18, 'dog': 6}


def test_classes_that_are_not_asked_for_stay_uncoloured(labelled):
    image = np.full((4, 6, 3), 99, np.uint8)
    drawn = labelled.draw(image, classes=['dog'], names=())
    assert ((drawn != 99).any(-1) == (labelled.labels == 1)).all()


def test_the_background_stays_uncoloured():
    labels = LabelMap(np.zeros((4, 6), np.uint8), ('background', 'dog'))
    image = np.full((4, 6, 3), 99, np.uint8)
    assert (labels.draw(image) == image).all()


def test_a_class_to_draw_that_is_none_is_named(labelled):
    with pytest.raises(UserError, match="no class 'cow'"):
        labelled.draw(np.zeros((4, 6, 3), np.uint8), classes=['cow'])


def test_supervision_takes_detections(found):
    pytest.importorskip('supervision', reason='supervision is not installed')
    converted = found.to_supervision()
    assert (converted.xyxy == found.boxes).all()
    assert (converted.mask == found.masks).all()
    assert [*converted.data['class_name']] == ['dog', 'cat']


def test_supervision_takes_label_maps(labelled):
    pytest.importorskip('supervision', reason='supervision is not installed')
    converted = labelled.to_supervision()
    assert converted.xyxy.tolist() == [[0, 0, 6, 4], [2, 1, 5, 3]]
    assert (converted.mask[1] == (labelled.labels == 1)).all()


def test_a_missing_supervision_is_named(found, monkeypatch):
    monkeypatch.setitem(__import__('sys').modules, 'supervision', None)
    with pytest.raises(UserError, match='pip install supervision'):
        found.to_supervision()
