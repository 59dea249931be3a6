"""RoIPool: the largest pixel of each bin of a region.

RoIs are rows (image index, x1, y1, x2, y2), corners in pixels of the input image, the
second corner included. Bins are not rounded to the grid of the feature map as
torchvision does before dividing a region; on whole pixels the two agree. The compiled
extension has RoIPool on the GPU only.
Source: open-mmlab/mmcv, mmcv/ops/csrc/common/cuda/roi_pool_cuda_kernel.cuh.
"""

from __future__ import annotations

import torch
import torchvision  # noqa: F401  (registers torch.ops.torchvision)
from torch import Tensor

from convnext_dense.mmcv_ops.precision import working_dtype
from convnext_dense.mmcv_ops.sampling import candidates


def roi_pool_forward(
    input: Tensor,
    rois: Tensor,
    output: Tensor,
    argmax: Tensor,
    pooled_height: int,
    pooled_width: int,
    spatial_scale: float,
) -> None:
    """Write the largest pixel of each bin, and which one it is.

    Args:
        input: (N, C, H, W).
        rois: (R, 5), see the module.
        output: (R, C, pooled_height, pooled_width) buffer; empty bins get 0.
        argmax: int32 buffer of the same shape: y * W + x of the pixel, or -1.
        pooled_height: Rows of bins.
        pooled_width: Columns of bins.
        spatial_scale: Pixels of ``input`` per pixel of the image.
    """
    dtype = working_dtype(input)
    features, rois = input.to(dtype), rois.to(dtype)
    height, width = features.shape[2:]
    start, end = rois[:, 1:3] * spatial_scale, (rois[:, 3:] + 1) * spatial_scale
    left, right = _edges(start[:, 0], end[:, 0], pooled_width, width)
    upper, lower = _edges(start[:, 1], end[:, 1], pooled_height, height)
    # As in the kernel, a region turned inside out is empty on both axes. The kernel
    # leaves its argmax at 0, which lets gradients into pixel 0; here it is -1.
    valid = (end > start).all(1)[:, None]
    lower, right = torch.where(valid, lower, upper), torch.where(valid, right, left)

    best, where = _pool(features, rois[:, 0].long(), (upper, lower), (left, right))
    output.copy_(best.permute(0, 3, 1, 2))
    argmax.copy_(where.permute(0, 3, 1, 2))


def roi_pool_backward(
    grad_output: Tensor,
    rois: Tensor,
    argmax: Tensor,
    grad_input: Tensor,
    pooled_height: int,
    pooled_width: int,
    spatial_scale: float,
) -> None:
    """Add the gradient by the input of :func:`roi_pool_forward`.

    Args:
        grad_output: (R, C, pooled_height, pooled_width).
        rois: (R, 5), see the module.
        argmax: int32 indices that the forward pass recorded.
        grad_input: (N, C, H, W) buffer, to which the gradient is added.
        pooled_height: As in the forward pass.
        pooled_width: As in the forward pass.
        spatial_scale: As in the forward pass.
    """
    dtype = working_dtype(grad_output)
    gradient = torch.ops.torchvision._roi_pool_backward(
        grad_output.to(dtype),
        rois.to(dtype),
        argmax,
        spatial_scale,
        pooled_height,
        pooled_width,
        *grad_input.shape,
    )
    grad_input.add_(gradient)


def _edges(start: Tensor, end: Tensor, bins: int, size: int) -> tuple[Tensor, Tensor]:
    """First pixel of each bin and the one after its last, each (R, bins) int64."""
    number = torch.arange(bins, device=start.device)
    step = (end - start)[:, None] / bins
    first = (number * step + start[:, None]).floor()
    last = ((number + 1) * step + start[:, None]).ceil()
    return first.clamp(0, size).long(), last.clamp(0, size).long()


def _pool(
    features: Tensor,
    image: Tensor,
    rows: tuple[Tensor, Tensor],
    cols: tuple[Tensor, Tensor],
) -> tuple[Tensor, Tensor]:
    """Maximum and its pixel index over bins given by their edges, (R, h, w, C)."""
    height, width = features.shape[2:]
    pixels = features.permute(0, 2, 3, 1)
    (upper, lower), (left, right) = rows, cols
    shape = (len(image), upper.size(1), left.size(1), features.size(1))
    best = features.new_full(shape, -torch.inf)
    where = torch.full(shape, -1, dtype=torch.int64, device=features.device)
    most_rows, most_cols = (lower - upper).amax(1), (right - left).amax(1)
    for row, col, active in candidates(most_rows, most_cols):
        y, x = upper[active] + row, left[active] + col  # (A, h), (A, w)
        inside = (y < lower[active])[:, :, None] & (x < right[active])[:, None, :]
        y, x = y.clamp(max=height - 1)[:, :, None], x.clamp(max=width - 1)[:, None, :]
        value = pixels[image[active, None, None], y, x]
        higher = (value > best[active]) & inside[..., None]
        best[active] = torch.where(higher, value, best[active])
        where[active] = torch.where(higher, (y * width + x)[..., None], where[active])
    return torch.where(where < 0, 0, best), where
