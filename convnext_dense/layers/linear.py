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

# Rows at once, if they are WIDE or wider: what lies between two products stays in the
# cache. Narrower ones are more.
AT_ONCE = 2048
WIDE = 384
# Windows for each channel of the input up to which a convolution is a product.
WINDOWS = 32


class Linear(nn.Linear):
    """``nn.Linear`` with faster float32 products on CPUs with AVX-512."""

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., in_features) to (..., out_features)."""
        return linear(x, self.weight, self.bias)


def use_faster_linear(model: nn.Module) -> None:
    """Make every plain ``nn.Linear`` of a model, a host's heads too, a :class:`Linear`.

    Weights, names and results stay; subclasses of others are left alone.
    """
    for module in model.modules():
        if type(module) is nn.Linear:
            module.__class__ = Linear


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


class Patchwise(nn.Conv2d):
    """A convolution whose windows do not overlap, as a product where that is faster.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        side: Of the windows, and from one to the next.
    """

    def __init__(self, in_channels: int, out_channels: int, side: int):
        super().__init__(in_channels, out_channels, side, side)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, in_channels, H, W) to (N, out_channels, H / side, W / side)."""
        side, width = self.stride[0], x.shape[1]
        # With many windows the product's copy of the image costs more than it saves.
        if (
            not _is_for_us(x, self.weight)
            or x.numel() > WINDOWS * (side * width) ** 2
            or min(x.shape[2:]) < side
        ):
            return super().forward(x)
        rows, columns = (length // side for length in x.shape[2:])
        pixels = x.permute(0, 2, 3, 1)[:, : rows * side, : columns * side]
        tiles = pixels.unflatten(2, (columns, side)).unflatten(1, (rows, side))
        windows = tiles.transpose(2, 3).flatten(3)
        weight = self.weight.permute(0, 2, 3, 1).flatten(1)
        return linear(windows, weight, self.bias).permute(0, 3, 1, 2)


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
        and onednn.is_for_us(x)
        # The last: a traced graph must not come to depend on it.
        and x.numel() > 0
    )


def product(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Compute ``x @ weight.T + bias`` of (L, I), (O, I) and (O,) by oneDNN."""
    return onednn.LINEAR(x, weight, bias, 'none', [], '')


class WeightGradient:
    """The sum of ``grad.T @ x`` over parts of (L, O) and (L, I), in float32.

    Args:
        weight: (O, I) or its size, whose gradient it is.
        rows: L of all parts.
    """

    def __init__(self, weight: Tensor, rows: int):
        above, below = weight.shape
        # oneDNN copies what is first: the narrower, if these copies are more than one
        # of the gradient, which then lies in memory the other way round.
        self.flipped = below < above and rows > 3 * below
        self.total: Tensor | None = None

    def add(self, grad: Tensor, x: Tensor) -> None:
        """Add a part."""
        first, second = (x, grad) if self.flipped else (grad, x)
        if grad.dtype == torch.float32:
            part = product(first.t(), second.t())
        else:
            part = (first.t() @ second).float()
        self.total = part if self.total is None else self.total.add_(part)

    def value(self) -> Tensor:
        """Give the sum, (O, I)."""
        assert self.total is not None
        return self.total.t() if self.flipped else self.total


def weight_gradient(grad: Tensor, x: Tensor, weight: Tensor) -> Tensor:
    """Compute ``grad.T @ x`` of (L, O) and (L, I), in float32."""
    total = WeightGradient(weight, len(x))
    for part in parts(max(weight.shape), len(x)):
        total.add(grad[part], x[part])
    return total.value()


def rows_at_once(width: int) -> int:
    """Give the number of rows of a width that the cache holds."""
    return AT_ONCE * max(WIDE, width) // width


def parts(width: int, stop: int, start: int = 0) -> Iterator[slice]:
    """Yield rows of a width in parts that the cache holds."""
    step = rows_at_once(width)
    for first in range(start, stop, step):
        yield slice(first, min(first + step, stop))


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
            weight_gradient(grad, x, weight) if needs[1] else None,
            grad.sum(0) if needs[2] else None,
        )
