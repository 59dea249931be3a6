"""What an ``init_cfg`` says of a backbone's weights, checked when it is given."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

from convnext_dense.errors import UserError

PRETRAINED = "dict(type='Pretrained', checkpoint=...)"


def pretrained_files(init_cfg: Mapping | Sequence | None) -> list[str]:
    """List the checkpoints that an ``init_cfg`` names.

    Args:
        init_cfg: As mmengine takes it: a dict with the ``type`` of an initialiser, or
            several in a list.

    Raises:
        UserError: On anything else; or where one of type ``'Pretrained'`` names no
            checkpoint, or a prefix, as mmengine's may.
    """
    found = []
    for cfg in entries(init_cfg):
        if not isinstance(cfg, Mapping) or not isinstance(cfg.get('type'), str):
            raise UserError(
                f'init_cfg is {PRETRAINED}, or one or more dicts with the type of '
                f'another initialiser, got {cfg!r}'
            )
        if cfg['type'].lower() == 'pretrained':
            found.append(_checkpoint(cfg))
    return found


def entries(init_cfg: Any) -> list[Any]:
    """Give the initialisers that an ``init_cfg`` asks for, in their order."""
    if init_cfg is None:
        return []
    return [*init_cfg] if isinstance(init_cfg, list | tuple) else [init_cfg]


def _checkpoint(cfg: Mapping) -> str:
    if cfg['type'] != 'Pretrained':
        raise UserError(f"init_cfg: the type is 'Pretrained', not {cfg['type']!r}")
    # Other settings may be left of an initialiser that a config inherits.
    if 'prefix' in cfg:
        raise UserError(
            f'init_cfg takes no prefix beside {PRETRAINED}: it is seen in the file'
        )
    checkpoint = cfg.get('checkpoint')
    if not isinstance(checkpoint, str | os.PathLike) or not os.fspath(checkpoint):
        raise UserError(
            f'init_cfg names no checkpoint (checkpoint={checkpoint!r}): give a path, '
            'a URL or convnext_dense://NAME, or init_cfg=None to start from scratch'
        )
    return os.fspath(checkpoint)
