"""Depthwise convolution, whose weight gradient is put together from narrow kernels."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from . import onednn

NARROW = 3  # columns of a kernel up to which oneDNN's weight gradient is fast


class DepthwiseConv2d(nn.Conv2d):
    """One square kernel of odd side per channel, stride 1, the size of input kept.

    Args:
        width: Number of channels.
        kernel_size: Side of the kernels, odd.
    """

    def __init__(self, width: int, kernel_size: int):
        padding = kernel_size // 2
        super().__init__(width, width, kernel_size, padding=padding, groups=width)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to the same shape."""
        dtype = onednn.dtype_for(x, self.weight)
        if (
            dtype is None
            or self.kernel_size[0] <= NARROW
            or not torch.is_grad_enabled()
            or not self.weight.requires_grad
        ):
            return super().forward(x)
        assert self.bias is not None
        weight, bias = self.weight.to(dtype), self.bias.to(dtype)
        return _Convolution.apply(x.to(dtype), weight, bias)


class _Convolution(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        x = x.contiguous(memory_format=torch.channels_last)
        ctx.save_for_backward(x, weight)
        return F.conv2d(x, weight, bias, padding=weight.shape[2] // 2, groups=len(x[0]))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        grad = grad.contiguous(memory_format=torch.channels_last)
        needs = ctx.needs_input_grad
        return (
            _gradients(grad, x, weight, 0) if needs[0] else None,
            weight_gradient(grad, x, weight) if needs[1] else None,
            grad.sum((0, 2, 3)) if needs[2] else None,
        )


def weight_gradient(grad: Tensor, x: Tensor, weight: Tensor) -> Tensor:
    """Compute the gradient by the weight from groups of three of its columns.

    A column j places from the middle correlates the input with the gradient moved j
    places; so three columns around it are a narrow kernel's for a moved gradient.

    Args:
        grad: (N, C, H, W) gradient by the output.
        x: (N, C, H, W) input.
        weight: (C, 1, k, k), k odd.
    """
    number, width, height, length = x.shape
    side = weight.shape[3]
    middle = side // 2
    margin = middle + 1
    # Between rows with zeros at both ends, to move is to read from another place.
    rows = number * height * (length + 2 * margin)
    memory = grad.new_zeros((rows + 2 * margin) * width)

    def moved(by: int) -> Tensor:
        start = (margin - by) * width
        pixels = memory[start : start + rows * width]
        return pixels.view(number, height, -1, width).permute(0, 3, 1, 2)

    moved(0)[..., margin : margin + length] = grad
    # Zeros above and below, too: kernels higher than the image are slow otherwise.
    x = F.pad(x, (margin, margin, middle, middle))
    x = x.contiguous(memory_format=torch.channels_last)
    parts = []
    for first in range(0, side, NARROW):
        # There is no fast kernel for two.
        columns = 1 if side - first == 1 else NARROW
        by = first + columns // 2 - middle
        parts.append(_gradients(moved(by), x, weight[..., :columns], 1, rows=0))
    return torch.cat(parts, dim=3)[..., :side]


def _gradients(
    grad: Tensor, x: Tensor, weight: Tensor, which: int, rows: int | None = None
) -> Tensor:
    """Give the gradient by the input (0) or the weight (1); ``rows`` of padding."""
    mask = [False, False, False]
    mask[which] = True
    padding = [
        weight.shape[2] // 2 if rows is None else rows,
        weight.shape[3] // 2,
    ]
    return torch.ops.aten.convolution_backward(
        grad,
        x,
        weight,
        None,
        [1, 1],
        padding,
        [1, 1],
        False,
        [0, 0],
        x.shape[1],
        mask,
    )[which]
