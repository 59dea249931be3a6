"""From windows of logits to labels, a few rows at a time.

Logits of 150 classes take 600 bytes a pixel, labels 8. So a row is turned into labels
as soon as no window will touch it any more, and what is held is a band as high as one
window: memory O(classes x band) instead of O(classes x image).

Rows travel as an iterator of (N, C, r, W) tensors from the top of the image to its
bottom, r being any number.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise

import torch
from torch import Tensor

# Elements handled at once: about what the cores' caches hold; more keeps a GPU busy.
AT_ONCE = dict(cpu=2**21, cuda=2**25)


def window_starts(size: int, crop: int, stride: int) -> list[int]:
    """List where windows start on one axis; the last ends where the image does.

    Source: ``slide_inference`` of mmsegmentation 1.x.
    """
    number = max(size - crop + stride - 1, 0) // stride + 1
    return [max(min(i * stride, size - crop), 0) for i in range(number)]


def slide(
    predict: Callable[[Tensor], Tensor],
    image: Tensor,
    crop: tuple[int, int],
    stride: tuple[int, int],
) -> Iterator[Tensor]:
    """Yield the rows of the mean over overlapping windows.

    Args:
        predict: Maps a window (N, 3, h, w) to logits (N, C, h, w).
        image: (N, 3, H, W).
        crop: Height and width of a window, at most; smaller images are one window.
        stride: Distance of windows, down and across.
    """
    height, width = image.shape[2:]
    tops = window_starts(height, crop[0], stride[0])
    lefts = window_starts(width, crop[1], stride[1])
    counts = _counts(tops, crop[0], height)[:, None] * _counts(lefts, crop[1], width)
    counts = counts.to(image.device)
    band: Tensor | None = None
    for top, below in pairwise([*tops, height]):
        bottom = min(top + crop[0], height)
        for left in lefts:
            right = min(left + crop[1], width)
            logits = predict(image[:, :, top:bottom, left:right])
            if band is None:
                band = _band_for(logits, width)
            band[:, :, : bottom - top, left:right] += logits
        assert band is not None
        finished = below - top
        for rows in split(band[:, :, :finished]):
            share = counts[top : top + rows.shape[2]].to(rows.dtype)
            top += rows.shape[2]
            yield rows.div_(share)
        _move_up(band, finished)


def _counts(starts: list[int], crop: int, size: int) -> Tensor:
    """Number of windows over each position of an axis."""
    counts = torch.zeros(size, dtype=torch.int64)
    for start in starts:
        counts[start : start + crop] += 1
    return counts


def _band_for(logits: Tensor, width: int) -> Tensor:
    """Make zeros as high as a window and as wide as the image, laid out like it."""
    number, classes, height, _ = logits.shape
    channels_last = logits.stride(1) == 1 and classes > 1
    layout = torch.channels_last if channels_last else torch.contiguous_format
    shape = (number, classes, height, width)
    return torch.empty(
        shape, dtype=logits.dtype, device=logits.device, memory_format=layout
    ).zero_()


def _move_up(band: Tensor, finished: int) -> None:
    """Drop the finished rows: the others move up, and zeros come in below."""
    height = band.shape[2]
    # Pieces no higher than the distance moved do not overlap with their target.
    for start in range(finished, height, finished):
        stop = min(start + finished, height)
        band[:, :, start - finished : stop - finished] = band[:, :, start:stop]
    band[:, :, height - finished :] = 0


def split(logits: Tensor) -> Iterator[Tensor]:
    """Yield logits (N, C, H, W) in few rows at a time, without copying."""
    yield from logits.split(at_once(logits, logits.shape[3]), dim=2)


def at_once(logits: Tensor, width: int) -> int:
    """Number of rows of some width to handle at once."""
    elements = AT_ONCE.get(logits.device.type, AT_ONCE['cpu'])
    return max(1, elements // (logits.shape[0] * logits.shape[1] * width))


def crop(
    rows: Iterator[Tensor], padding: tuple[int, int, int, int], height: int
) -> Iterator[Tensor]:
    """Yield the rows without padding.

    Args:
        rows: Rows of a padded image.
        padding: Pixels of padding at the left, right, top and bottom.
        height: Number of rows with padding.
    """
    left, right, top, bottom = padding
    first = 0
    for part in rows:
        start = max(top - first, 0)
        stop = min(height - bottom - first, part.shape[2])
        first += part.shape[2]
        if start < stop:
            yield part[:, :, start:stop, left : part.shape[3] - right]
