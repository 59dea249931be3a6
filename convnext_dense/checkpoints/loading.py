"""State dicts into modules, with full coverage or an error."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from os import PathLike
from typing import Any

import torch
from mmengine.logging import print_log
from torch import Tensor, nn

from convnext_dense.errors import CheckpointError

from .reading import read_state
from .renaming import rename, rename_within
from .zoo import fetch


@dataclass(frozen=True)
class LoadReport:
    """What went where.

    ``loaded`` and ``missing`` (output norms only) are keys of the backbone;
    ``unexpected`` and ``ignored`` are keys of the source that the backbone has no
    place for or that belong to something else.
    """

    layout: str
    loaded: list[str]
    missing: list[str]
    unexpected: list[str]
    ignored: list[str]


def load_pretrained(
    backbone: nn.Module, source: str | PathLike, *, trust: bool = False
) -> LoadReport:
    """Load a public checkpoint into a backbone, or raise.

    Args:
        backbone: A backbone of this package.
        source: A path, a URL, or ``convnext_dense://NAME`` from the zoo.
        trust: Allow the file to run code while it is read.

    Returns:
        The report. Only output norms may be missing, where the source has none.

    Raises:
        CheckpointError: If the file cannot be read, has no known layout, or any
            other weight is missing, left over, of another shape, or not finite.
    """
    path = fetch(source)
    state = read_state(path, trust=trust)
    try:
        renamed = rename(state)
    except (IndexError, RuntimeError, ValueError) as error:
        raise CheckpointError(f'{path} holds malformed weights: {error}') from error
    if renamed is None:
        raise CheckpointError(f'{path} has no layout that is known here')
    wanted = backbone.state_dict()
    ours, ignored = {}, list(renamed.ignored)
    for name, value in renamed.state.items():
        if name not in wanted and _not_built(backbone, name):
            ignored.append(name)
        else:
            ours[name] = value
    missing = [name for name in wanted if name not in ours]
    # A source has all output norms or none.
    has_norms = any(map(_is_output_norm, ours))
    missing_weights = [
        name for name in missing if has_norms or not _is_output_norm(name)
    ]
    unexpected = [name for name in ours if name not in wanted]
    what = f'{path} ({renamed.layout})'
    unusable = [name for name, value in ours.items() if not _usable(value)]
    if unusable:
        raise CheckpointError(
            f'{what}: {len(unusable)} weights are no finite numbers: '
            f'{", ".join(unusable[:3])}; nothing was loaded'
        )
    _check(what, type(backbone).__name__, missing_weights, unexpected, ours, wanted)
    backbone.load_state_dict(ours, strict=False)
    report = LoadReport(renamed.layout, [*ours], missing, unexpected, ignored)
    print_log(
        f'loaded {len(ours)} weights from {what}'
        f'{", which has no output norms" if missing else ""}; '
        f'not used of it: {len(ignored)} of a head or another part',
        logger='current',
    )
    return report


def load_matching(model: nn.Module, state: Mapping[str, Tensor], source: str) -> None:
    """Load a state dict of the very same model, or raise.

    Args:
        model: The model, unwrapped.
        state: Its weights and buffers; those of its backbone may be in the names of
            any public layout.
        source: The name of the source for errors.

    Raises:
        CheckpointError: If a key is missing, left over, or of another shape.
    """
    wanted = model.state_dict()
    if state.keys() != wanted.keys():
        state = rename_within(dict(state))
    missing = [name for name in wanted if name not in state]
    unexpected = [name for name in state if name not in wanted]
    _check(source, type(model).__name__, missing, unexpected, state, wanted)
    model.load_state_dict(
        {name: shared_out(value, wanted[name]) for name, value in state.items()}
    )


def shared_out(value: Tensor, like: Any) -> Tensor:
    """Share a whole tensor out among processes, where another of its shape is."""
    if not hasattr(like, 'device_mesh') or value.shape != like.shape:
        return value
    from torch.distributed.tensor import distribute_tensor  # takes a second

    return distribute_tensor(value, like.device_mesh, like.placements)


def _check(
    source: str,
    target: str,
    missing: Collection[str],
    unexpected: Collection[str],
    state: Mapping[str, Tensor],
    wanted: Mapping[str, Tensor],
) -> None:
    shapes = [
        f'{name} is {tuple(value.shape)} there and {tuple(wanted[name].shape)} here'
        for name, value in state.items()
        if name in wanted and value.shape != wanted[name].shape
    ]
    problems = [
        f'{len(names)} {what}: {", ".join([*names][:3])}'
        for what, names in (
            ('weights of the model are not in it', missing),
            ('of its weights have no place in the model', unexpected),
            ('weights have another shape', shapes),
        )
        if names
    ]
    if problems:
        raise CheckpointError(
            f'{source} does not fit this {target}; nothing was loaded\n  '
            + '\n  '.join(problems)
        )


def _usable(value: Tensor) -> bool:
    """Tell whether a weight is dense, in memory, and of finite real numbers.

    Counts of batches, which batch norms have, are integers.
    """
    if value.is_meta or value.layout != torch.strided:
        return False
    if not value.is_floating_point():
        return value.dtype == torch.int64  # counts of batches
    # What is a byte long cannot be asked.
    value = value.float() if value.itemsize == 1 else value
    return bool(value.isfinite().all())


def _not_built(backbone: Any, name: str) -> bool:
    """Tell whether a weight belongs to a stage that ``out_indices`` left out."""
    part, _, rest = name.partition('.')
    if part in ('stages', 'downsample_layers'):
        stage = rest.partition('.')[0]
        built = len(getattr(backbone, part))
        return stage.isdigit() and built <= int(stage) < len(backbone.depths)
    return _is_output_norm(name)


def _is_output_norm(name: str) -> bool:
    part = name.partition('.')[0]
    return part[:4] == 'norm' and part[4:].isdigit()
