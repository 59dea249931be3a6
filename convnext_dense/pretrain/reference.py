"""The encoder on all positions, with removed ones set to zero.

The computation that facebookresearch/ConvNeXt-V2@2553895 (TRAINING.md) documents as
identical to its sparse one, with as few multiplications by the mask as that takes. What
:meth:`FCMAE.encode` is tested and timed against.
"""

from typing import Any

import torch
from torch import Tensor


def encode_densely(encoder: Any, images: Tensor, mask: Tensor) -> Tensor:
    """Compute the features of the visible patches, position by position of the image.

    Args:
        encoder: A ConvNeXt or ConvNeXt V2.
        images: (N, C, H, W).
        mask: (N, H / 32, W / 32) boolean, True where removed.

    Returns:
        (N, width, H / 32, W / 32), zero where removed.
    """
    x = images.contiguous(memory_format=torch.channels_last)
    for down, blocks in zip(encoder.downsample_layers, encoder.stages, strict=True):
        x = down(x)
        scale = x.shape[-1] // mask.shape[-1]
        keep = (~mask).repeat_interleave(scale, 1).repeat_interleave(scale, 2)
        keep = keep[:, None].to(x)
        x = x * keep
        for block in blocks:
            x = x + block.drop_path(_mlp(block, block.dwconv(x), keep) * keep)
    return x


def _mlp(block: Any, x: Tensor, keep: Tensor) -> Tensor:
    x = x.permute(0, 2, 3, 1)
    if not hasattr(block, 'grn'):
        return block.mlp(x).permute(0, 3, 1, 2)
    x = block.act(block.pwconv1(block.norm(x))) * keep.permute(0, 2, 3, 1)
    return block.pwconv2(block.grn(x)).permute(0, 3, 1, 2)
