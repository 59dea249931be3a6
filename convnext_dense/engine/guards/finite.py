"""Tell whether tensors are finite, and where they ceased to be."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn


def all_finite(tensors: Iterable[Tensor]) -> bool:
    """Tell whether no value is infinite or no number, with one look at the device."""
    parts = [tensor for tensor in tensors if tensor.numel()]
    if not parts:
        return True
    # A sum is finite only if all values are, and costs less than any other look.
    sums = [part.sum(dtype=_wide(part.dtype)).double() for part in parts]
    if torch.isfinite(torch.stack(sums)).all():
        return True
    # It may have overflowed, of values that are finite.
    return all(bool(torch.isfinite(part).all()) for part in parts)


def _wide(dtype: torch.dtype) -> torch.dtype:
    return torch.float32 if dtype in (torch.float16, torch.bfloat16) else dtype


def first_faulty_module(model: nn.Module, run: Callable[[], Any]) -> str | None:
    """Run a model and give the path of the first module whose output is not finite.

    Args:
        model: The model.
        run: Runs it forward.

    Returns:
        The path and class, as ``backbone.stages.2 (ConvNeXtBlock)``; None if all
        outputs are finite. Modules within a module end before it and count first.
    """
    found: list[str] = []

    def look(path: str) -> Callable[[nn.Module, Any, Any], None]:
        def hook(module: nn.Module, _: Any, output: Any) -> None:
            if not found and not all_finite(_floats(output)):
                found.append(f'{path or "the model"} ({type(module).__name__})')

        return hook

    handles = [
        module.register_forward_hook(look(path))
        for path, module in model.named_modules()
    ]
    try:
        with torch.no_grad(), _unchanged_buffers(model):
            run()
    finally:
        for handle in handles:
            handle.remove()
    return found[0] if found else None


def _floats(output: Any) -> Iterator[Tensor]:
    if isinstance(output, Tensor):
        if output.is_floating_point():
            yield output.detach()
    elif isinstance(output, Mapping):
        yield from (t for value in output.values() for t in _floats(value))
    elif isinstance(output, list | tuple):
        yield from (t for value in output for t in _floats(value))


@contextmanager
def _unchanged_buffers(model: nn.Module) -> Iterator[None]:
    """Undo what batch norm notes down of a forward pass."""
    before = [(buffer, buffer.clone()) for buffer in model.buffers()]
    try:
        yield
    finally:
        for buffer, value in before:
            buffer.copy_(value)
