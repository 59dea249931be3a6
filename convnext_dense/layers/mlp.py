"""Linear, GELU and linear, a few positions at a time.

What lies between the layers is four times as wide as what comes and goes. Done at once
for all positions, each of these steps waits for memory; done for a few, the wide part
stays in the cache. For the gradient one wide tensor is kept instead of two, or three
with a norm between the layers: the others cost less to compute again.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from . import onednn
from .global_response_norm import GlobalResponseNorm
from .linear import added, joint, parts, product

# Positions of an image below which it gains nothing from weights of its own.
FEWEST = 1024


def is_for_us(x: Tensor, fewest: int, *layers: nn.Module) -> bool:
    """Tell whether :func:`mlp` and :func:`normed_mlp` are to be used for a tensor.

    Args:
        x: (..., C).
        fewest: Positions from which they win.
        *layers: The layers: none that another class stands in for, or whose hooks
            would not be called.
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
    return _MLP.apply(_gradients(tensors), *tensors).view(x.shape)


def normed_mlp(
    x: Tensor, fc1: nn.Linear, norm: GlobalResponseNorm, fc2: nn.Linear
) -> Tensor:
    """Compute ``fc2(norm(gelu(fc1(x))))``, (N, H, W, C) to the same shape.

    The norm is a scale for each image and channel; it goes into weights of ``fc2`` for
    each image.
    """
    images = x.to(onednn.dtype_for(x, fc1.weight)).reshape(len(x), -1, x.shape[-1])
    tensors = (
        images, fc1.weight, fc1.bias, fc2.weight, fc2.bias, norm.gamma, norm.beta
    )  # fmt: skip
    return _NormedMLP.apply(_gradients(tensors), norm.eps, *tensors).view(x.shape)


def _gradients(tensors: tuple[Tensor, ...]) -> bool:
    return torch.is_grad_enabled() and any(t.requires_grad for t in tensors)


class _MLP(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, keep: bool, x: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor
    ) -> Tensor:
        hidden = x.new_empty(len(x), len(w1)) if keep else None
        first, second = _cast(x, w1, b1), _cast(x, w2, b2)
        y = x.new_empty(len(x), len(w2))
        for part in parts(len(x)):
            y[part] = product(_activated(x[part], *first, hidden, part), *second)
        if keep:
            ctx.save_for_backward(x, hidden, w1, w2)
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, hidden, w1, w2 = ctx.saved_tensors
        grad = grad.contiguous()
        back = _First(x, w1)
        grad_w2 = None
        transposed = w2.to(x.dtype).t()
        for part in parts(len(x)):
            h = hidden[part]
            grad_w2 = added(grad_w2, joint(grad[part], F.gelu(h)))
            back.add(part, h, product(grad[part], transposed))
        return None, *back.gradients(), grad_w2, _sum(grad)


class _NormedMLP(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        keep: bool,
        eps: float,
        x: Tensor,
        w1: Tensor,
        b1: Tensor,
        w2: Tensor,
        b2: Tensor,
        gamma: Tensor,
        beta: Tensor,
    ) -> Tensor:
        number, positions, _ = x.shape
        hidden = x.new_empty(number, positions, len(w1)) if keep else None
        # A sum of squares over an image overflows half precision.
        norms = torch.zeros(number, len(w1), dtype=torch.float32)
        first = _cast(x, w1, b1)
        shift = b2 + w2 @ beta
        y = x.new_empty(number, positions, len(w2))
        wide = x.new_empty(positions, len(w1))
        for n, image in enumerate(x):
            kept = None if hidden is None else hidden[n]
            for part in parts(positions):
                wide[part] = a = _activated(image[part], *first, kept, part)
                norms[n] += a.to(norms.dtype).square().sum(0)
            norms[n].sqrt_()
            second = _cast(x, w2 * (1 + gamma * _response(norms[n], eps)), shift)
            for part in parts(positions):
                y[n, part] = product(wide[part], *second)
        if keep:
            ctx.save_for_backward(x, hidden, w1, w2, gamma, beta, norms)
            ctx.eps = eps
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, hidden, w1, w2, gamma, beta, norms = ctx.saved_tensors
        grad = grad.contiguous()
        back = _First(x, w1)
        grad_w2, grad_gamma = (
            torch.zeros_like(t, dtype=torch.float32) for t in (w2, gamma)
        )
        for n, (g, h, norm) in enumerate(zip(grad, hidden, norms, strict=True)):
            response = _response(norm, ctx.eps)
            scale = 1 + gamma * response
            # By the weights of this image, which are w2 times the scale.
            by_weight = None
            for part in parts(len(h)):
                by_weight = added(by_weight, joint(g[part], F.gelu(h[part])))
            grad_w2 += by_weight * scale
            by_scale = (by_weight * w2).sum(0)
            grad_gamma += by_scale * response
            by_norm = _through_response(by_scale * gamma, norm, ctx.eps)
            # The norm's own gradient is the direction of what it is the norm of.
            pull = torch.where(norm > 0, by_norm / norm, 0).to(x.dtype)
            transposed = (w2 * scale).to(x.dtype).t()
            for part in parts(len(h)):
                by_wide = product(g[part], transposed)
                by_wide.addcmul_(F.gelu(h[part]), pull)
                back.add((n, part), h[part], by_wide)
        grad_b2 = _sum(grad.flatten(0, 1))
        grad_w2 += grad_b2[:, None] * beta
        grad_beta = grad_b2 @ w2.float()
        found = (grad_w2, grad_b2, grad_gamma, grad_beta)
        return None, None, *back.gradients(), *found


class _First:
    """What flows back through GELU and the first layer, added up part by part."""

    def __init__(self, x: Tensor, weight: Tensor):
        self.x = x
        self.weight = weight.to(x.dtype).t()
        self.by_x = torch.empty_like(x)
        self.by_weight: Tensor | None = None
        self.by_bias = torch.zeros(len(weight))

    def add(self, part: Any, hidden: Tensor, grad: Tensor) -> None:
        grad = torch.ops.aten.gelu_backward(grad, hidden)
        self.by_weight = added(self.by_weight, joint(self.x[part], grad))
        self.by_bias += _sum(grad)
        self.by_x[part] = product(grad, self.weight)

    def gradients(self) -> tuple[Tensor, Tensor, Tensor]:
        assert self.by_weight is not None
        return self.by_x, self.by_weight.t(), self.by_bias


def _activated(
    x: Tensor, weight: Tensor, bias: Tensor, hidden: Tensor | None, part: slice
) -> Tensor:
    """Go through the first layer and GELU, keeping what is between where asked to."""
    if hidden is None:
        return onednn.LINEAR(x, weight, bias, 'gelu', [], 'none')
    hidden[part] = h = product(x, weight, bias)
    return F.gelu(h)


def _response(norm: Tensor, eps: float) -> Tensor:
    return norm / (norm.mean() + eps)


def _through_response(grad: Tensor, norm: Tensor, eps: float) -> Tensor:
    mean = norm.mean() + eps
    return grad / mean - (grad * norm).sum() / (mean.square() * len(norm))


def _cast(x: Tensor, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    return weight.to(x.dtype), bias.to(x.dtype)


def _sum(grad: Tensor) -> Tensor:
    return grad.sum(0, dtype=torch.float32)
