from types import SimpleNamespace

import numpy as np

from convnext_dense.export.checking import Agreement, _compare_objects

BOXES = np.array([[0, 0, 10, 10], [50, 50, 90, 90], [0, 0, 12, 12]], np.float32)
SCORES = np.array([0.9, 0.8, 0.7], np.float32)
LABELS = np.array([0, 1, 0])


def agreement(boxes=BOXES, scores=SCORES, labels=LABELS):
    found = Agreement()
    expected = SimpleNamespace(boxes=BOXES, scores=SCORES, labels=LABELS)
    _compare_objects(found, expected, (None, boxes, scores, labels))
    return found


def test_the_same_objects_are_no_distance_apart():
    found = agreement()
    assert (found.objects, found.other_objects, found.box, found.score) == (3, 0, 0, 0)


def test_another_order_is_no_difference():
    order = [2, 0, 1]
    found = agreement(BOXES[order], SCORES[order], LABELS[order])
    assert (found.other_objects, found.box, found.score) == (0, 0, 0)


def test_a_box_that_moved_is_measured_in_pixels():
    assert agreement(BOXES + [[0, 0, 0, 0], [0, 0, 0, 3], [0, 0, 0, 0]]).box == 3


def test_another_label_is_another_object():
    assert agreement(labels=np.array([0, 0, 0])).other_objects == 1


def test_an_object_too_few_is_another_image():
    assert agreement(BOXES[:2], SCORES[:2], LABELS[:2]).other_objects == 1
