"""Averaging RoIAlign as a product with a sparse matrix, forward and backward.

Averaging is linear: each bin is a weighted sum of few pixels, and the gradient of a
pixel a weighted sum of the gradients of few bins. Each sum is taken over all channels
at once; torchvision visits every sample of every channel by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import embedding_bag

from convnext_dense.mmcv_ops.sampling import neighbours

MOST = 2**20  # weights at a time: they and what they come from stay below 100 MB


class Weights(NamedTuple):
    """The weight of each pixel that a bin reads, bin by bin: (K,) each."""

    bins: Tensor  # int64, the bin, numbered by region, row and column
    pixels: Tensor  # int64, the pixel, numbered by image, row and column
    values: Tensor


class Axis(NamedTuple):
    """The pixels that bins read on one axis, and how much of each."""

    pixels: Tensor  # (R, bins, most) int64
    values: Tensor  # (R, bins, most)
    number: Tensor  # (R,) int64, how many of them a region's bins read


def average(
    features: Tensor, rois: Tensor, grid: Tensor, bins: tuple[int, int]
) -> Tensor:
    """Compute the average of each bin, (R, C, h, w).

    Args:
        features: (N, C, H, W); channels-last ones are read where they lie.
        rois: (R, 5), of which the first column, the image, is read.
        grid: (3, R, 2) first corner, size of a bin and samples per bin, y before x.
        bins: h and w.
    """
    channels = features.size(1)
    rows = features.permute(0, 2, 3, 1).reshape(-1, channels)
    pooled = [features.new_empty(0, *bins, channels)]
    for regions in _parts(grid, bins):
        weights = _weights(rois[regions], grid[:, regions], features.shape, bins)
        number = (regions.stop - regions.start) * bins[0] * bins[1]
        part = _sums(rows, weights.pixels, weights.values, weights.bins, number)
        pooled.append(part.view(-1, *bins, channels))
    return torch.cat(pooled).permute(0, 3, 1, 2)


def average_gradient(
    grad_output: Tensor, rois: Tensor, grid: Tensor, shape: torch.Size
) -> Tensor:
    """Compute the gradient of :func:`average` by the features, of their shape.

    Args:
        grad_output: (R, C, h, w) gradient by the bins.
        rois: As for :func:`average`.
        grid: As for :func:`average`.
        shape: Shape of the features, (N, C, H, W).
    """
    images, channels, height, width = shape
    number, bins = images * height * width, (grad_output.size(2), grad_output.size(3))
    gradient = grad_output.new_zeros(number, channels)
    for regions in _parts(grid, bins):
        weights = _weights(rois[regions], grid[:, regions], shape, bins)
        rows = grad_output[regions].permute(0, 2, 3, 1).reshape(-1, channels)
        pixels, order = weights.pixels.sort()
        columns, values = weights.bins[order], weights.values[order]
        gradient += _sums(rows, columns, values, pixels, number)
    return gradient.view(images, height, width, channels).permute(0, 3, 1, 2)


def _sums(
    rows: Tensor, chosen: Tensor, values: Tensor, sums: Tensor, number: int
) -> Tensor:
    """Add up chosen rows times values, for each of a number of sums; ``sums`` rises."""
    counts = torch.bincount(sums, minlength=number)
    starts = counts.cumsum(0) - counts
    return embedding_bag(chosen, rows, starts, mode='sum', per_sample_weights=values)


def _parts(grid: Tensor, bins: tuple[int, int]) -> Iterator[slice]:
    """Cut the regions where their weights would become too many to hold at once."""
    samples = grid[2].clamp(min=0).nan_to_num(0.0, posinf=0.0)
    weights = (samples + 1).prod(1) * bins[0] * bins[1]
    part = weights.cumsum(0, dtype=torch.float64) // MOST
    start = 0
    for number in part.unique_consecutive(return_counts=True)[1].tolist():
        yield slice(start, start + number)
        start += number


def _weights(
    rois: Tensor, grid: Tensor, shape: torch.Size, bins: tuple[int, int]
) -> Weights:
    """List the weights of the regions' bins: each pixel in y with each one in x."""
    y, x = (_axis(grid[..., i], bins[i], shape[2 + i]) for i in range(2))
    lines = (rois[:, 0].long()[:, None, None] * shape[2] + y.pixels) * shape[3]

    def by_bin(values: Tensor) -> Tensor:
        return values.expand(len(rois), *bins).flatten()

    firsts_y = torch.arange(len(rois) * bins[0], device=rois.device) * lines.size(2)
    firsts_x = torch.arange(len(rois) * bins[1], device=rois.device) * x.pixels.size(2)
    bin_, in_y = _runs(
        by_bin(firsts_y.view(-1, bins[0], 1)), by_bin(y.number[:, None, None])
    )
    line, in_x = _runs(
        by_bin(firsts_x.view(-1, 1, bins[1])).index_select(0, bin_),
        by_bin(x.number[:, None, None]).index_select(0, bin_),
    )

    def joined(of_y: Tensor, of_x: Tensor) -> tuple[Tensor, Tensor]:
        of_y = of_y.flatten().index_select(0, in_y)
        return of_y.index_select(0, line), of_x.flatten().index_select(0, in_x)

    pixels = torch.add(*joined(lines, x.pixels))
    values = torch.mul(*joined(y.values, x.values))
    return Weights(bin_.index_select(0, line), pixels, values)


def _runs(firsts: Tensor, counts: Tensor) -> tuple[Tensor, Tensor]:
    """Count up from each first number; also say whose number each one is."""
    whose = torch.arange(len(counts), device=counts.device).repeat_interleave(counts)
    skipped = firsts - (counts.cumsum(0) - counts)
    numbers = torch.arange(len(whose), device=counts.device)
    return whose, numbers + skipped.index_select(0, whose)


def _axis(axis: Tensor, bins: int, size: int) -> Axis:
    """List the pixels that bins read on one axis, and their weights.

    Args:
        axis: (3, R) first corner, size of a bin and number of samples.
        bins: Number of bins.
        size: Number of pixels on the axis.
    """
    start, length, samples = axis[..., None, None].unbind()
    taken = (samples > 0) & samples.isfinite()
    samples = samples.where(taken, 1)
    bin_ = torch.arange(bins, device=axis.device)[:, None]
    sample = torch.arange(int(samples.max()), device=axis.device)
    nth = sample.minimum(samples - 1)  # where there are fewer, the last one again
    position = start + bin_ * length + (nth + 0.5) * length / samples
    (low, below), (high, above) = neighbours(position, size)
    first = low[..., :1]
    number = (high[..., -1:] - first).amax((1, 2)) + 1
    share = (taken & (sample < samples)) / samples
    values = position.new_zeros(len(axis[0]), bins, int(number.max()))
    values.scatter_add_(2, low - first, below * share)
    values.scatter_add_(2, high - first, above * share)
    pixels = first + torch.arange(values.size(2), device=axis.device)
    return Axis(pixels.clamp(max=size - 1), values, number * taken.flatten())
