"""The gradient of averaging RoIAlign as one product with a sparse matrix.

Averaging is linear: each bin is a weighted sum of few pixels. The matrix of these
weights, pixels by bins, times the gradient by the bins is the gradient by the pixels,
all channels at once; torchvision scatters every sample of every channel by itself.
"""

from __future__ import annotations

import warnings

import torch
from torch import Tensor

from convnext_dense.mmcv_ops.sampling import neighbours


def average_gradient(
    grad_output: Tensor, rois: Tensor, grid: Tensor, shape: torch.Size
) -> Tensor:
    """Compute the gradient by the features.

    Args:
        grad_output: (R, C, h, w) gradient by the bins.
        rois: (R, 5), of which the first column, the image, is read.
        grid: (3, R, 2) first corner, size of a bin and samples per bin, y before x;
            samples are at most one pixel apart.
        shape: Shape of the features, (N, C, H, W).
    """
    number, channels, height, width = shape
    bins = grad_output.shape[2:]
    samples = grid[2].long()
    pixels, weights, gradients, counts = [], [], [], []
    # Regions with equally many samples have equally many pixels in a bin.
    for count in samples.clamp(min=0).unique(dim=0).tolist():
        if 0 in count:  # a region without extent
            continue
        mine = (samples == samples.new_tensor(count)).all(1)
        y, by_y = _pixels_of(grid[:, mine, 0], bins[0], count[0], height)
        x, by_x = _pixels_of(grid[:, mine, 1], bins[1], count[1], width)
        image = rois[mine, 0].long()[:, None, None] * height
        # (region, bin row, bin column, pixel row, pixel column)
        row = (image + y)[:, :, None, :, None] * width
        pixels.append((row + x[:, None, :, None, :]).flatten())
        weights.append(
            (by_y[:, :, None, :, None] * by_x[:, None, :, None, :]).flatten()
        )
        gradients.append(grad_output[mine].permute(0, 2, 3, 1).reshape(-1, channels))
        each = y.shape[2] * x.shape[2]
        counts.append(torch.full((len(gradients[-1]),), each, device=rois.device))
    if not pixels:
        return grad_output.new_zeros(shape)
    starts = torch.cat([samples.new_zeros(1), torch.cat(counts).cumsum(0)])
    with warnings.catch_warnings():
        warnings.filterwarnings('ignore', message='Sparse CS. tensor support')
        matrix = torch.sparse_csc_tensor(
            starts,
            torch.cat(pixels),
            torch.cat(weights),
            size=(number * height * width, len(starts) - 1),
            check_invariants=False,
        )
        gradient = matrix.to_sparse_csr() @ torch.cat(gradients)
    return gradient.view(number, height, width, channels).permute(0, 3, 1, 2)


def _pixels_of(
    axis: Tensor, bins: int, samples: int, size: int
) -> tuple[Tensor, Tensor]:
    """List the pixels that a bin reads on one axis, and their weights.

    Args:
        axis: (3, R) first corner, size of a bin and number of samples.
        bins: Number of bins.
        samples: Number of samples in a bin.
        size: Number of pixels on the axis.

    Returns:
        (R, bins, K) indices and weights; some weights may be zero.
    """
    start, length, _ = axis[..., None, None].unbind()
    bin_ = torch.arange(bins, device=axis.device)[:, None]
    sample = torch.arange(samples, device=axis.device)
    position = start + bin_ * length + (sample + 0.5) * length / samples
    (low, below), (high, above) = neighbours(position, size)
    first = low.amin(2, keepdim=True)
    number = int((high - first).max()) + 1
    weights = position.new_zeros(*position.shape[:2], number)
    weights.scatter_add_(2, low - first, below / samples)
    weights.scatter_add_(2, high - first, above / samples)
    pixels = first + torch.arange(number, device=axis.device)
    return pixels.clamp(max=size - 1), weights
