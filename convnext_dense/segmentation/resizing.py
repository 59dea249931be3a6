"""Rows of logits at another size, and the labels there."""

from collections.abc import Iterator
from math import prod

import torch
from torch import Tensor

from .largest import argmax_
from .spans import spans

# Rows that are labelled at once, as many times those that are resized at once: where
# few pixels need all their classes.
TALL = 32


def resize(
    rows: Iterator[Tensor],
    source: tuple[int, int],
    size: tuple[int, int],
    align_corners: bool,
) -> Iterator[Tensor]:
    """Yield the rows of a bilinear resizing, as ``F.interpolate`` computes it.

    What was yielded is overwritten by the next.

    Args:
        rows: Rows of the image.
        source: Its height and width.
        size: Height and width that it should have.
        align_corners: As in ``F.interpolate``.
    """
    if tuple(source) == tuple(size):
        yield from rows
        return
    for span in spans(rows, source, size, align_corners):
        yield from span.resized()


def resized_labels(
    rows: Iterator[Tensor],
    source: tuple[int, int],
    size: tuple[int, int],
    align_corners: bool,
) -> Tensor:
    """Label an image at another size, with the first of the largest classes.

    Args:
        rows: Rows of logits.
        source: Height and width of their image.
        size: Height and width of the labels.
        align_corners: As in ``F.interpolate``.

    Returns:
        (N, H, W) int64.
    """
    if tuple(source) == tuple(size):
        parts = [argmax_(part) for part in rows]
    else:
        grows = prod(size) > prod(source)
        tall = TALL if grows else 1
        parts = [
            span.labels() if grows else span.resized_labels()
            for span in spans(rows, source, size, align_corners, tall)
        ]
    return torch.cat(parts, dim=1)
