"""``convnext-dense convert``: checkpoints with clean names and plain tensors."""

import os
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor

from convnext_dense.checkpoints import load_pretrained
from convnext_dense.checkpoints.renaming import to_timm
from convnext_dense.errors import UserError

from .infer import backbone_of

SUFFIXES = ('.safetensors', '.pth', '.pt')


def convert(
    source: str,
    target: Path,
    *,
    to: str,
    force: bool,
    trust: bool,
    say: Callable[[str], None],
) -> None:
    """Write a checkpoint in other names, and say what it was.

    Every weight is checked against a backbone of the size that the file has.

    Args:
        source: A path, a URL, or ``convnext_dense://NAME``.
        target: A new file; its suffix decides the format.
        to: ``'ours'``, with the output norms that the source has, or ``'timm'``.
        force: Replace the target if it exists.
        trust: Allow the source to run code while it is read.
        say: Takes what a person should read.

    Raises:
        UserError: If the source is no whole backbone, or the target cannot be made.
    """
    if target.suffix not in SUFFIXES:
        raise UserError(f'{target} must end in one of {", ".join(SUFFIXES)}')
    if target.exists() and not force:
        raise UserError(f'{target} exists; --force replaces it')
    backbone = backbone_of(source, trust=trust)
    report = load_pretrained(backbone, source, trust=trust)
    state = {key: backbone.state_dict()[key] for key in report.loaded}
    if to == 'timm':
        if 'Conv2Former' in report.layout:
            raise UserError('timm has no Conv2Former')
        state = to_timm(state)
    _save({key: value.contiguous() for key, value in state.items()}, target)
    number = sum(value.numel() for value in state.values())
    say(
        f'{source}: {report.layout}, {type(backbone).__name__} {backbone.depths} / '
        f'{backbone.widths}\n{target}: {len(state)} weights, {number:,} numbers, '
        f'names of {"timm" if to == "timm" else "convnext_dense"}'
    )


def _save(state: dict[str, Tensor], target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f'.{target.name}.{os.getpid()}')
    try:
        if target.suffix == '.safetensors':
            # The library's own writer makes files that nobody else may read.
            part.write_bytes(save(state))
        else:
            torch.save(state, part)
        part.replace(target)
    # torch turns a full disk or a missing right into an error of its own.
    except (OSError, RuntimeError) as error:
        first = str(error).partition('\n')[0]
        raise UserError(f'cannot write {target}: {first}') from error
    finally:
        part.unlink(missing_ok=True)
