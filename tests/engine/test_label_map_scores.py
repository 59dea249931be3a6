"""Label maps against the truth, pixel by pixel."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from convnext_dense.engine.label_map_scores import (
    BINS,
    confidence_of,
    confusion_matrix,
    image_iou,
    iou_by_class,
    score,
)

TRUTH = torch.tensor([[0, 0, 1], [1, 2, 255]])
FOUND = torch.tensor([[0, 1, 1], [1, 0, 2]])


def test_pixels_are_counted_by_truth_and_prediction_and_ignored_ones_are_not():
    expected = [[1, 1, 0], [0, 2, 0], [1, 0, 0]]
    one = score('a', FOUND, TRUTH, 3)
    assert confusion_matrix([one], 3).tolist() == expected
    assert confusion_matrix([one, one], 3).tolist() == (2 * np.array(expected)).tolist()


def test_the_iou_of_an_image_is_the_mean_over_its_classes():
    # Class 0: 1 of 3 pixels; 1: 2 of 3; 2: none of 1; 3 does not occur.
    expected = np.mean([1 / 3, 2 / 3, 0])
    assert np.isclose(image_iou(score('a', FOUND, TRUTH, 4), 4), expected)


def test_an_image_without_labels_has_no_iou():
    one = score('a', FOUND, torch.full_like(TRUTH, 255), 3)
    assert np.isnan(image_iou(one, 3))


def test_a_class_that_does_not_occur_has_no_iou():
    assert np.isnan(iou_by_class(np.diag([3, 0]))).tolist() == [False, True]


@given(st.integers(2, 5), st.integers(0, 99))
def test_confidence_is_the_largest_softmax(classes, seed):
    logits = 30 * torch.randn(
        classes, 4, 3, generator=torch.Generator().manual_seed(seed)
    )
    torch.testing.assert_close(confidence_of(logits), logits.softmax(0).amax(0))


def test_confidences_are_counted_with_what_they_are_worth():
    logits = torch.zeros(3, 2, 3)
    logits.scatter_(0, FOUND[None], 20.0)
    count, right, confidence = score('a', FOUND, TRUTH, 3, logits).calibration
    assert count.tolist() == [0] * (BINS - 1) + [5]
    assert right[-1] == 3
    assert np.isclose(confidence[-1], 5, atol=1e-6)
