"""The kinds of error, in cases small enough to be checked by eye."""

import numpy as np
import pytest

from convnext_dense.report.matching import (
    BACKGROUND_ERROR,
    BOTH,
    CLASS,
    DUPLICATE,
    IGNORED,
    LOCALISATION,
    RIGHT,
    classify,
    match,
    pair,
)
from convnext_dense.report.objects import read_predictions, read_truth

CAT, DOG = 0, 1


def kinds(iou, labels, truth, in_crowd=None):
    iou = np.array(iou, dtype=float).reshape(len(labels), len(truth))
    crowd = np.zeros(len(labels), dtype=bool) if in_crowd is None else in_crowd
    found, targets = classify(iou, np.array(labels), np.array(truth), np.array(crowd))
    return found.tolist(), targets.tolist()


@pytest.mark.parametrize(
    ('iou', 'label', 'kind', 'target'),
    [
        (0.9, CAT, RIGHT, 0),
        (0.5, CAT, RIGHT, 0),
        (0.3, CAT, LOCALISATION, 0),
        (0.8, DOG, CLASS, 0),
        (0.3, DOG, BOTH, 0),
        (0.05, CAT, BACKGROUND_ERROR, -1),
        (0.05, DOG, BACKGROUND_ERROR, -1),
    ],
)
def test_one_detection_beside_one_cat(iou, label, kind, target):
    assert kinds([[iou]], [label], [CAT]) == ([kind], [target])


def test_the_second_to_find_an_object_is_a_duplicate():
    assert kinds([[0.8], [0.9]], [CAT, CAT], [CAT]) == ([RIGHT, DUPLICATE], [0, 0])


def test_a_second_detection_takes_the_second_object_where_it_overlaps_both():
    found = kinds([[0.9, 0.6], [0.8, 0.7]], [CAT, CAT], [CAT, CAT])
    assert found == ([RIGHT, RIGHT], [0, 1])


def test_a_detection_near_its_own_class_is_badly_placed_whatever_else_it_covers():
    assert kinds([[0.3, 0.9]], [CAT], [CAT, DOG])[0] == [LOCALISATION]


def test_where_nothing_is_everything_is_background():
    assert kinds([], [CAT, DOG], [])[0] == [BACKGROUND_ERROR] * 2


def test_a_detection_in_a_crowd_of_its_class_does_not_count():
    assert kinds([[0.0]], [CAT], [DOG], in_crowd=[True])[0] == [IGNORED]


def test_a_right_detection_counts_in_a_crowd_too():
    assert kinds([[0.9]], [CAT], [CAT], in_crowd=[True])[0] == [RIGHT]


def test_pairs_are_made_by_closeness_and_each_once():
    iou = np.array([[0.6, 0.9], [0.8, 0.7], [0.55, 0.4]])
    assert pair(iou) == [(0, 1), (1, 0)]


@pytest.fixture
def matches(detector, truth_file):
    truth = read_truth(truth_file, ['cat', 'dog'], [7, 9])
    found = read_predictions(detector() / 'results/predictions.bbox.json', truth)
    return match(truth, found, 'bbox')


def test_detections_of_all_images_are_judged(matches):
    expected = [RIGHT, DUPLICATE, CLASS, BACKGROUND_ERROR]
    assert matches.kind.tolist() == expected
    assert matches.target.tolist() == [0, 0, 1, -1]


def test_the_confusion_matrix_counts_every_object_and_detection(matches):
    # Rows: truth cat, dog, background; columns: the same of the detections.
    expected = [[1, 0, 1], [1, 0, 0], [1, 1, 0]]
    assert matches.confusion.tolist() == expected


def test_the_quality_of_an_image_is_its_panoptic_quality(matches):
    # One right of IoU 1 among three detections and two objects; and none of two.
    np.testing.assert_allclose(matches.quality, [2 / 5, 0])
