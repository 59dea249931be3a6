"""Large images as windows that overlap, for detectors."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from .results import Detections

# Windows share this part of their side with the next one: objects up to that size are
# whole in at least one of them.
OVERLAP = 0.25
# Of two objects of one class and of different windows that share this part of the
# smaller one, only one is kept.
SAME = 0.5
# A box that ends within so many pixels of a window's border was cut by it.
CUT = 3


def places(height: int, width: int, side: int) -> list[tuple[int, int]]:
    """Give the upper left corners, as ``(x, y)``, of windows that cover an image.

    They overlap by at least ``OVERLAP`` and end at the image's border.
    """
    return [(x, y) for y in _starts(height, side) for x in _starts(width, side)]


def _starts(length: int, side: int) -> list[int]:
    if length <= side:
        return [0]
    step = max(1, int(side * (1 - OVERLAP)))
    number = int(np.ceil((length - side) / step)) + 1
    return np.linspace(0, length - side, number).round().astype(int).tolist()


def merge_windows(
    found: Sequence[Detections],
    corners: Sequence[tuple[int, int]],
    side: int,
    size: tuple[int, int],
) -> Detections:
    """Bring what was found in windows together, each object once.

    Objects that no border cut come first, then the surer ones. What the network found
    side by side in one window stays.

    Args:
        found: The objects of each window, in pixels of the window.
        corners: The windows' corners, as ``(x, y)``.
        side: The windows' side.
        size: Height and width of the image.
    """
    pairs = [*zip(found, corners, strict=True)]
    boxes = np.concatenate([one.boxes + np.tile(at, 2) for one, at in pairs])
    scores = np.concatenate([one.scores for one in found])
    labels = np.concatenate([one.labels for one in found])
    window = np.repeat(np.arange(len(found)), [len(one) for one in found])
    cut = np.concatenate([_cut(one.boxes, at, side, size) for one, at in pairs])
    kept = _each_once(boxes, labels, window, np.lexsort((-scores, cut)))
    kept = kept[np.argsort(-scores[kept], kind='stable')]
    crops = None
    if found[0].crops is not None:
        moved = [
            crop._replace(x=crop.x + x, y=crop.y + y)
            for one, (x, y) in pairs
            for crop in one.crops or ()
        ]
        crops = tuple(moved[index] for index in kept)
    return replace(
        found[0],
        size=size,
        boxes=boxes[kept].astype(np.float32),
        scores=scores[kept],
        labels=labels[kept],
        crops=crops,
    )


def _cut(
    boxes: np.ndarray, at: tuple[int, int], side: int, size: tuple[int, int]
) -> np.ndarray:
    """Tell which boxes end at a border of the window that is none of the image."""
    height, width = size
    x, y = at
    return (
        ((boxes[:, 0] < CUT) & (x > 0))
        | ((boxes[:, 1] < CUT) & (y > 0))
        | ((boxes[:, 2] > side - CUT) & (x + side < width))
        | ((boxes[:, 3] > side - CUT) & (y + side < height))
    )


def _each_once(
    boxes: np.ndarray, labels: np.ndarray, window: np.ndarray, order: np.ndarray
) -> np.ndarray:
    areas = np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 1e-6), axis=1)
    kept: list[int] = []
    for index in order:
        others = np.array(kept, dtype=int)
        low = np.maximum(boxes[others, :2], boxes[index, :2])
        high = np.minimum(boxes[others, 2:], boxes[index, 2:])
        shared = np.prod(np.maximum(high - low, 0), axis=1)
        same = shared > SAME * np.minimum(areas[others], areas[index])
        same &= (labels[others] == labels[index]) & (window[others] != window[index])
        if not same.any():
            kept.append(int(index))
    return np.array(kept, dtype=int)
