"""The small masks of a mask head into the boxes they belong to."""

import numpy as np
import torch

from convnext_dense.visualization import MaskCrop


def paste_masks(
    probabilities: np.ndarray,
    boxes: np.ndarray,
    size: tuple[int, int],
    threshold: float = 0.5,
) -> list[MaskCrop]:
    """Enlarge each mask to its box, bilinearly, and cut it at a threshold.

    The values are those of mmdet's ``FCNMaskHead`` (and Detectron's paste), whose
    sampling of a grid is, for upright boxes, a product with one matrix for the rows
    and one for the columns.

    Args:
        probabilities: (N, h, w) in 0..1.
        boxes: (N, 4) x1, y1, x2, y2 in pixels of the image.
        size: Height and width of the image.
        threshold: Lowest probability of a pixel in the mask.

    Returns:
        A crop for each mask, within the image.
    """
    height, width = size
    crops = []
    for mask, (x1, y1, x2, y2) in zip(probabilities, boxes.tolist(), strict=True):
        top, rows = _weights(y1, y2, mask.shape[0], height)
        left, columns = _weights(x1, x2, mask.shape[1], width)
        # By torch: numpy's threads and torch's would wait for each other.
        cells = mask.astype(np.float32, copy=False)
        down, cells, across = map(torch.from_numpy, (rows, cells, columns))
        bits = down @ cells @ across.t() >= threshold
        crops.append(MaskCrop(left, top, bits.numpy()))
    return crops


def _weights(
    start: float, end: float, cells: int, limit: int
) -> tuple[int, np.ndarray]:
    """Give the first pixel of a side and each pixel's weights of the cells around it.

    Outside of the cells is zero, as in ``grid_sample``.
    """
    first = max(0, int(np.floor(start)) - 1)
    last = min(limit, int(np.ceil(end)) + 1)
    pixels = np.arange(first, max(first, last), dtype=np.float32) + 0.5
    place = (pixels - start) / max(end - start, 1e-6) * cells - 0.5
    weights = 1 - np.abs(place[:, None] - np.arange(cells, dtype=np.float32))
    return first, np.maximum(weights, 0).astype(np.float32)
