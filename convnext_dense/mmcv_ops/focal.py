"""Focal loss on sigmoid and on softmax probabilities.

The compiled extension has these on the GPU only.
Source: open-mmlab/mmcv, mmcv/ops/csrc/common/cuda/sigmoid_focal_loss_cuda_kernel.cuh
and softmax_focal_loss_cuda_kernel.cuh; formulas from Lin et al., Focal Loss for
Dense Object Detection.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from convnext_dense.mmcv_ops.precision import working_dtype

# The kernels take the logarithm of no probability smaller than this.
TINY = torch.finfo(torch.float32).tiny


def sigmoid_focal_loss_forward(
    input: Tensor,
    target: Tensor,
    weight: Tensor,
    output: Tensor,
    gamma: float,
    alpha: float,
) -> None:
    """Write -alpha (1 - p)^gamma log p, mirrored where the class is absent.

    Args:
        input: (N, C) logits, p being their sigmoid.
        target: (N,) int64 class; a value outside 0..C-1 means background.
        weight: (C,) factor for all entries of a row of that class, or empty.
        output: (N, C) buffer for the loss of each entry.
        gamma: Focusing exponent.
        alpha: Weight of present classes; absent ones weigh 1 - alpha.
    """

    def log_term(x: Tensor, minus_x: Tensor) -> Tensor:
        return minus_x.sigmoid().pow_(gamma).mul_(logsigmoid(x))

    logits = input.to(working_dtype(input))
    output.copy_(_per_class(log_term, logits, target, weight, -alpha, alpha - 1))


def sigmoid_focal_loss_backward(
    input: Tensor,
    target: Tensor,
    weight: Tensor,
    grad_input: Tensor,
    gamma: float,
    alpha: float,
) -> None:
    """Write the derivative of each entry's sigmoid focal loss by its logit.

    Args:
        input: (N, C) logits.
        target: (N,) int64 class; a value outside 0..C-1 means background.
        weight: (C,) factor for all entries of a row of that class, or empty.
        grad_input: (N, C) buffer for the derivatives.
        gamma: Focusing exponent.
        alpha: Weight of present classes; absent ones weigh 1 - alpha.
    """

    def slope(x: Tensor, minus_x: Tensor) -> Tensor:
        q = minus_x.sigmoid()
        bracket = x.sigmoid().mul_(logsigmoid(x)).mul_(gamma).sub_(q)
        return bracket.mul_(q.pow_(gamma))

    logits = input.to(working_dtype(input))
    grad_input.copy_(_per_class(slope, logits, target, weight, alpha, alpha - 1))


def softmax_focal_loss_forward(
    input: Tensor,
    target: Tensor,
    weight: Tensor,
    output: Tensor,
    gamma: float,
    alpha: float,
) -> None:
    """Write -alpha (1 - p)^gamma log p for the target class of each row.

    Args:
        input: (N, C) probabilities, the softmax of the logits.
        target: (N,) int64 class; rows with a value outside 0..C-1 cost nothing.
        weight: (C,) factor per class, or empty.
        output: (N,) buffer for the loss of each row.
        gamma: Focusing exponent.
        alpha: Factor on the whole loss.
    """
    p, factor = _target_probability(input, target, weight)
    loss = (1 - p).pow_(gamma).mul_(p.clamp(min=TINY).log_())
    output.copy_(loss.mul_(factor).mul_(-alpha))


def softmax_focal_loss_backward(
    input: Tensor,
    target: Tensor,
    weight: Tensor,
    buff: Tensor,
    grad_input: Tensor,
    gamma: float,
    alpha: float,
) -> None:
    """Write the derivative of each row's softmax focal loss by its logits.

    Args:
        input: (N, C) probabilities, the softmax of the logits.
        target: (N,) int64 class; rows with a value outside 0..C-1 have gradient 0.
        weight: (C,) factor per class, or empty.
        buff: (N,) buffer, receives the derivative by log p.
        grad_input: (N, C) buffer for the derivative by the logits.
        gamma: Focusing exponent.
        alpha: Factor on the whole loss.
    """
    p, factor = _target_probability(input, target, weight)
    # Where p is 1 and gamma below 1, zero to a negative power would meet log 1 = 0.
    q = (1 - p).clamp_(min=TINY)
    slope = p * p.clamp(min=TINY).log_() * q.pow(gamma - 1) * gamma - q.pow(gamma)
    slope = slope.mul_(factor).mul_(alpha).unsqueeze(1)  # (N, 1)
    gradient = -slope * input.to(slope.dtype)
    gradient.scatter_add_(1, _label(input, target), slope)
    buff.copy_(slope.squeeze(1))
    grad_input.copy_(gradient)


def _per_class(
    function: Callable[[Tensor, Tensor], Tensor],
    logits: Tensor,
    target: Tensor,
    weight: Tensor,
    present: float,
    absent: float,
) -> Tensor:
    """Evaluate at (x, -x) where a class is present, at (-x, x) where it is absent.

    Every entry is taken as absent first; one entry per row is then replaced.
    """
    value = function(-logits, logits).mul_(absent)
    label, known = _label(logits, target), _known(logits, target)
    x = logits.gather(1, label)
    at_target = function(x, -x).mul_(present)
    at_target = torch.where(known, at_target, value.gather(1, label))
    value.scatter_(1, label, at_target)
    if weight.numel():
        value *= torch.where(known, weight.to(value)[label], 1)
    return value


def _target_probability(
    probabilities: Tensor, target: Tensor, weight: Tensor
) -> tuple[Tensor, Tensor]:
    """Probability of each row's target class and the row's weight, both (N,)."""
    probabilities = probabilities.to(working_dtype(probabilities))
    label, known = _label(probabilities, target), _known(probabilities, target)
    factor = known.to(probabilities)
    if weight.numel():
        factor = factor * weight.to(factor)[label]
    return probabilities.gather(1, label).squeeze(1), factor.squeeze(1)


def _known(scores: Tensor, target: Tensor) -> Tensor:
    """Tell which rows have a class at all, (N, 1) bool."""
    return ((target >= 0) & (target < scores.size(1))).unsqueeze(1)


def _label(scores: Tensor, target: Tensor) -> Tensor:
    """Column to look up for each row, (N, 1): any column where there is no class."""
    return target.clamp(0, scores.size(1) - 1).unsqueeze(1)
