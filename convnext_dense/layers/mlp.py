"""Linear, GELU and linear, a few positions at a time.

What lies between the layers is four times as wide as what comes and goes. Done at once
for all positions, each of these steps waits for memory; done for a few, the wide part
stays in the cache. For the gradient one wide tensor is kept instead of two: the other
costs less to compute again.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from . import onednn
from .global_response_norm import GlobalResponseNorm
from .linear import WeightGradient, parts, product


def is_for_us(x: Tensor, *layers: nn.Module, fewest: int = 1) -> bool:
    """Tell whether :func:`mlp` or :func:`normed_mlp` is to be used for a tensor.

    Args:
        x: (..., C).
        *layers: The layers: none that another class stands in for, or whose hooks
            would not be called.
        fewest: Positions from which it wins.
    """
    return (
        onednn.LINEAR is not None
        and all(
            isinstance(layer, nn.Linear | GlobalResponseNorm)
            and not layer._forward_hooks
            and not layer._forward_pre_hooks
            and all(onednn.dtype_for(x, p) is not None for p in layer.parameters())
            for layer in layers
        )
        # The last: a traced graph must not come to depend on it.
        and x.shape[:-1].numel() >= fewest
    )


def mlp(x: Tensor, fc1: nn.Linear, fc2: nn.Linear, scale: Tensor | None) -> Tensor:
    """Compute ``fc2(gelu(fc1(x))) * scale``, (..., C) to the same shape.

    Args:
        x: Positions.
        fc1: From C to the wide part.
        fc2: From there to C.
        scale: (C,), which goes into the weights of ``fc2``; None for none.
    """
    weight: Tensor = fc2.weight
    bias: Tensor = fc2.bias
    rows = x.to(onednn.dtype_for(x, fc1.weight)).reshape(-1, x.shape[-1])
    if scale is not None:
        weight, bias = weight * scale[:, None], bias * scale
    tensors = (rows, fc1.weight, fc1.bias, weight, bias)
    return _MLP.apply(gradients_wanted(tensors), *tensors).view(x.shape)


def gradients_wanted(tensors: tuple[Tensor, ...]) -> bool:
    """Tell whether autograd will ask for the gradient by any of these."""
    return torch.is_grad_enabled() and any(t.requires_grad for t in tensors)


class _MLP(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, keep: bool, x: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor
    ) -> Tensor:
        hidden: list[Tensor] | None = [] if keep else None
        first, second = cast(x, w1, b1), cast(x, w2, b2)
        y = Rows(len(x))
        for part in parts(len(w1), len(x)):
            y.add(product(activated(x[part], *first, hidden), *second))
        if hidden is not None:
            ctx.save_for_backward(x, w1, w2, *hidden)
        return y.whole

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, w1, w2, *hidden = ctx.saved_tensors
        grad = grad.contiguous()
        back = FirstLayer(w1, x)
        grad_w2 = WeightGradient(w2, len(x))
        transposed = w2.to(x.dtype).t()
        for part, h in zip(parts(len(w1), len(x)), hidden, strict=True):
            grad_w2.add(grad[part], F.gelu(h))
            back.add(x[part], h, product(grad[part], transposed))
        return None, *back.gradients(), grad_w2.value(), total(grad)


class FirstLayer:
    """What flows back through GELU and the first layer, added up part by part.

    Args:
        weight: (wide, C).
        x: (L, C), all of the input.
    """

    def __init__(self, weight: Tensor, x: Tensor):
        self.weight = weight.to(x.dtype).t()
        self.by_x = Rows(len(x))
        self.by_weight = WeightGradient(weight, len(x))
        self.by_bias = torch.zeros(len(weight))

    def add(self, x: Tensor, hidden: Tensor, grad: Tensor) -> None:
        """Add the next rows: input, (l, wide) before GELU, the gradient behind it."""
        grad = torch.ops.aten.gelu_backward(grad, hidden)
        self.by_weight.add(grad, x)
        self.by_bias += total(grad)
        self.by_x.add(product(grad, self.weight))

    def gradients(self) -> tuple[Tensor, Tensor, Tensor]:
        """Give the gradients by input, weight and bias."""
        return self.by_x.whole, self.by_weight.value(), self.by_bias


def activated(
    x: Tensor, weight: Tensor, bias: Tensor, hidden: list[Tensor] | None
) -> Tensor:
    """Go through the first layer and GELU; what is between goes to ``hidden``."""
    if hidden is None:
        return onednn.LINEAR(x, weight, bias, 'gelu', [], 'none')
    hidden.append(product(x, weight, bias))
    return F.gelu(hidden[-1])


class Rows:
    """Rows that come in parts, copied while the cache holds them; one part is not.

    Args:
        number: Of all rows.
    """

    whole: Tensor

    def __init__(self, number: int):
        self.number = number
        self.filled = 0

    def add(self, part: Tensor) -> None:
        """Append a part."""
        if len(part) == self.number:
            self.whole = part
            return
        if not self.filled:
            self.whole = part.new_empty(self.number, *part.shape[1:])
        self.whole[self.filled : self.filled + len(part)] = part
        self.filled += len(part)


def cast(x: Tensor, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    """Give weight and bias in the precision of their input."""
    return weight.to(x.dtype), bias.to(x.dtype)


def total(grad: Tensor) -> Tensor:
    """Give the sum of rows in float32: the gradient by a bias."""
    return grad.sum(0, dtype=torch.float32)
