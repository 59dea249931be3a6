"""Confidence against truth."""

import numpy as np
import pytest

from convnext_dense.report.calibration import BINS, calibration_of


def test_confidence_that_is_always_right_has_no_error():
    assert calibration_of(np.ones(5), np.ones(5, dtype=bool)).error == 0


def test_the_error_is_the_distance_of_confidence_and_truth():
    score, right = np.array([0.9, 0.9, 0.9, 0.9]), np.array([1, 1, 0, 0], dtype=bool)
    assert calibration_of(score, right).error == pytest.approx(0.4)


def test_bins_weigh_as_much_as_they_hold():
    score = np.array([0.8, 0.2, 0.2, 0.2])
    right = np.array([True, False, False, True])
    expected = (0.2 * 1 + abs(1 / 3 - 0.2) * 3) / 4
    assert calibration_of(score, right).error == pytest.approx(expected)


def test_every_prediction_is_in_a_bin():
    found = calibration_of(np.linspace(0, 1, 101), np.ones(101, dtype=bool))
    assert (len(found.count), found.count.sum()) == (BINS, 101)


def test_without_predictions_there_is_no_error_to_tell():
    assert np.isnan(calibration_of(np.array([]), np.array([], dtype=bool)).error)
