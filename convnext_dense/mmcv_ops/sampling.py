"""What pooling a maximum out of regions needs: places to look, and their weights."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor


def candidates(heights: Tensor, widths: Tensor) -> Iterator[tuple[int, int, Tensor]]:
    """Walk, row by row, over the grids of many regions at once.

    Args:
        heights: (R,) int64, rows in the grid of each region.
        widths: (R,) int64, columns in it.

    Yields:
        A row, a column, and the (A,) indices of the regions that have this place.
    """
    if not len(heights):
        return
    for row in range(int(heights.max())):
        for col in range(int(widths.max())):
            active = ((heights > row) & (widths > col)).nonzero().squeeze(1)
            if len(active):
                yield row, col, active


def neighbours(position: Tensor, size: int) -> tuple[tuple[Tensor, Tensor], ...]:
    """Find the two pixels around each position on an axis, for interpolation.

    Positions up to one pixel outside count as the border; beyond, both weights are 0.

    Args:
        position: Coordinates of any shape, pixel 0 being at 0.
        size: Number of pixels on the axis.

    Returns:
        Two pairs (int64 pixel index, weight), each of the shape of ``position``.
    """
    inside = (position >= -1) & (position <= size)
    position = position.clamp(0, size - 1)
    low = position.floor()
    upper = position - low
    high = (low + 1).clamp(max=size - 1)
    zero = torch.zeros_like(upper)
    return (
        (low.long(), torch.where(inside, 1 - upper, zero)),
        (high.long(), torch.where(inside, upper, zero)),
    )
