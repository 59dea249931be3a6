"""Whether confidence means what it says."""

from dataclasses import dataclass

import numpy as np

BINS = 15


@dataclass(frozen=True)
class Calibration:
    """Predictions by confidence, in bins of equal width in 0..1.

    Args:
        count: (B,) predictions.
        right: (B,) those that are right.
        confidence: (B,) sum of their confidences.
    """

    count: np.ndarray
    right: np.ndarray
    confidence: np.ndarray

    @property
    def error(self) -> float:
        """Expected calibration error, in 0..1 (Naeini et al. 2015, AAAI, section 3).

        The mean distance between confidence and the share that is right, over the
        bins, weighted by their predictions; nan without any.
        """
        total = self.count.sum()
        if not total:
            return float('nan')
        return float(np.abs(self.right - self.confidence).sum() / total)


def calibration_of(score: np.ndarray, right: np.ndarray) -> Calibration:
    """Sort predictions into bins.

    Args:
        score: (N,) confidences in 0..1.
        right: (N,) whether each is right.
    """
    bins = np.clip((score * BINS).astype(int), 0, BINS - 1)
    count, hits, total = (
        np.bincount(bins, weights, minlength=BINS)
        for weights in (np.ones(len(score)), right.astype(float), score)
    )
    return Calibration(count, hits, total)
