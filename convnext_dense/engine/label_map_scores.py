"""What a predicted label map is worth, image by image."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

# Bins of confidence, each as wide as the others, in 0..1.
BINS = 15


class Scores(NamedTuple):
    """Counts of one image, small enough to be kept for thousands.

    Args:
        path: The image.
        cells: Indices into the flat confusion matrix, truth x prediction, that are
            not zero.
        counts: Pixels of each.
        calibration: (3, BINS) by confidence: pixels, those that are right, and the
            sum of their confidences; None where there are no confidences.
    """

    path: str
    cells: np.ndarray
    counts: np.ndarray
    calibration: np.ndarray | None


def score(
    path: str,
    prediction: Tensor,
    truth: Tensor,
    num_classes: int,
    logits: Tensor | None = None,
) -> Scores:
    """Compare a label map with the truth.

    Args:
        path: The image.
        prediction: (H, W) labels.
        truth: (H, W) labels; those outside ``num_classes`` do not count.
        num_classes: Number of classes.
        logits: (C, H, W) before the softmax, from which confidences follow.
    """
    known = (truth >= 0) & (truth < num_classes)
    pairs = truth[known].long() * num_classes + prediction[known].long()
    counts = torch.bincount(pairs, minlength=num_classes**2)
    cells = counts.nonzero().squeeze(1)
    calibration = None
    if logits is not None and logits.shape[0] > 1:
        confidence = confidence_of(logits)[known]
        right = (truth == prediction)[known]
        calibration = bin_counts(confidence, right)
    return Scores(path, cells.numpy(), counts[cells].numpy(), calibration)


def confidence_of(logits: Tensor) -> Tensor:
    """Give the softmax of the best class: (C, H, W) to (H, W)."""
    # Without the (C, H, W) result: only its largest value is asked for.
    return (logits.amax(0) - logits.logsumexp(0)).exp()


def bin_counts(confidence: Tensor, right: Tensor) -> np.ndarray:
    """Count by bins of confidence, as :class:`Scores` describes."""
    bins = (confidence * BINS).long().clamp(0, BINS - 1)
    weights = (torch.ones_like(confidence), right.float(), confidence)
    return torch.stack(
        [torch.bincount(bins, weight.double(), minlength=BINS) for weight in weights]
    ).numpy()


def confusion_matrix(scores: list[Scores], num_classes: int) -> np.ndarray:
    """Add up images: (C, C) pixels, truth by prediction."""
    total = np.zeros(num_classes**2, dtype=np.int64)
    for one in scores:
        total[one.cells] += one.counts
    return total.reshape(num_classes, num_classes)


def iou_by_class(confusion: np.ndarray) -> np.ndarray:
    """Give (C,) intersection over union in 0..1; nan where a class never occurs."""
    right = np.diag(confusion)
    union = confusion.sum(0) + confusion.sum(1) - right
    return np.where(union > 0, right / np.maximum(union, 1), np.nan)


def image_iou(one: Scores, num_classes: int) -> float:
    """Mean IoU of an image over the classes in its truth or prediction.

    nan where no pixel counts.
    """
    if not len(one.cells):
        return float('nan')
    return float(np.nanmean(iou_by_class(confusion_matrix([one], num_classes))))
