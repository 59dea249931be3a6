"""Linear, GELU, global response norm and linear, some images at a time.

The norm is a scale for each image and channel. A large image goes through the second
layer by weights that hold its scale, in parts; small ones go together, scaled
themselves. For the gradient one wide tensor is kept instead of three.
"""

from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from . import onednn
from .global_response_norm import GlobalResponseNorm
from .linear import WeightGradient, parts, product, rows_at_once, weight_gradient
from .mlp import FirstLayer, Rows, activated, cast, gradients_wanted, total


def normed_mlp(
    x: Tensor, fc1: nn.Linear, norm: GlobalResponseNorm, fc2: nn.Linear
) -> Tensor:
    """Compute ``fc2(norm(gelu(fc1(x))))``, (N, H, W, C) to the same shape."""
    rows = x.to(onednn.dtype_for(x, fc1.weight)).reshape(-1, x.shape[-1])
    tensors = (rows, fc1.weight, fc1.bias, fc2.weight, fc2.bias, norm.gamma, norm.beta)
    keep = gradients_wanted(tensors)
    return _NormedMLP.apply(keep, len(x), norm.eps, *tensors).view(x.shape)


Part = tuple[Tensor, Tensor, Tensor]  # input, what is before GELU, gradient


class _NormedMLP(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        keep: bool,
        number: int,
        eps: float,
        x: Tensor,
        w1: Tensor,
        b1: Tensor,
        w2: Tensor,
        b2: Tensor,
        gamma: Tensor,
        beta: Tensor,
    ) -> Tensor:
        hidden: list[Tensor] | None = [] if keep else None
        first = cast(x, w1, b1)
        large = _are_large(number, x, w1)
        weight, bias = cast(x, w2, b2 + w2 @ beta if large else b2)
        y, norms = Rows(len(x)), []
        for images, rows in _groups(number, x, w1):
            wide = [activated(x[part], *first, hidden) for part in rows]
            # Over an image they overflow half precision.
            squares = [_sums(a.float().square(), len(images)) for a in wide]
            norms.append(torch.stack(squares).sum(0).sqrt_())
            scale = _Response(norms[-1], gamma, eps).scale
            if large:
                weight = (w2 * scale).to(x.dtype)
            else:
                wide = [_normed(wide[0], scale, beta)]
            for a in wide:
                y.add(product(a, weight, bias))
        if hidden is not None:
            ctx.save_for_backward(x, w1, w2, gamma, beta, torch.cat(norms), *hidden)
            ctx.eps = eps
        return y.whole

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, w1, w2, gamma, beta, norms, *hidden = ctx.saved_tensors
        grad = grad.contiguous()
        back = FirstLayer(w1, x)
        through = _through_large if _are_large(len(norms), x, w1) else _through_small
        found: list[Tensor] = []  # by the second weight, gamma and beta
        for images, rows in _groups(len(norms), x, w1):
            parts = [(x[part], hidden.pop(0), grad[part]) for part in rows]
            response = _Response(norms[images.start : images.stop], gamma, ctx.eps)
            by = through(parts, response, w2, beta, back)
            found = [a.add_(b) for a, b in zip(found, by, strict=True)] if found else by
        by_w2, by_gamma, by_beta = found
        by_first = back.gradients()
        return None, None, None, *by_first, by_w2, total(grad), by_gamma, by_beta


class _Response:
    """The norms of some images, (n, wide), as what they do to their channels."""

    def __init__(self, norm: Tensor, gamma: Tensor, eps: float):
        self.norm = norm
        self.gamma = gamma
        self.mean = norm.mean(1, keepdim=True) + eps
        self.value = norm / self.mean
        self.scale = 1 + gamma * self.value

    def pull(self, by_scale: Tensor) -> Tensor:
        """Give the gradient through the norms, by and divided by what they are of."""
        by = by_scale * self.gamma
        shared = (by * self.norm).sum(1, keepdim=True) / self.norm.shape[1]
        by_norm = by / self.mean - shared / self.mean.square()
        # A norm's own gradient is the direction of what it is the norm of.
        return torch.where(self.norm > 0, by_norm / self.norm, 0)

    def by_gamma(self, by_scale: Tensor) -> Tensor:
        """Give the gradient by gamma."""
        return (by_scale * self.value).sum(0)


def _through_large(
    parts: list[Part], response: _Response, w2: Tensor, beta: Tensor, back: FirstLayer
) -> list[Tensor]:
    """Go back through one image; give the gradients by w2, gamma and beta."""
    wide = [F.gelu(hidden) for _, hidden, _ in parts]
    by_weight = WeightGradient(w2, sum(len(x) for x, _, _ in parts))
    for (_, _, grad), a in zip(parts, wide, strict=True):
        by_weight.add(grad, a)
    # So far it is by the weights of this image, which are w2 times the scale.
    found = by_weight.value()
    by_scale = (found * w2).sum(0, keepdim=True)
    dtype = parts[0][0].dtype
    pull = response.pull(by_scale).to(dtype)
    weight = (w2 * response.scale).to(dtype).t()
    for (x, hidden, grad), a in zip(parts, wide, strict=True):
        by_wide = product(grad, weight)
        by_wide.addcmul_(a, pull)
        back.add(x, hidden, by_wide)
    by_bias = torch.stack([total(grad) for _, _, grad in parts]).sum(0)
    by_w2 = (found * response.scale).addr_(by_bias, beta.float())
    return [by_w2, response.by_gamma(by_scale), by_bias @ w2.float()]


def _through_small(
    parts: list[Part], response: _Response, w2: Tensor, beta: Tensor, back: FirstLayer
) -> list[Tensor]:
    """Go back through some images; give the gradients by w2, gamma and beta."""
    ((x, hidden, grad),) = parts
    wide = F.gelu(hidden)
    by_wide = product(grad, w2.to(grad.dtype).t())
    by_scale = _sums(by_wide * wide, len(response.norm))
    by_beta = total(by_wide)
    pull = response.pull(by_scale)
    by_w2 = weight_gradient(grad, _normed(wide, response.scale, beta), w2)
    pull, scale = (t[:, None].to(grad.dtype) for t in (pull, response.scale))
    images = by_wide.unflatten(0, (len(scale), -1))
    images.mul_(scale).addcmul_(wide.view_as(images), pull)
    back.add(x, hidden, by_wide)
    return [by_w2, response.by_gamma(by_scale), by_beta]


def _are_large(number: int, x: Tensor, w1: Tensor) -> bool:
    return 2 * len(x) > number * rows_at_once(len(w1))


def _groups(number: int, x: Tensor, w1: Tensor) -> Iterator[tuple[range, list[slice]]]:
    """Yield images that go together, and their rows: of small images in one part."""
    positions = len(x) // number
    together = max(1, rows_at_once(len(w1)) // positions)
    for first in range(0, number, together):
        images = range(first, min(first + together, number))
        yield images, [*parts(len(w1), images.stop * positions, first * positions)]


def _sums(wide: Tensor, images: int) -> Tensor:
    """Add up the rows of each image in float32: (n * l, C) to (n, C)."""
    return wide.unflatten(0, (images, -1)).sum(1, dtype=torch.float32)


def _normed(wide: Tensor, scale: Tensor, beta: Tensor) -> Tensor:
    """Scale rows of (n * l, C) by (n, C) and add (C,)."""
    scale, beta = scale[:, None].to(wide.dtype), beta.to(wide.dtype)
    images = wide.unflatten(0, (len(scale), -1))
    return torch.addcmul(beta, images, scale).flatten(0, 1)
