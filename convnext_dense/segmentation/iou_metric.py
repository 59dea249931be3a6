"""Intersections and unions from one joint histogram of truth and prediction."""

from typing import Any

import torch
from mmseg.evaluation import IoUMetric as HostIoUMetric
from torch import Tensor

from convnext_dense.errors import UserError
from convnext_dense.registry import METRICS


def confusion(
    predicted: Tensor, truth: Tensor, num_classes: int, ignore_index: int
) -> Tensor:
    """Count the pixels of each pair of labels.

    Args:
        predicted: Labels of any integer type.
        truth: Labels of the same shape.
        num_classes: Labels are 0 to ``num_classes - 1``.
        ignore_index: Pixels whose truth it is do not count at all.

    Returns:
        (num_classes + 2, num_classes + 2) int64, rows by truth and columns by
        prediction. Label i is at i + 1: first and last are labels outside the classes.
    """
    side = num_classes + 2
    # Comparisons that give bool are slow on a CPU, and so is leaving pixels out. All
    # is one sum instead, in which the ignored pixels have a table of their own.
    kind = torch.int32 if 2 * side * side < 2**31 else torch.int64
    truth = truth.to(kind)
    ignored = torch.eq(truth, ignore_index, out=torch.empty_like(truth))
    cells = _row(truth, num_classes).mul_(side)
    cells.add_(_row(predicted.to(kind), num_classes))
    cells.add_(ignored, alpha=side * side)
    counts = torch.bincount(cells.flatten(), minlength=2 * side * side)
    return counts.view(2, side, side)[0]


def _row(labels: Tensor, num_classes: int) -> Tensor:
    return labels.clamp(-1, num_classes).add_(1)


KNOWN = ('mIoU', 'mDice', 'mFscore')


@METRICS.register_module()
class IoUMetric(HostIoUMetric):
    """mmseg's ``IoUMetric``, counting each pixel once instead of three times.

    Areas are float64: the host's float32 sums are rounded once a class has more than
    2^24 pixels in the data set.

    Args:
        *args: The host's.
        **kwargs: The host's.

    Raises:
        UserError: If ``iou_metrics`` names none, or one that is not known.
    """

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        names = [self.metrics] if isinstance(self.metrics, str) else self.metrics
        if not names or any(name not in KNOWN for name in names):
            raise UserError(
                f'iou_metrics={self.metrics!r}: it has to be some of {", ".join(KNOWN)}'
            )

    @staticmethod
    def intersect_and_union(
        pred_label: Tensor, label: Tensor, num_classes: int, ignore_index: int
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Count an image's areas by class: intersection, union, prediction, truth.

        Args:
            pred_label: (H, W) predicted labels.
            label: (H, W) true labels.
            num_classes: Number of classes.
            ignore_index: Pixels with this true label do not count.
        """
        counts = confusion(pred_label, label, num_classes, ignore_index).double().cpu()
        intersection = counts.diagonal()[1:-1]
        predicted = counts.sum(0)[1:-1]
        truth = counts.sum(1)[1:-1]
        return intersection, predicted + truth - intersection, predicted, truth
