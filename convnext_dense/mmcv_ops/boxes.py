"""Non-maximum suppression: hard, soft and grouping.

Boxes are (x1, y1, x2, y2) in pixels; with ``offset`` 1 a box of equal corners is one
pixel wide, with ``offset`` 0 it is empty.
Source: open-mmlab/mmcv, mmcv/ops/csrc/pytorch/cpu/nms.cpp.
"""

from __future__ import annotations

import numpy as np
import torch
import torchvision  # noqa: F401  (registers torch.ops.torchvision)
from torch import Tensor

from convnext_dense.mmcv_ops.precision import working_dtype

NAIVE, LINEAR, GAUSSIAN = range(3)

FEWEST = 256  # boxes of a set that is worth a call of its own


def nms(boxes: Tensor, scores: Tensor, iou_threshold: float, offset: int) -> Tensor:
    """Drop boxes that overlap a higher-scoring one by more than the threshold.

    Args:
        boxes: (N, 4).
        scores: (N,).
        iou_threshold: Intersection over union above which a box is dropped.
        offset: 0 or 1, see the module.

    Returns:
        (K,) int64 indices of the boxes kept, highest score first.
    """
    dtype = working_dtype(boxes)
    boxes = boxes.to(dtype)
    if offset:
        # Widths, heights and intersections all grow by `offset` when the far corner
        # moves by it. Exact for whole pixels, for which this convention was made.
        boxes = torch.cat([boxes[:, :2], boxes[:, 2:] + offset], dim=1)
    if dtype != torch.float64:
        # The compiled operator compares in single precision. A double threshold
        # would drop pairs that overlap by exactly 0.3, which in float32 is larger.
        iou_threshold = float(np.float32(iou_threshold))
    scores = scores.to(dtype)
    if boxes.is_cuda or len(boxes) <= FEWEST or not iou_threshold >= 0:
        return torch.ops.torchvision.nms(boxes, scores, iou_threshold)
    order = scores.argsort(descending=True, stable=True)
    boxes, scores = boxes[order], scores[order]
    keep = torch.zeros(len(order), dtype=torch.bool)
    for some in _sets_apart(boxes):
        kept = torch.ops.torchvision.nms(boxes[some], scores[some], iou_threshold)
        keep[some[kept]] = True
    return order[keep]


def _sets_apart(boxes: Tensor) -> list[Tensor]:
    """Split boxes into sets, so that those of different sets do not meet.

    All boxes of a set are compared with each other. Those of different classes, or
    levels of a pyramid, have been moved apart along both axes.
    """
    left, order = boxes[:, 0].sort()
    right = boxes[order, 2].cummax(0).values
    starts = [0]
    for start in (1 + (left[1:] >= right[:-1]).nonzero().flatten()).tolist():
        if start - starts[-1] >= FEWEST:
            starts.append(start)
    return [some.sort().values for some in order.tensor_split(starts[1:])]


def softnms(
    boxes: Tensor,
    scores: Tensor,
    dets: Tensor,
    iou_threshold: float,
    sigma: float,
    min_score: float,
    method: int,
    offset: int,
) -> Tensor:
    """Lower the scores of boxes that overlap a higher-scoring one (Soft-NMS).

    Args:
        boxes: (N, 4).
        scores: (N,).
        dets: (N, 5) buffer; its first K rows receive the kept boxes with new scores.
        iou_threshold: Overlap from which on methods 0 and 1 act.
        sigma: Width of the Gaussian of method 2.
        min_score: Boxes whose score falls below this are dropped.
        method: 0 zeroes a score, 1 takes it times 1 - overlap, 2 times a Gaussian.
        offset: 0 or 1, see the module.

    Returns:
        (K,) int64 indices of the boxes kept, in the order they were chosen.
    """
    corners, score = _array(boxes), _array(scores).copy()
    areas = _areas(corners, offset)
    chosen: list[int] = []
    rest: np.ndarray = np.arange(len(corners), dtype=np.int64)
    while len(rest):
        best = int(score[rest].argmax())
        rest[[0, best]] = rest[[best, 0]]
        chosen.append(rest[0])
        rest = rest[1:]
        overlap = _overlaps(corners, areas, chosen[-1], rest, offset)
        score[rest] *= _decay(overlap, iou_threshold, sigma, method)
        rest = _without_gaps(rest, ~(score[rest] < min_score))
    kept = np.concatenate([corners[chosen], score[chosen, None]], axis=1)
    dets[: len(chosen)] = torch.from_numpy(kept)
    return torch.tensor(chosen, dtype=torch.int64)


def nms_match(dets: Tensor, iou_threshold: float) -> list[list[int]]:
    """Group boxes: each box that NMS keeps, followed by those it suppresses.

    Args:
        dets: (N, 5), boxes and scores.
        iou_threshold: Intersection over union from which on a box joins a group.

    Returns:
        One list of indices per group, highest score first in and among the groups.
    """
    rows = _array(dets)
    areas = _areas(rows, 0)
    order = np.argsort(-rows[:, 4], kind='stable')
    groups = []
    while len(order):
        head, rest = order[0], order[1:]
        joins = _overlaps(rows, areas, head, rest, 0) >= iou_threshold
        groups.append([int(head), *rest[joins].tolist()])
        order = rest[~joins]
    return groups


def _array(tensor: Tensor) -> np.ndarray:
    cpu = tensor.detach().cpu()
    return cpu.to(working_dtype(cpu)).numpy()


def _areas(corners: np.ndarray, offset: int) -> np.ndarray:
    sides = corners[:, 2:4] - corners[:, :2] + offset
    return sides[:, 0] * sides[:, 1]


def _overlaps(
    corners: np.ndarray, areas: np.ndarray, one: int, others: np.ndarray, offset: int
) -> np.ndarray:
    """Intersection over union of one box with others, all given by index."""
    low = np.maximum(corners[one, :2], corners[others, :2])
    high = np.minimum(corners[one, 2:4], corners[others, 2:4])
    sides = np.maximum(high - low + offset, 0)
    shared = sides[:, 0] * sides[:, 1]
    with np.errstate(divide='ignore', invalid='ignore'):  # boxes without area
        return shared / (areas[one] + areas[others] - shared)


def _decay(
    overlap: np.ndarray, iou_threshold: float, sigma: float, method: int
) -> np.ndarray:
    """Return the factor by which Soft-NMS lowers each score."""
    if method == GAUSSIAN:
        # Two boxes without area have no ratio of areas; the compiled operator would
        # turn the second one's score into NaN.
        overlap = np.nan_to_num(overlap)
        return np.exp(-(overlap * overlap) / sigma)
    factor = np.ones_like(overlap)
    hit = overlap >= iou_threshold
    factor[hit] = 1 - overlap[hit] if method == LINEAR else 0
    return factor


def _without_gaps(items: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """Drop items the way the extension does: each gap takes the last item kept.

    The resulting order decides which of two equal scores is chosen first.
    """
    count = int(keep.sum())
    gaps = np.flatnonzero(~keep[:count])
    items = items.copy()
    items[gaps] = items[count:][keep[count:]][::-1]
    return items[:count]
