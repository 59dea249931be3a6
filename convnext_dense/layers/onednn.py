"""Where oneDNN's kernels are called by hand.

On x86 processors torch gives float32 matrix products to MKL, which uses AVX-512 on
Intel's only; oneDNN, which torch has for convolutions, uses it on all, and on others
is twice as fast. Its kernel for the weight gradient of a depthwise convolution, in
turn, is fast up to three columns, and an order of magnitude slower beyond.
"""

from typing import Any

import torch
from torch import Tensor

# Private to torch, though its compiler calls it too; so it is looked up, not assumed.
LINEAR: Any = getattr(getattr(torch.ops, 'mkldnn', None), '_linear_pointwise', None)


def is_for_us(x: Tensor) -> bool:
    """Tell whether a tensor is one that these kernels are measured to win for.

    Traced, exported and compiled graphs keep torch's own operators.
    """
    return (
        x.device.type == 'cpu'
        and bool(torch.backends.mkldnn.enabled)
        and torch.backends.cpu.get_cpu_capability() == 'AVX512'
        and not torch.compiler.is_compiling()
        and not torch.jit.is_tracing()
        and not torch.jit.is_scripting()
    )


def dtype_for(x: Tensor, weight: Tensor) -> torch.dtype | None:
    """Give the precision that these kernels compute a layer in; None where not."""
    # In this order: a traced graph must not come to depend on the size.
    if not is_for_us(x) or x.numel() == 0:
        return None
    dtype = x.dtype
    if (
        torch.is_autocast_enabled('cpu')
        and dtype.is_floating_point
        and dtype.itemsize <= 4
    ):
        dtype = torch.get_autocast_dtype('cpu')
    elif dtype != weight.dtype:
        return None
    return dtype if dtype in (torch.float32, torch.bfloat16) else None
