"""Rows of an enlarged or shrunk image, with all that they are made of.

A pixel between four that have the same label has it too: the logit of each class is
the same mean of four there, and the label's are the largest of each. So where an image
is enlarged, only pixels between different labels need all their classes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from math import prod

import torch
from torch import Tensor

from .largest import argmax, argmax_
from .rows import at_once

# Share of places between different labels above which it costs less to resize all.
MANY = 0.2


@dataclass
class Columns:
    """Where the columns of the target lie: source column at the left, and weight."""

    number: int
    left: Tensor
    right: Tensor
    weight: Tensor
    align_corners: bool


class Held:
    """Rows of the source that are at hand.

    Args:
        logits: (N, C, r, W).
        columns: The columns of the target.
    """

    def __init__(self, logits: Tensor, columns: Columns):
        self.logits = logits
        self.columns = columns

    @cached_property
    def pixels(self) -> Tensor:
        """The logits in (N, r, W, C)."""
        # Then pixels are copied whole, and the kernel for columns is faster.
        return self.logits.permute(0, 2, 3, 1).contiguous()

    @cached_property
    def wide(self) -> Tensor:
        """The logits in the columns of the target, (N, r, W, C)."""
        size = (self.logits.shape[2], self.columns.number)
        resized = torch.ops.aten.upsample_bilinear2d(
            self.pixels.permute(0, 3, 1, 2), size, self.columns.align_corners
        )
        return resized.permute(0, 2, 3, 1).contiguous()

    @cached_property
    def labels(self) -> Tensor:
        """The label of each pixel, (N, r, W), -1 where a logit is no number."""
        logits = self.pixels.permute(0, 3, 1, 2)
        return argmax(logits).masked_fill(logits.amax(1).isnan(), -1)

    @cached_property
    def mixed(self) -> float:
        """The share of places between four pixels that have not the same label."""
        labels, below = self.labels, self.labels[:, 1:]
        same = (labels[..., 1:] == labels[..., :-1]) & (labels[..., 1:] >= 0)
        if len(below[0]):
            same = same[:, 1:] & same[:, :-1] & (below == labels[:, :-1])[..., 1:]
        return 1 - same.double().mean().item() if same.numel() else 0.0


@dataclass
class Span:
    """Some rows of the target, with all that they are made of.

    Attributes:
        held: Rows of the source.
        above: For each row of the target, the row above it in ``held``.
        below: The row below it.
        weight: The weight of the latter.
        scratch: Memory for the rows that are resized at once, used again and again.
        most: The number of these.
    """

    held: Held
    above: Tensor
    below: Tensor
    weight: Tensor
    scratch: Tensor
    most: int

    def resized(self) -> Iterator[Tensor]:
        """Yield the rows, (N, C, r, W), in the scratch memory."""
        for start in range(0, len(self.above), self.most):
            yield self._resize(slice(start, start + self.most))

    def resized_labels(self) -> Tensor:
        """Label the rows, (N, r, W), of all their classes."""
        return torch.cat([argmax_(rows) for rows in self.resized()], dim=1)

    def _resize(self, part: slice) -> Tensor:
        wide, above, below = self.held.wide, self.above[part], self.below[part]
        weight = self.weight[part, None, None]
        shape = (len(wide), len(above), *wide.shape[2:])
        # New memory for each row costs as much again.
        found = self.scratch[: prod(shape)].view(shape)
        if wide.is_cuda:
            rows = wide.index_select(1, above), wide.index_select(1, below)
            torch.lerp(*rows, weight, out=found)
        else:
            # Rows between the same two are made of these as they lie.
            start = 0
            pairs = zip(above.tolist(), below.tolist(), strict=True)
            for (up, down), same in groupby(pairs):
                stop = start + len([*same])
                rows = wide[:, up, None], wide[:, down, None]
                torch.lerp(*rows, weight[start:stop], out=found[:, start:stop])
                start = stop
        return found.permute(0, 3, 1, 2)

    def labels(self) -> Tensor:
        """Label the rows, (N, r, W)."""
        if self.held.mixed > MANY:
            return self.resized_labels()
        left, right = self.held.columns.left, self.held.columns.right
        upper = self.held.labels.index_select(1, self.above)
        lower = self.held.labels.index_select(1, self.below)
        same = (upper == lower) & (upper >= 0)
        found = upper.index_select(2, left)
        same = same.index_select(2, left) & same.index_select(2, right)
        same &= found == upper.index_select(2, right)
        border = (~same).nonzero()
        image, row, column = border.unbind(1)
        most = at_once(self.held.logits, 1)
        for part in torch.arange(len(border), device=border.device).split(most):
            found[image[part], row[part], column[part]] = self._label(
                image[part], row[part], column[part]
            )
        return found

    def _label(self, image: Tensor, row: Tensor, column: Tensor) -> Tensor:
        """Label single pixels, of all their classes."""
        pixels, columns = self.held.pixels, self.held.columns
        across, down = columns.weight[column, None], self.weight[row, None]
        upper, lower = (
            torch.lerp(
                pixels[image, rows[row], columns.left[column]],
                pixels[image, rows[row], columns.right[column]],
                across,
            )
            for rows in (self.above, self.below)
        )
        logits = torch.lerp(upper, lower, down)
        return argmax_(logits[..., None, None]).flatten()


def spans(
    rows: Iterator[Tensor],
    source: tuple[int, int],
    size: tuple[int, int],
    align_corners: bool,
    tall: int = 1,
) -> Iterator[Span]:
    """Yield the rows of the target in spans, as soon as what they need is there.

    A span is ``tall`` times as high as what is resized at once.
    """
    first, done = 0, 0  # the first row that is held, and the rows that were yielded
    held: Tensor | None = None
    for part in rows:
        if held is None:
            low, weight = _places(source[0], size[0], align_corners, part.dtype)
            columns = _columns(source[1], size[1], align_corners, part)
            most = at_once(part, size[1])
            scratch = part.new_empty(
                part.shape[0] * part.shape[1] * size[1] * min(most, size[0])
            )
            held = part
        else:
            held = torch.cat([held, part], dim=2)
        end = first + held.shape[2]
        # A row is ready when the one below its source is there, or there is none.
        whole = end == source[0]
        ready = size[0] if whole else int(torch.searchsorted(low, end - 1))
        rows_held = Held(held, columns)
        while done < ready:
            stop = min(ready, done + most * tall)
            above = (low[done:stop] - first).to(held.device)
            below = (above + 1).clamp(max=held.shape[2] - 1)
            share = weight[done:stop].to(held)
            yield Span(rows_held, above, below, share, scratch, most)
            done = stop
        kept = int(low[done]) if done < size[0] else end - 1
        held = held[:, :, min(kept, end - 1) - first :].clone()
        first = end - held.shape[2]


def _columns(source: int, size: int, align_corners: bool, like: Tensor) -> Columns:
    left, weight = _places(source, size, align_corners, like.dtype)
    left = left.to(like.device)
    right = (left + 1).clamp(max=source - 1)
    return Columns(size, left, right, weight.to(like), align_corners)


def _places(
    source: int, size: int, align_corners: bool, dtype: torch.dtype
) -> tuple[Tensor, Tensor]:
    """For each row of the target: the source row above it, and the weight below.

    Computed in the logits' own precision, as ``F.interpolate`` does on a CPU.
    """
    place = torch.arange(size, dtype=dtype)
    if align_corners:
        place = place * place.new_tensor((source - 1) / max(size - 1, 1))
    else:
        scale = place.new_tensor(source) / size
        place = (scale * (place + 0.5) - 0.5).clamp(min=0)
    low = place.floor().clamp(max=source - 1)
    return low.long(), place - low
