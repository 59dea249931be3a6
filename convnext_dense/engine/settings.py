"""Settings that take effect wherever they are set.

mmengine binds names when a file is read, so a ``data_root`` in a derived config or on
the command line changes nothing. Here the last word counts:

- ``'${name}'`` in any string stands for the top-level ``name``, looked up after all
  files and options are merged;
- ``classes`` may be a file (COCO JSON, or one name a line), ``num_classes`` is counted;
- where a config binds its ``data_root`` early, as those of the host packages do,
  changing it moves the data sets and the evaluators' files along.
"""

import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from mmengine.config import Config, ConfigDict

from convnext_dense.errors import UserError

REFERENCE = re.compile(r'\$\{(\w+)\}')


def apply_settings(cfg: Config) -> None:
    """Resolve the settings of a merged config in place.

    Raises:
        UserError: On a reference to nothing, or a file of class names that is
            missing, empty, or unreadable.
    """
    top = cfg._cfg_dict
    if 'data_root' in top:
        _move_data(top, str(top['data_root']))
    if 'classes' in top:
        if isinstance(top['classes'], str):
            top['classes'] = read_classes(Path(_resolve(top['classes'], top)))
        number = len(top['classes'])
        if not number:
            raise UserError('classes is empty: list names, or leave it out')
        if top.get('num_classes') not in (None, number):
            raise UserError(
                f'num_classes={top["num_classes"]}, and classes has {number} names: '
                'leave num_classes out, it is counted'
            )
        top['num_classes'] = number
    for key in [*top]:
        top[key] = _map_strings(top[key], lambda text: _resolve(text, top))


def read_classes(path: Path) -> tuple[str, ...]:
    """Read class names from a COCO annotation file or from a list, one name a line.

    Raises:
        UserError: If the file is missing or holds no names, or one name twice.
    """
    if not path.is_file():
        raise UserError(
            f'{path} not found: it should hold the class names; '
            'set data_root, or classes to a file or a list of names'
        )
    try:
        text = path.read_text(encoding='utf-8')
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f'{path} cannot be read as text: {error}') from error
    if path.suffix == '.json':
        names = _coco_names(path, text)
    else:
        names = [line.strip() for line in text.splitlines() if line.strip()]
    if not names:
        raise UserError(f'{path} names no classes')
    repeated = {name for name in names if names.count(name) > 1}
    if repeated:
        raise UserError(f'{path} names a class twice: {", ".join(sorted(repeated))}')
    return tuple(names)


def _coco_names(path: Path, text: str) -> list[str]:
    try:
        # In the order of the file, which is the order of the data set's labels.
        return [category['name'] for category in _categories(text)]
    except json.JSONDecodeError as error:
        raise UserError(f'{path} is no whole JSON file: {error}') from error
    except (KeyError, TypeError) as error:
        raise UserError(
            f'{path} is no COCO annotation file: it has no `categories` with a `name`'
        ) from error


def _categories(text: str) -> Any:
    """Parse the categories alone if their place is plain; annotations take seconds."""
    places = [*re.finditer(r'"categories"\s*:\s*', text)]
    if len(places) == 1:
        # What is wrong elsewhere, the data set will say.
        with suppress(json.JSONDecodeError):
            return json.JSONDecoder().raw_decode(text, places[0].end())[0]
    return json.loads(text)['categories']


def _resolve(text: str, top: Mapping[str, Any], seen: tuple[str, ...] = ()) -> Any:
    """Replace the references in a string; one that stands alone keeps its type."""

    def value(name: str) -> Any:
        if name not in top:
            raise UserError(f'{text!r} refers to {name!r}, which the config lacks')
        if name in seen:
            circle = ' -> '.join((*seen, name))
            raise UserError(f'settings refer to each other in a circle: {circle}')
        found = top[name]
        return _resolve(found, top, (*seen, name)) if isinstance(found, str) else found

    whole = REFERENCE.fullmatch(text)
    if whole:
        return value(whole[1])
    return REFERENCE.sub(lambda match: str(value(match[1])), text)


def _map_strings(node: Any, change: Callable[[str], Any]) -> Any:
    if isinstance(node, str):
        return change(node)
    if isinstance(node, Mapping):
        for key in node:
            node[key] = _map_strings(node[key], change)  # type: ignore[index]
        return node
    if isinstance(node, list | tuple):
        return type(node)(_map_strings(item, change) for item in node)
    return node


def _move_data(top: ConfigDict, root: str) -> None:
    bound = {
        str(loader['dataset'].get('data_root'))
        for key in ('train_dataloader', 'val_dataloader', 'test_dataloader')
        if (loader := top.get(key)) and loader.get('dataset')
    }
    for old in bound - {root, 'None'}:
        if REFERENCE.search(old):
            continue

        def moved(text: str, old: str = old) -> str:
            if not text.startswith(old):
                return text
            return str(Path(root, text[len(old) :].lstrip('/')))

        for key in [*top]:
            if key.endswith(('_dataloader', '_evaluator')):
                top[key] = _map_strings(top[key], moved)
