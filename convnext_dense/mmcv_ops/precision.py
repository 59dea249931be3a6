"""The dtype in which an operator computes."""

from __future__ import annotations

import torch
from torch import Tensor


def working_dtype(tensor: Tensor) -> torch.dtype:
    """Choose the dtype to compute in, given an operator's main input.

    Single and double precision are kept. Half precision is kept on accelerators,
    where torchvision's kernels take it; on the CPU, and for bfloat16 everywhere, the
    computation runs in float32 and its result is rounded once.

    Args:
        tensor: The input whose dtype the caller expects back.
    """
    if tensor.dtype in (torch.float32, torch.float64):
        return tensor.dtype
    if tensor.dtype == torch.float16 and tensor.device.type != 'cpu':
        return tensor.dtype
    return torch.float32
