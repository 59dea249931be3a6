"""A fully connected layer that runs at the rate of the machine."""

from collections.abc import Iterator
from math import prod
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.utils.flop_counter import register_flop_formula

from . import onednn

# Rows at once for which what lies between two products stays in a core's cache.
AT_ONCE = 2048


class Linear(nn.Linear):
    """``nn.Linear`` with faster float32 products on CPUs with AVX-512."""

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., in_features) to (..., out_features)."""
        return linear(x, self.weight, self.bias)


class Pointwise(nn.Conv2d):
    """A 1x1 convolution, computed as a product of pixels where that is faster.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
    """

    def __init__(self, in_channels: int, out_channels: int):
        super().__init__(in_channels, out_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, in_channels, H, W) to (N, out_channels, H, W)."""
        if not _is_for_us(x, self.weight):
            return super().forward(x)
        weight = self.weight.flatten(1)
        return linear(x.permute(0, 2, 3, 1), weight, self.bias).permute(0, 3, 1, 2)


def linear(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Compute ``F.linear``, (..., I) to (..., O), by the faster library."""
    if not _is_for_us(x, weight):
        return F.linear(x, weight, bias)
    y = _Product.apply(x.reshape(-1, x.shape[-1]), weight, bias)
    return y.view(*x.shape[:-1], len(weight))


def _is_for_us(x: Tensor, weight: Tensor) -> bool:
    return (
        onednn.LINEAR is not None
        and x.dtype == weight.dtype == torch.float32
        and not torch.is_autocast_enabled('cpu')
        and x.numel() > 0
        and onednn.is_for_us(x)
    )


def product(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Compute ``x @ weight.T + bias`` of (L, I), (O, I) and (O,) by oneDNN."""
    return onednn.LINEAR(x, weight, bias, 'none', [], '')


def weight_gradient(grad: Tensor, x: Tensor) -> Tensor:
    """Compute ``grad.T @ x`` of (L, O) and (L, I), in float32."""
    flipped = grad.shape[1] > x.shape[1]
    narrow, wide = (x, grad) if flipped else (grad, x)
    total = None
    for part in parts(len(x)):
        total = added(total, joint(narrow[part], wide[part]))
    assert total is not None
    return total.t() if flipped else total


def joint(narrow: Tensor, wide: Tensor) -> Tensor:
    """Compute ``narrow.T @ wide`` of (L, n) and (L, m), n being the smaller."""
    if narrow.dtype == torch.float32:
        # oneDNN copies what is first, and so should copy the smaller.
        return product(narrow.t(), wide.t())
    return narrow.t() @ wide


def parts(number: int) -> Iterator[slice]:
    """Yield rows in parts that the cache holds."""
    for start in range(0, number, AT_ONCE):
        yield slice(start, start + AT_ONCE)


def added(total: Tensor | None, part: Tensor) -> Tensor:
    """Add a part to a sum, in float32."""
    return part.float() if total is None else total.add_(part)


def count_product(
    x: tuple[int, ...], weight: tuple[int, ...], *_: Any, **__: Any
) -> int:
    """Tell torch's counter of operations what a product costs."""
    return 2 * prod(x) * weight[0]


if onednn.LINEAR is not None:
    register_flop_formula(onednn.LINEAR)(count_product)


class _Product(torch.autograd.Function):
    """The product and its gradients, each one product more."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, weight)
        return product(x, weight, bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        grad = grad.contiguous()
        needs = ctx.needs_input_grad
        return (
            product(grad, weight.t()) if needs[0] else None,
            weight_gradient(grad, x) if needs[1] else None,
            grad.sum(0) if needs[2] else None,
        )
