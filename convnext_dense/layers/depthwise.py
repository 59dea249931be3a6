"""Depthwise convolution, by those of oneDNN's kernels that are fast for its size."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from . import onednn

NARROW = 3  # columns of a kernel up to which oneDNN's weight gradient is fast
# Side of a kernel and columns of an image from which oneDNN's input gradient is faster
# than its convolution.
WIDE, LONG = 11, 24


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
        if dtype is None:
            return super().forward(x)
        assert self.bias is not None
        weight, bias = self.weight.to(dtype), self.bias.to(dtype)
        return _Convolution.apply(x.to(dtype), weight, bias)


class _Convolution(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        x = x.contiguous(memory_format=torch.channels_last)
        ctx.save_for_backward(x, weight)
        return convolve(x, weight, bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        grad = grad.contiguous(memory_format=torch.channels_last)
        needs = ctx.needs_input_grad
        return (
            convolve(grad, weight.flip(2, 3)) if needs[0] else None,
            weight_gradient(grad, x, weight) if needs[1] else None,
            grad.sum((0, 2, 3)) if needs[2] else None,
        )


def convolve(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Convolve by the faster of two ways.

    The input gradient of a convolution is the convolution by its kernels turned by
    half a turn, and the other way round.

    Args:
        x: (N, C, H, W), channels last.
        weight: (C, 1, k, k), k odd.
        bias: (C,).
    """
    side = weight.shape[2]
    if side < WIDE or x.shape[3] <= LONG:
        return F.conv2d(x, weight, bias, padding=side // 2, groups=x.shape[1])
    y = _gradients(x, x, weight.flip(2, 3), 0)
    return y if bias is None else y.add_(bias[:, None, None])


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
    if side <= NARROW:
        return _gradients(grad, x, weight, 1)
    middle = side // 2
    # As many zeros between rows as places to move by: then to move is to read from
    # another place. The first is before a row, the others are behind it.
    across = length + middle
    inside = slice(1, 1 + length)
    pixels = number * height * across
    memory = grad.new_zeros((pixels + 2 * middle) * width)

    def moved(by: int) -> Tensor:
        start = (middle - by) * width
        there = memory[start : start + pixels * width]
        return there.view(number, height, across, width).permute(0, 3, 1, 2)

    moved(0)[..., inside] = grad
    # Zeros above and below, too: kernels higher than the image are slow otherwise.
    padded = x.new_zeros(number, height + 2 * middle, across, width)
    padded = padded.permute(0, 3, 1, 2)
    padded[:, :, middle : middle + height, inside] = x
    parts = []
    for first in range(0, side, NARROW):
        # There is no fast kernel for two.
        columns = 1 if side - first == 1 else NARROW
        by = first + columns // 2 - middle
        part = _gradients(moved(by), padded, weight[..., :columns], 1, rows=0)
        parts.append(part)
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
