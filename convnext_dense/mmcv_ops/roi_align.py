"""RoIAlign: regions resampled to a fixed grid, by average or by maximum.

Shapes and units: input (N, C, H, W); rois (R, 5), rows (image index, x1, y1, x2, y2)
with corners in pixels of the image; output (R, C, aligned_height, aligned_width).
``spatial_scale`` is in pixels of the input per pixel of the image, ``sampling_ratio``
the number of samples per bin and axis (0 takes about one per pixel), ``pool_mode`` 0
for maximum and 1 for average; ``aligned`` puts the centre of pixel i at i + 0.5
instead of at i. ``argmax_y`` and ``argmax_x`` have the shape of the output and belong
to the maximum: where the chosen sample lies, in pixels of the input, -1 for nowhere.
Source: open-mmlab/mmcv, mmcv/ops/csrc/pytorch/cpu/roi_align.cpp.
"""

from __future__ import annotations

import torch
import torchvision  # noqa: F401  (registers torch.ops.torchvision)
from torch import Tensor

from convnext_dense.mmcv_ops.precision import working_dtype
from convnext_dense.mmcv_ops.roi_average import average, average_gradient
from convnext_dense.mmcv_ops.sampling import candidates, neighbours

MAXIMUM, AVERAGE = range(2)
NOWHERE = -1  # the argmax of a bin in which no sample was taken


def roi_align_forward(
    input: Tensor,
    rois: Tensor,
    output: Tensor,
    argmax_y: Tensor,
    argmax_x: Tensor,
    aligned_height: int,
    aligned_width: int,
    spatial_scale: float,
    sampling_ratio: int,
    pool_mode: int,
    aligned: bool,
) -> None:
    """Write the pooled regions into ``output`` (for maximum, also both argmax).

    Shapes and units are those of the module.
    """
    dtype = working_dtype(input)
    features, rois = input.to(dtype), rois.to(dtype)
    bins = (aligned_height, aligned_width)
    grid = _sampling_grid(rois, bins, spatial_scale, sampling_ratio, aligned)
    if pool_mode == AVERAGE:
        output.copy_(
            average(features, rois, grid, bins)
            if _all_channels_at_once(features, sampling_ratio)
            else torch.ops.torchvision.roi_align(
                features, rois, spatial_scale, *bins, sampling_ratio, aligned
            )
        )
        return
    pooled = _pool_maximum(features, rois[:, 0].long(), bins, grid)
    for buffer, values in zip((output, argmax_y, argmax_x), pooled, strict=True):
        buffer.copy_(values.permute(0, 3, 1, 2))


def roi_align_backward(
    grad_output: Tensor,
    rois: Tensor,
    argmax_y: Tensor,
    argmax_x: Tensor,
    grad_input: Tensor,
    aligned_height: int,
    aligned_width: int,
    spatial_scale: float,
    sampling_ratio: int,
    pool_mode: int,
    aligned: bool,
) -> None:
    """Add the gradient by the input of :func:`roi_align_forward` to ``grad_input``.

    Shapes and units are those of the module, a gradient having those of its tensor.
    """
    dtype = working_dtype(grad_output)
    grad_output, rois = grad_output.to(dtype), rois.to(dtype)
    bins, shape = (aligned_height, aligned_width), grad_input.shape
    if pool_mode == AVERAGE and _all_channels_at_once(grad_input, sampling_ratio):
        grid = _sampling_grid(rois, bins, spatial_scale, sampling_ratio, aligned)
        gradient = average_gradient(grad_output, rois, grid, shape)
    elif pool_mode == AVERAGE:
        gradient = torch.ops.torchvision._roi_align_backward(
            grad_output, rois, spatial_scale, *bins, *shape, sampling_ratio, aligned
        )
    else:
        image = rois[:, 0].long()
        y, x = argmax_y.to(dtype), argmax_x.to(dtype)
        gradient = _scatter_maximum(grad_output, image, y, x, shape)
    grad_input.add_(gradient)


def _all_channels_at_once(features: Tensor, sampling_ratio: int) -> bool:
    """Whether sums over all channels are faster than torchvision's, channel by channel.

    Measured on CPUs, with a sample per pixel: with 32 channels both take as long.
    """
    return (
        features.device.type == 'cpu' and sampling_ratio <= 0 and features.size(1) >= 32
    )


def _sampling_grid(
    rois: Tensor,
    bins: tuple[int, int],
    spatial_scale: float,
    sampling_ratio: int,
    aligned: bool,
) -> Tensor:
    """First corner, bin size and samples per bin, (3, R, 2) with y before x."""
    corners = rois[:, 1:] * spatial_scale - (0.5 if aligned else 0.0)
    start = corners[:, [1, 0]]
    size = corners[:, [3, 2]] - start
    if not aligned:
        size = size.clamp(min=1)
    size = size / size.new_tensor(bins)
    fixed = sampling_ratio > 0
    samples = torch.full_like(size, sampling_ratio) if fixed else size.ceil()
    return torch.stack([start, size, samples])


def _positions(axis: Tensor, bins: int, number: int) -> Tensor:
    """Coordinate of the numbered sample of each bin, (R, bins).

    Args:
        axis: (3, R), what :func:`_sampling_grid` says about one axis.
        bins: Number of bins on it.
        number: Which sample of each bin.
    """
    start, size, samples = axis[..., None].unbind()
    first = start + torch.arange(bins, device=size.device) * size
    return first + (number + 0.5) * size / samples


def _pool_maximum(
    features: Tensor, image: Tensor, bins: tuple[int, int], grid: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Find the largest sample of each bin and where it lies, each (R, h, w, C)."""
    height, width = features.shape[2:]
    pixels = features.permute(0, 2, 3, 1)
    best = features.new_full((len(image), *bins, features.size(1)), -torch.inf)
    best_y, best_x = (torch.full_like(best, NOWHERE) for _ in range(2))
    samples = grid[2].long()
    for row, col, active in candidates(*samples.unbind(1)):
        y = _positions(grid[:, active, 0], bins[0], row)
        x = _positions(grid[:, active, 1], bins[1], col)
        value = torch.zeros_like(best[active])
        for i, weight_y in neighbours(y, height):
            for j, weight_x in neighbours(x, width):
                weight = weight_y[:, :, None] * weight_x[:, None, :]
                near = pixels[image[active, None, None], i[:, :, None], j[:, None, :]]
                value += weight[..., None] * near
        higher = value > best[active]
        best[active] = torch.where(higher, value, best[active])
        best_y[active] = torch.where(higher, y[:, :, None, None], best_y[active])
        best_x[active] = torch.where(higher, x[:, None, :, None], best_x[active])
    # A region without extent has no samples. The compiled operator writes its
    # starting value there (-1e4 or -3e38); zero is what averaging gives.
    best[(samples < 1).any(1)] = 0
    return best, best_y, best_x


def _scatter_maximum(
    grad_output: Tensor, image: Tensor, y: Tensor, x: Tensor, shape: torch.Size
) -> Tensor:
    """Hand each bin's gradient to the four pixels around its largest sample."""
    _, channels, height, width = shape
    grad_output = torch.where(y == NOWHERE, 0, grad_output)
    plane = image[:, None] * channels + torch.arange(channels, device=image.device)
    gradient = grad_output.new_zeros(shape).flatten()
    for i, weight_y in neighbours(y, height):
        for j, weight_x in neighbours(x, width):
            pixel = (plane[:, :, None, None] * height + i) * width + j
            share = grad_output * weight_y * weight_x
            gradient.index_add_(0, pixel.flatten(), share.flatten())
    return gradient.view(shape)
