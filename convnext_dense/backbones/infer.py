"""The backbone that a checkpoint is of, seen in its weights."""

from os import PathLike

from convnext_dense.checkpoints import read_state
from convnext_dense.checkpoints.renaming import rename
from convnext_dense.checkpoints.zoo import fetch
from convnext_dense.errors import CheckpointError

from .conv2former import Conv2Former
from .convnext import ConvNeXt
from .convnext_v2 import ConvNeXtV2
from .pyramid import Pyramid
from .variants import NUM_STAGES


def backbone_of(source: str | PathLike, *, trust: bool = False) -> Pyramid:
    """Build, without its weights, the backbone that a public checkpoint is of.

    Args:
        source: A path, a URL, or ``convnext_dense://NAME`` from the zoo.
        trust: Allow the file to run code while it is read.

    Raises:
        CheckpointError: If the file cannot be read, or holds no backbone in four
            stages.
    """
    path = fetch(source)
    renamed = rename(read_state(path, trust=trust))
    if renamed is None:
        raise CheckpointError(f'{path} has no layout that is known here')
    state = renamed.state
    blocks = {tuple(key.split('.')[1:3]) for key in state if key.startswith('stages.')}
    depths = tuple(
        sum(stage == str(index) for stage, _ in blocks) for index in range(NUM_STAGES)
    )
    # A detector may have kept some outputs only.
    outputs = [i for i in range(NUM_STAGES) if f'norm{i}.weight' in state]
    outputs = outputs or [*range(NUM_STAGES)]
    first = [f'stages.{stage}.0.' for stage in range(NUM_STAGES)]
    try:
        if 'stages.0.0.attn.v.weight' in state:
            return Conv2Former(
                dict(
                    depths=depths,
                    widths=tuple(len(state[f'{f}layer_scale_1']) for f in first),
                    kernel_size=state['stages.0.0.attn.att.2.weight'].shape[-1],
                ),
                out_indices=outputs,
            ).to(state['stages.0.0.attn.v.weight'].dtype)
        arch = dict(
            depths=depths,
            widths=tuple(len(state[f'{block}norm.weight']) for block in first),
        )
    except KeyError as error:
        raise CheckpointError(
            f'{path} ({renamed.layout}) is no whole backbone: it has no {error}'
        ) from error
    dtype = state['stages.0.0.norm.weight'].dtype
    if 'stages.0.0.grn.gamma' in state:
        return ConvNeXtV2(arch, out_indices=outputs).to(dtype)
    scaled = 'stages.0.0.gamma' in state
    scale = 1.0 if scaled else 0.0
    return ConvNeXt(arch, layer_scale_init_value=scale, out_indices=outputs).to(dtype)
