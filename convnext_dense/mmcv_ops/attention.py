"""Multi-scale deformable attention: weighted samples from a pyramid.

Shapes, with B images, M heads of D channels, L levels, Q queries and P points: value
(B, S, M, D), all pixels of all levels; value_spatial_shapes (L, 2) int64, height and
width; value_level_start_index (L,) int64; sampling_locations (B, Q, M, L, P, 2), x and
y as fractions of the level; attention_weights (B, Q, M, L, P).

``im2col_step`` bounds the work memory of the compiled operator; here one level is held
at a time, so it only completes the signatures. Sizes of levels are read on the host.
Source: open-mmlab/mmcv, mmcv/ops/csrc/common/cuda/ms_deform_attn_cuda_kernel.cuh;
Zhu et al., Deformable DETR.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn.functional import grid_sample

from convnext_dense.mmcv_ops.precision import working_dtype

BILINEAR = ZEROS = 0  # torch's numbers for the interpolation and for the padding


def ms_deform_attn_forward(
    value: Tensor,
    value_spatial_shapes: Tensor,
    value_level_start_index: Tensor,
    sampling_locations: Tensor,
    attention_weights: Tensor,
    im2col_step: int,
) -> Tensor:
    """Sum the samples of all levels and points, weighted by attention.

    Returns:
        (B, Q, M * D), in the dtype of ``value``; other shapes are the module's.
    """
    del im2col_step
    weights = _per_head(attention_weights, working_dtype(value))  # (B M, Q, L, P)
    batch, _, heads, channels = value.shape
    output = weights.new_zeros(batch * heads, channels, weights.size(1))
    levels = _levels(
        value, value_spatial_shapes, value_level_start_index, sampling_locations
    )
    for level, (_, pixels, grid) in enumerate(levels):
        samples = grid_sample(pixels, grid, align_corners=False)  # (B M, D, Q, P)
        output += (samples * weights[:, None, :, level]).sum(-1)
    output = output.view(batch, heads * channels, -1).transpose(1, 2)
    return output.to(value.dtype).contiguous()


def ms_deform_attn_backward(
    value: Tensor,
    value_spatial_shapes: Tensor,
    value_level_start_index: Tensor,
    sampling_locations: Tensor,
    attention_weights: Tensor,
    grad_output: Tensor,
    grad_value: Tensor,
    grad_sampling_loc: Tensor,
    grad_attn_weight: Tensor,
    im2col_step: int,
) -> None:
    """Add the gradients of :func:`ms_deform_attn_forward` to the three buffers.

    Shapes are those of the module, ``grad_output`` being (B, Q, M * D).
    """
    del im2col_step
    dtype = working_dtype(value)
    weights = _per_head(attention_weights, dtype)
    batch, _, heads, channels = value.shape
    top = grad_output.to(dtype).transpose(1, 2)
    top = top.reshape(batch * heads, channels, -1, 1)  # (B M, D, Q, 1)
    levels = _levels(
        value, value_spatial_shapes, value_level_start_index, sampling_locations
    )
    for level, (place, pixels, grid) in enumerate(levels):
        samples = grid_sample(pixels, grid, align_corners=False)
        grad_weight = (samples * top).sum(1)  # (B M, Q, P)
        grad_samples = top * weights[:, None, :, level]
        grad_pixels, grad_grid = torch.ops.aten.grid_sampler_2d_backward(
            grad_samples, pixels, grid, BILINEAR, ZEROS, False, [True, True]
        )
        grad_pixels = grad_pixels.view(batch, heads, channels, -1)
        grad_value[:, place] += grad_pixels.permute(0, 3, 1, 2)
        # The grid runs from -1 to 1, locations from 0 to 1.
        grad_sampling_loc[:, :, :, level] += 2 * _per_query(grad_grid, batch)
        grad_attn_weight[:, :, :, level] += _per_query(grad_weight, batch)


def _levels(
    value: Tensor, spatial_shapes: Tensor, starts: Tensor, locations: Tensor
) -> Iterator[tuple[slice, Tensor, Tensor]]:
    """Yield, per level, its place in S, its (B M, D, h, w) pixels, (B M, Q, P, 2)."""
    batch, _, heads, channels = value.shape
    dtype = working_dtype(value)
    grid = 2 * _per_head(locations, dtype) - 1
    sizes = zip(spatial_shapes.tolist(), starts.tolist(), strict=True)
    for level, ((height, width), start) in enumerate(sizes):
        place = slice(start, start + height * width)
        pixels = value[:, place].to(dtype).permute(0, 2, 3, 1)
        pixels = pixels.reshape(batch * heads, channels, height, width)
        yield place, pixels, grid[:, :, level]


def _per_head(tensor: Tensor, dtype: torch.dtype) -> Tensor:
    """(B, Q, M, ...) to (B M, Q, ...)."""
    return tensor.to(dtype).transpose(1, 2).flatten(0, 1)


def _per_query(tensor: Tensor, batch: int) -> Tensor:
    """(B M, Q, ...) to (B, Q, M, ...)."""
    return tensor.unflatten(0, (batch, -1)).transpose(1, 2)
