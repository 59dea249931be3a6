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
