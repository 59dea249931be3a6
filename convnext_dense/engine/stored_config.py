"""The config of a run inside its checkpoints, as data that is read without running it.

mmengine stores the config as the text of a Python program, which only running it turns
back into a config.
"""

import inspect
from collections.abc import Mapping
from typing import Any

from mmengine.config import Config

# Where a checkpoint's `meta` holds it.
KEY = 'resolved_config'


def to_plain(value: Any) -> Any:
    """Turn a config into dicts, lists, tuples, strings, numbers and ``None``.

    Classes and functions become their dotted names, by which registries find them;
    anything else becomes its text.
    """
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return tuple(to_plain(item) for item in value)
    if isinstance(value, list | set | frozenset):
        return [to_plain(item) for item in value]
    if inspect.isclass(value) or inspect.isroutine(value):
        return f'{value.__module__}.{value.__qualname__}'
    return str(value)


def store_config(meta: dict[str, Any], cfg: Config) -> None:
    """Put a resolved config into the ``meta`` of a checkpoint."""
    meta[KEY] = to_plain(cfg._cfg_dict)


def stored_config(meta: Mapping[str, Any]) -> Config | None:
    """Give the config that a checkpoint's ``meta`` holds as data, if it does."""
    content = meta.get(KEY)
    return Config(content) if isinstance(content, dict) else None
