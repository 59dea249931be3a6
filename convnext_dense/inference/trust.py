"""Whether a config that came inside a file may be built.

A config's types name Python objects, and hosts take more than registered names: any
``module.function`` is imported and called, and an operator's type is evaluated as an
expression. From a config file, which is a program that its reader chose to run, that is
nothing new; from a file of weights it would be. So such a config may hold registered
types, numbers and words, and nothing that names a file or could be evaluated.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mmengine import registry as root
from mmengine.registry import Registry

from convnext_dense.errors import CheckpointError
from convnext_dense.registry import MODELS

SCOPES = ('convnext_dense', 'mmdet', 'mmseg', 'mmcv', 'mmengine')
# What the hosts look up by other means than a registry.
OPERATORS = {'nms', 'soft_nms', 'RoIAlign', 'RoIPool'}
WORD = re.compile(r'[\w\- ]*', re.ASCII)


def check_model(model: Mapping[str, Any], path: Path) -> None:
    """Check that building a model runs only what the hosts and this package register.

    Args:
        model: The ``model`` of a config; all ``init_cfg`` are removed already.
        path: The file it came from, for errors.

    Raises:
        CheckpointError: Naming the value that is refused, and the way out.
    """
    names = _registered()
    for key, value in _strings(model):
        if key == 'type':
            scope, dot, name = value.rpartition('.')
            fine = name in names and (not dot or scope in SCOPES)
        else:
            fine = bool(WORD.fullmatch(value)) and not Path(value).is_file()
        if not fine:
            raise CheckpointError(
                f'the config inside {path} has {key}={value!r}, which could run code '
                'of others; if you trust its source, name its config file too '
                '(--config), which is a program that you choose to run'
            )


def _registered() -> set[str]:
    """Collect the names of what models are built from, in all scopes."""
    MODELS.import_from_location()
    names = set(OPERATORS)
    waiting: list[Registry] = [root.MODELS, root.TASK_UTILS]
    while waiting:
        registry = waiting.pop()
        names |= {*registry.module_dict}
        waiting += registry.children.values()
    return names


def _strings(node: Any, key: str = '') -> Iterator[tuple[str, str]]:
    """Walk through all strings, keys of dicts included."""
    if isinstance(node, str):
        yield key, node
    elif isinstance(node, Mapping):
        for name, item in node.items():
            yield 'key', name
            yield from _strings(item, name)
    elif isinstance(node, list | tuple):
        for item in node:
            yield from _strings(item, key)
