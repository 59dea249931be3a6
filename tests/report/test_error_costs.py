"""What errors cost, against sums done by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convnext_dense.report.error_costs import average_precision, error_costs, mean_ap
from convnext_dense.report.matching import match
from convnext_dense.report.objects import read_predictions, read_truth


def test_all_objects_found_first_is_an_ap_of_one():
    score, right = np.array([0.9, 0.8, 0.1]), np.array([True, True, False])
    assert average_precision(score, right, 2) == 1


def test_half_of_the_objects_found_is_half_an_ap():
    # 51 of the 101 recalls, 0 to 0.5, are reached.
    found = average_precision(np.array([0.9]), np.array([True]), 2)
    assert found == pytest.approx(51 / 101)


def test_a_false_alarm_before_the_only_object_halves_the_precision():
    score, right = np.array([0.9, 0.8]), np.array([False, True])
    assert average_precision(score, right, 1) == pytest.approx(0.5)


def test_without_detections_ap_is_zero():
    assert average_precision(np.array([]), np.array([], dtype=bool), 3) == 0


@given(st.lists(st.tuples(st.integers(1, 99), st.booleans()), max_size=30))
def test_ap_is_within_its_bounds(detections):
    score = np.array([s / 100 for s, _ in detections])
    right = np.array([r for _, r in detections], dtype=bool)
    assert 0 <= average_precision(score, right, max(1, int(right.sum()))) <= 1


def test_classes_without_objects_do_not_count():
    score, right = np.array([0.9, 0.8]), np.array([True, False])
    assert mean_ap(score, np.array([0, 1]), right, np.array([1, 0])) == 1


def costs(detector, truth_file, predictions):
    truth = read_truth(truth_file, ['cat', 'dog'], [7, 9])
    folder = detector(predictions=predictions)
    found = read_predictions(folder / 'results/predictions.bbox.json', truth)
    matches = match(truth, found, 'bbox')
    return {c.name: c for c in error_costs(truth.objects, found, matches)}


ALL_RIGHT = [
    dict(image_id=7, category_id=3, bbox=[10, 10, 20, 20], score=0.9),
    dict(image_id=7, category_id=5, bbox=[50, 50, 40, 40], score=0.8),
    dict(image_id=9, category_id=3, bbox=[30, 30, 30, 30], score=0.7),
]


def changed(index, **values):
    return [
        entry | (values if place == index else {})
        for place, entry in enumerate(ALL_RIGHT)
    ]


def test_without_errors_nothing_is_lost(detector, truth_file):
    found = costs(detector, truth_file, ALL_RIGHT)
    assert {(c.count, c.cost) for c in found.values()} == {(0, 0.0)}


# What a false alarm between the two cats costs: 51 recalls stay at 1, 50 fall to 2 / 3.
BETWEEN = (1 - (51 + 50 * 2 / 3) / 101) / 2


# Without its dog, a class is lost whole: half of the mean.
@pytest.mark.parametrize(
    ('name', 'predictions', 'cost'),
    [
        ('localisation', changed(1, bbox=[60, 60, 40, 40]), 0.5),
        ('class', changed(1, category_id=3), 0.5 + BETWEEN),
        ('missed', ALL_RIGHT[::2], 0.5),
        # A false alarm of the highest score before the only dog.
        ('background', [*ALL_RIGHT, dict(ALL_RIGHT[1], image_id=9, score=1.0,
                                         bbox=[80, 0, 9, 9])], 0.25),
        ('duplicate', [*ALL_RIGHT, dict(ALL_RIGHT[0], score=0.75)],
         BETWEEN),
    ],
)  # fmt: skip
def test_one_error_costs_what_it_takes(detector, truth_file, name, predictions, cost):
    found = costs(detector, truth_file, predictions)
    assert found[name].count == 1
    assert found[name].cost == pytest.approx(cost)
    assert sum(c.count for c in found.values()) == 1
