"""Windows cover an image, and what several of them see is one object."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convnext_dense.inference.results import Detections
from convnext_dense.inference.windows import OVERLAP, merge_windows, places


@given(height=st.integers(1, 900), width=st.integers(1, 900), side=st.integers(32, 300))
def test_windows_cover_every_pixel(height, width, side):
    covered = np.zeros((height, width), bool)
    for x, y in places(height, width, side):
        covered[y : y + side, x : x + side] = True
    assert covered.all()


@given(length=st.integers(33, 900), side=st.integers(32, 300))
def test_neighbours_overlap(length, side):
    starts = [x for x, _ in places(1, length, side)]
    assert (np.diff(starts) <= side * (1 - OVERLAP) + 1).all()


def detections(*boxes, scores=None, labels=None):
    number = len(boxes)
    return Detections(
        size=(100, 100),
        boxes=np.array(boxes, np.float32).reshape(number, 4),
        scores=np.array(scores or [0.9] * number, np.float32),
        labels=np.array(labels or [0] * number),
        classes=('a', 'b'),
    )


def merged(first, second):
    """Merge two windows of side 100, the second 75 to the right of the first."""
    return merge_windows([first, second], [(0, 0), (75, 0)], 100, (100, 175))


def test_an_object_in_two_windows_is_found_once():
    found = merged(detections([80, 10, 95, 30]), detections([5, 10, 20, 30]))
    assert found.boxes.tolist() == [[80, 10, 95, 30]]


def test_of_an_object_that_a_border_cut_the_whole_is_kept():
    part = detections([80, 10, 100, 30], scores=[0.99])
    whole = detections([5, 10, 40, 30], scores=[0.6])
    assert merged(part, whole).boxes.tolist() == [[80, 10, 115, 30]]


def test_objects_of_other_classes_stay():
    other = detections([5, 10, 20, 30], labels=[1])
    assert len(merged(detections([80, 10, 95, 30]), other)) == 2


def test_what_one_window_found_side_by_side_stays():
    close = detections([20, 10, 40, 30], [22, 10, 42, 30])
    assert len(merged(close, detections())) == 2


def test_the_surest_come_first():
    first = detections([0, 0, 9, 9], scores=[0.3])
    found = merged(first, detections([50, 50, 60, 60], scores=[0.8]))
    assert found.scores.tolist() == pytest.approx([0.8, 0.3])


def test_windows_without_objects_give_none():
    assert len(merged(detections(), detections())) == 0
