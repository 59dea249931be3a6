"""What the matrix products of a step take by themselves.

A network's share of the machine's rate cannot exceed that of its products: those of
few channels wait for memory, however fast all else is.
"""

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

ROUNDS = 3


class Products(TorchDispatchMode):
    """Notes products and dense convolutions, by operator, shapes and strides."""

    def __init__(self) -> None:
        super().__init__()
        aten = torch.ops.aten
        self.kinds = {aten.mm, aten.addmm, aten.bmm, aten.convolution}
        mkldnn = getattr(torch.ops.mkldnn, '_linear_pointwise', None)
        if mkldnn is not None:
            self.kinds.add(mkldnn)
        self.found: Counter = Counter()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        """Note a call, and make it."""
        if func.overloadpacket in self.kinds and not _is_depthwise(func, args):
            self.found[func, tuple(_noted(arg) for arg in args)] += 1
        return func(*args, **(kwargs or {}))


def seconds_alone(step: Callable[[], Any]) -> float:
    """Run a step on a CPU, then its products again, one by one; give their seconds.

    Each runs a few times in a row on the same memory; the best counts.
    """
    with Products() as products:
        step()
    total = 0.0
    for (func, noted), times in products.found.items():
        args = [_made(arg) for arg in noted]
        best = float('inf')
        with torch.no_grad():
            for _ in range(ROUNDS + 1):
                start = time.perf_counter()
                func(*args)
                best = min(best, time.perf_counter() - start)
        total += best * times
    return total


def _is_depthwise(func: Any, args: tuple) -> bool:
    return func.overloadpacket is torch.ops.aten.convolution and args[-1] > 1


def _noted(arg: Any) -> Any:
    if isinstance(arg, torch.Tensor):
        return (torch.Tensor, arg.shape, arg.stride(), arg.dtype)
    return tuple(arg) if isinstance(arg, list) else arg


def _made(noted: Any) -> Any:
    if isinstance(noted, tuple) and noted and noted[0] is torch.Tensor:
        _, shape, stride, dtype = noted
        return torch.empty_strided(shape, stride, dtype=dtype).uniform_(-1, 1)
    return [*noted] if isinstance(noted, tuple) else noted
