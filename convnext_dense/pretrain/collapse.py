"""Feature collapse: how alike the channels of a layer are (arXiv 2301.00808, 3.2)."""

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from convnext_dense.backbones import ConvNeXt, ConvNeXtV2
from convnext_dense.checkpoints import load_pretrained, read_state
from convnext_dense.checkpoints.renaming import rename
from convnext_dense.checkpoints.zoo import fetch
from convnext_dense.errors import CheckpointError


def cosine_distance(activations: Tensor) -> Tensor:
    """Give the mean pairwise cosine distance of the channels of each image.

    The distance of channels i and j is (1 - cos) / 2, taken over positions; the mean
    is over all pairs, as in the paper, so that it is 0 where all channels are alike
    and about 0.5 where they are unrelated.

    Args:
        activations: (N, H, W, C).

    Returns:
        (N,) in [0, 0.5].
    """
    units = F.normalize(activations.double().flatten(1, 2), dim=1)  # (N, H * W, C)
    # The mean of all pairs' cosines is the squared length of the mean direction.
    return (1 - units.mean(-1).square().sum(1)) / 2


@torch.no_grad()
def block_distances(backbone: nn.Module, images: Tensor) -> dict[str, float]:
    """Measure every block's widest features, those that its last layer reads.

    Args:
        backbone: A ConvNeXt or ConvNeXt V2.
        images: (N, 3, H, W) normalised.

    Returns:
        The mean over images by the block's name, from the first to the last.
    """
    found: dict[str, float] = {}
    blocks = {
        name: module
        for name, module in backbone.named_modules()
        if hasattr(module, 'pwconv2')
    }

    def keep(name: str) -> Any:
        def hook(module: nn.Module, inputs: tuple) -> None:  # noqa: ARG001
            found[name] = cosine_distance(inputs[0]).mean().item()

        return hook

    handles = [
        block.pwconv2.register_forward_pre_hook(keep(name))
        for name, block in blocks.items()
    ]
    try:
        backbone.eval()(images)
    finally:
        for handle in handles:
            handle.remove()
    return found


def backbone_of(source: str, *, trust: bool = False) -> ConvNeXt | ConvNeXtV2:
    """Build the ConvNeXt or ConvNeXt V2 that a checkpoint holds, and load it.

    Raises:
        CheckpointError: If it holds neither.
    """
    renamed = rename(read_state(fetch(source), trust=trust))
    state: Mapping[str, Tensor] = renamed.state if renamed else {}
    if 'stages.3.0.pwconv2.weight' not in state:
        raise CheckpointError(f'{source} holds no whole ConvNeXt or ConvNeXt V2')
    names = [name.split('.') for name in state if name.startswith('stages.')]
    arch = dict(
        depths=[len({n[2] for n in names if n[1] == str(i)}) for i in range(4)],
        widths=[len(state[f'stages.{i}.0.dwconv.bias']) for i in range(4)],
    )
    backbone: ConvNeXt | ConvNeXtV2
    if any('.grn.' in name for name in state):
        backbone = ConvNeXtV2(arch)
    else:
        scaled = 'stages.0.0.gamma' in state
        backbone = ConvNeXt(arch, layer_scale_init_value=float(scaled))
    load_pretrained(backbone, source, trust=trust)
    return backbone
