"""The largest class of each pixel, by operations that are vectorised on a CPU.

torch.argmax compares one element at a time there. These passes are several times
faster while the logits fit the cache.
"""

import torch
from torch import Tensor

# Numbers side by side of which the maximum is fast: what is left over is not.
BLOCK = 32


def argmax_(logits: Tensor) -> Tensor:
    """Find the first of the largest classes, (N, C, H, W) to (N, H, W) int64.

    The logits are overwritten.
    """
    return _argmax(logits, logits)


def argmax(logits: Tensor) -> Tensor:
    """Do the same, the logits staying as they are."""
    return _argmax(logits, torch.empty_like(logits))


def _argmax(logits: Tensor, found: Tensor) -> Tensor:
    exact = logits.dtype in (torch.float32, torch.float64)
    if logits.device.type != 'cpu' or not exact:
        return logits.argmax(1)
    aside = logits.stride(1) == 1  # the classes of a pixel lie side by side
    best = largest(logits.permute(0, 2, 3, 1)) if aside else logits.amax(1)
    if best.isnan().any():
        return logits.argmax(1)
    torch.eq(logits, best[:, None], out=found)
    # Each of them counts as a number that is the larger the earlier its class, and not
    # below half the next power of two: so a sum tells whether there are several.
    classes = logits.shape[1]
    power = 1 << (classes - 1).bit_length()
    highest = power + classes - 1
    numbers = torch.arange(highest, power - 1, -1, dtype=logits.dtype)
    found.mul_(numbers[:, None, None])
    first = found.sum(1)
    if (first >= 2 * power).any():
        first = largest(found.permute(0, 2, 3, 1)) if aside else found.amax(1)
    return highest - first.long()


def largest(values: Tensor) -> Tensor:
    """Find the maximum over the last dimension, which lies side by side."""
    number = values.shape[-1]
    if number > BLOCK:
        whole = values[..., : number // BLOCK * BLOCK].amax(-1)
        return torch.maximum(whole, values[..., -BLOCK:].amax(-1))
    while 8 < values.shape[-1] < BLOCK:
        half = (values.shape[-1] + 1) // 2
        values = torch.maximum(values[..., :half], values[..., -half:])
    return values.amax(-1)
