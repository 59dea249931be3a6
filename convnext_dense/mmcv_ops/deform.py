"""Deformable convolution, without (v1) and with (v2) a modulation mask.

Shapes, with K = kH * kW kernel taps and G deformable groups: input (N, C, H, W),
weight (D, C / group, kH, kW), bias (D,), output (N, D, H', W'), offset
(N, 2 G K, H', W') in pixels, y before x for every group and tap, mask (N, G K, H', W').
Gradients have the shape of what they belong to.

torchvision uses the same layout and sizes its own work memory, so the arguments
``columns``, ``ones`` and ``im2col_step`` only complete the signatures.
Source: open-mmlab/mmcv, mmcv/ops/csrc/pytorch/deform_conv.cpp and
modulated_deform_conv.cpp.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torchvision  # noqa: F401  (registers torch.ops.torchvision)
from torch import Tensor

from convnext_dense.mmcv_ops.precision import working_dtype

# As torchvision takes them: strides, paddings and dilations, each along H and then W,
# groups and deformable groups.
Geometry = tuple[int, ...]


class Gradients(NamedTuple):
    """What torchvision's backward pass returns, in its order."""

    input: Tensor
    weight: Tensor
    offset: Tensor
    mask: Tensor
    bias: Tensor


def deform_conv_forward(
    input: Tensor,
    weight: Tensor,
    offset: Tensor,
    output: Tensor,
    columns: Tensor,
    ones: Tensor,
    kW: int,
    kH: int,
    dW: int,
    dH: int,
    padW: int,
    padH: int,
    dilationW: int,
    dilationH: int,
    group: int,
    deformable_group: int,
    im2col_step: int,
) -> None:
    """Write the convolution at positions moved by ``offset`` into ``output``.

    Shapes are those of the module; dW and dH are the strides.
    """
    del columns, ones, im2col_step, kW, kH  # the weight knows its size
    geometry = (dH, dW, padH, padW, dilationH, dilationW, group, deformable_group)
    output.copy_(_convolve(input, weight, offset, None, None, geometry))


def deform_conv_backward_input(
    input: Tensor,
    offset: Tensor,
    gradOutput: Tensor,
    gradInput: Tensor,
    gradOffset: Tensor,
    weight: Tensor,
    columns: Tensor,
    kW: int,
    kH: int,
    dW: int,
    dH: int,
    padW: int,
    padH: int,
    dilationW: int,
    dilationH: int,
    group: int,
    deformable_group: int,
    im2col_step: int,
) -> None:
    """Add the gradient to ``gradInput`` and write it into ``gradOffset``."""
    del columns, im2col_step, kW, kH
    geometry = (dH, dW, padH, padW, dilationH, dilationW, group, deformable_group)
    gradients = _gradients(gradOutput, input, weight, offset, None, geometry)
    gradInput.add_(gradients.input)
    gradOffset.copy_(gradients.offset)


def deform_conv_backward_parameters(
    input: Tensor,
    offset: Tensor,
    gradOutput: Tensor,
    gradWeight: Tensor,
    columns: Tensor,
    ones: Tensor,
    kW: int,
    kH: int,
    dW: int,
    dH: int,
    padW: int,
    padH: int,
    dilationW: int,
    dilationH: int,
    group: int,
    deformable_group: int,
    scale: float,
    im2col_step: int,
) -> None:
    """Add ``scale`` times the gradient by the weight to ``gradWeight``.

    torchvision has no pass for this gradient alone: the other ones are computed
    again and dropped.
    """
    del columns, ones, im2col_step, kW, kH
    geometry = (dH, dW, padH, padW, dilationH, dilationW, group, deformable_group)
    # The gradient by the weight does not depend on the weight.
    weight = torch.zeros_like(gradWeight)
    gradients = _gradients(gradOutput, input, weight, offset, None, geometry)
    gradWeight.add_(gradients.weight.to(gradWeight), alpha=scale)


def modulated_deform_conv_forward(
    input: Tensor,
    weight: Tensor,
    bias: Tensor,
    ones: Tensor,
    offset: Tensor,
    mask: Tensor,
    output: Tensor,
    columns: Tensor,
    kernel_h: int,
    kernel_w: int,
    stride_h: int,
    stride_w: int,
    pad_h: int,
    pad_w: int,
    dilation_h: int,
    dilation_w: int,
    group: int,
    deformable_group: int,
    with_bias: bool,
) -> None:
    """Write the convolution of moved samples times ``mask`` into ``output``.

    Shapes are those of the module; ``bias`` is read only if ``with_bias``.
    """
    del ones, columns, kernel_h, kernel_w
    steps = (stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w)
    geometry = (*steps, group, deformable_group)
    used_bias = bias if with_bias else None
    output.copy_(_convolve(input, weight, offset, mask, used_bias, geometry))


def modulated_deform_conv_backward(
    input: Tensor,
    weight: Tensor,
    bias: Tensor,
    ones: Tensor,
    offset: Tensor,
    mask: Tensor,
    columns: Tensor,
    grad_input: Tensor,
    grad_weight: Tensor,
    grad_bias: Tensor,
    grad_offset: Tensor,
    grad_mask: Tensor,
    grad_output: Tensor,
    kernel_h: int,
    kernel_w: int,
    stride_h: int,
    stride_w: int,
    pad_h: int,
    pad_w: int,
    dilation_h: int,
    dilation_w: int,
    group: int,
    deformable_group: int,
    with_bias: bool,
) -> None:
    """Write the gradients by offset and mask, add the others to their buffers."""
    del bias, ones, columns, kernel_h, kernel_w
    steps = (stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w)
    geometry = (*steps, group, deformable_group)
    gradients = _gradients(grad_output, input, weight, offset, mask, geometry)
    grad_input.add_(gradients.input)
    grad_weight.add_(gradients.weight)
    grad_offset.copy_(gradients.offset)
    grad_mask.copy_(gradients.mask)
    if with_bias:
        grad_bias.add_(gradients.bias)


def _convolve(
    input: Tensor,
    weight: Tensor,
    offset: Tensor,
    mask: Tensor | None,
    bias: Tensor | None,
    geometry: Geometry,
) -> Tensor:
    dtype = working_dtype(input)
    bias = weight.new_zeros(len(weight)) if bias is None else bias
    tensors = (input, weight, offset, _mask(mask, input), bias)
    return torch.ops.torchvision.deform_conv2d(
        *(tensor.to(dtype) for tensor in tensors), *geometry, mask is not None
    )


def _gradients(
    grad_output: Tensor,
    input: Tensor,
    weight: Tensor,
    offset: Tensor,
    mask: Tensor | None,
    geometry: Geometry,
) -> Gradients:
    dtype = working_dtype(input)
    bias = weight.new_zeros(len(weight))  # its values do not enter any gradient
    tensors = (grad_output, input, weight, offset, _mask(mask, input), bias)
    return Gradients(
        *torch.ops.torchvision._deform_conv2d_backward(
            *(tensor.to(dtype) for tensor in tensors), *geometry, mask is not None
        )
    )


def _mask(mask: Tensor | None, input: Tensor) -> Tensor:
    """Satisfy torchvision's signature where there is no mask."""
    return input.new_zeros(len(input), 1) if mask is None else mask
