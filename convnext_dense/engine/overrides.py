"""Refuse command-line overrides that change nothing, or are of the wrong kind."""

import difflib
import inspect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.runner import Runner

from convnext_dense.errors import UserError

from .hosts import import_host
from .settings import REFERENCE

# What a dict may hold beside the arguments of its `type`.
ALWAYS = {'type', '_delete_', '_scope_'}
# What constructors of optimizers, which are named beside it, take from this dict.
PARAMWISE = {
    'decay_rate', 'decay_type', 'num_layers', 'custom_keys', 'bypass_duplicate',
    'bias_lr_mult', 'bias_decay_mult', 'norm_decay_mult', 'flat_decay_mult',
    'dwconv_decay_mult', 'dcn_offset_lr_mult',
}  # fmt: skip

# Top-level keys that :mod:`settings` acts on.
SETTINGS = {'classes', 'data_root', 'default_scope', 'num_classes'}

# Values that are a number or a word, such as a loss scale of 512 or 'dynamic'.
NUMBER_OR_TEXT = {'loss_scale'}

# Top-level keys that no signature shows but that are read while running.
READ_BY_NAME = {
    'auto_scale_lr',
    'compile',
    'activation_checkpointing',
    'find_unused_parameters',
    'fsdp',
    'loggers',
    'model_wrapper_cfg',
    'sync_bn',
    'tta_model',
    'tta_pipeline',
    'validation_loss',
}


def check_overrides(cfg: Config, overrides: Mapping[str, Any]) -> None:
    """Check that each dotted key names something that exists or is understood.

    mmengine adds any key it does not know, so a misspelt one trains for days with
    the old value.

    Raises:
        UserError: Naming the key and the nearest that exist.
    """
    for key in overrides:
        _check(cfg, key, overrides)
        _check_copied(cfg, key)
        _check_kind(cfg, key, overrides[key])


def _check_kind(cfg: Config, key: str, value: Any) -> None:
    """Refuse text where the present value is a switch, which any would turn on.

    Or a number: what needs it may be days away.
    """
    where, _, name = key.rpartition('.')
    node = _owner(cfg, key)
    if node is None:
        return
    present = node.get(name)
    if isinstance(present, Mapping) and isinstance(value, int | float):
        raise UserError(
            f'--cfg-options {key} holds settings of its own: set them by name, as in '
            f'{key}.{next(iter(present), "name")}=..., or all to None'
        )
    default = node.get(name, _defaults(cfg, node).get(name))
    text = isinstance(value, str) and not REFERENCE.search(value)
    if isinstance(default, bool) and text:
        raise UserError(f'--cfg-options {key} is True or False, got {value!r}')
    number = type(present) in (int, float) and name not in NUMBER_OR_TEXT
    if where and text and number:
        raise UserError(f'--cfg-options {key} is a number, got {value!r}')


def as_present(cfg: Config, overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Give the overrides, whole numbers as floats where the present value is one.

    Some of the hosts' classes ask for a float, which ``prob=1`` is not.
    """
    found = dict(overrides)
    for key, value in overrides.items():
        node = _owner(cfg, key) or {}
        if type(value) is int and isinstance(node.get(key.rpartition('.')[2]), float):
            found[key] = float(value)
    return found


def _owner(cfg: Config, key: str) -> Mapping | None:
    """Give the dict of a config that a dotted key is in, if there is one."""
    node: Any = cfg._cfg_dict
    for part in key.split('.')[:-1]:
        if isinstance(node, list | tuple):
            node = node[int(part)]
        elif isinstance(node, Mapping):
            node = node.get(part)
        else:
            return None
    return node if isinstance(node, Mapping) else None


def _check_copied(cfg: Config, key: str) -> None:
    """Refuse a name that is read no more: its value was copied when the file was read.

    A name of the config's own counts only where ``'${name}'`` stands for it. One whose
    value is nowhere else may be read by a program of the user's.
    """
    name, dot, rest = key.partition('.')
    top = cfg._cfg_dict
    if name not in top or name in _runner_keys() | SETTINGS:
        return
    if any(f'${{{name}}}' in str(top[other]) for other in {*top} - {name}):
        return
    used = {other: top[other] for other in _runner_keys() & top.keys()}
    places = [place + dot + rest for place in _places_of(top[name], used)]
    if places:
        raise UserError(
            f'--cfg-options {key}: the config copied {name} to where it is used when '
            f'it was read, so this would change nothing; set {" and ".join(places)}'
        )


def _places_of(value: Any, node: Any, where: str = '') -> Iterator[str]:
    """Give the dotted keys in a config of what equals a value."""
    if where and type(node) is type(value) and node == value:
        yield where
    elif isinstance(node, Mapping | list | tuple):
        pairs = node.items() if isinstance(node, Mapping) else enumerate(node)
        for key, item in pairs:
            yield from _places_of(value, item, f'{where}.{key}' if where else str(key))


def _check(cfg: Config, key: str, overrides: Mapping[str, Any]) -> None:
    node: Any = cfg._cfg_dict
    parts = key.split('.')
    for depth, part in enumerate(parts):
        where = '.'.join(parts[:depth])
        if isinstance(node, Sequence) and not isinstance(node, str):
            if not part.isdigit() or int(part) >= len(node):
                raise UserError(
                    f'--cfg-options {key}: {where} is a list of {len(node)}, '
                    f'and {part!r} is no index of it'
                )
            node = node[int(part)]
        elif isinstance(node, Mapping):
            if part not in node:
                # Arguments belong to the type that is asked for.
                if f'{where}.type' in overrides:
                    node = {**node, 'type': overrides[f'{where}.type']}
                _check_new(cfg, node, part, key, where)
                return
            node = node[part]
        elif node is None and depth:
            return  # None may become anything
        else:
            raise UserError(f'--cfg-options {key}: {where} is {node!r}, not a dict')


def _check_new(cfg: Config, node: Mapping, part: str, key: str, where: str) -> None:
    """Accept a key that is absent only where its owner takes such an argument."""
    accepted = ALWAYS | (_arguments(cfg, node) if where else _runner_keys())
    if where.endswith('paramwise_cfg'):
        accepted |= PARAMWISE
    if part in accepted:
        return
    # What takes any argument may still have one of nearly this name.
    known = {*node, *accepted}
    if '**' in accepted and not difflib.get_close_matches(part, known, 1, 0.9):
        return
    if where and 'type' not in node and not _near(part, node):
        return  # a free dict, such as metainfo or default_hooks
    near = _near(part, {*node, *accepted} - ALWAYS)
    prefix = f'{where}.' if where else ''
    hint = ' or '.join(prefix + name for name in near)
    if hint:
        hint = f'did you mean {hint}?'
    else:
        hint = f'keys there: {", ".join(map(str, node))}'
    raise UserError(f'--cfg-options {key}: no such key; {hint}')


def _near(part: str, names: Iterable[str]) -> list[str]:
    return difflib.get_close_matches(part, [*map(str, names)], n=3, cutoff=0.7)


def _runner_keys() -> set[str]:
    return READ_BY_NAME | {*inspect.signature(Runner.__init__).parameters} - {'self'}


def _arguments(cfg: Config, node: Mapping) -> set[str]:
    """Give the arguments of the class that a dict builds; ``**`` if it takes any."""
    return {*_defaults(cfg, node)}


def _defaults(cfg: Config, node: Mapping) -> dict[str, Any]:
    """Give the arguments of the class that a dict builds, with their defaults.

    ``**`` among them stands for any others.
    """
    if 'type' not in node:
        return {}
    scope = cfg.get('default_scope', 'mmengine')
    import_host(scope)  # which mmengine would do, not as quietly
    with DefaultScope.overwrite_default_scope(scope):
        target = _resolve(node['type'], scope)
    if target is None:
        return {'**': None}
    found: dict[str, Any] = {}
    # `**kwargs` of a subclass are the arguments of the class above it.
    for owner in target.__mro__[:-1]:
        if '__init__' not in vars(owner):
            continue
        parameters = inspect.signature(vars(owner)['__init__']).parameters.values()
        for parameter in parameters:
            if parameter.kind is not parameter.VAR_KEYWORD:
                found.setdefault(parameter.name, parameter.default)
        if not any(p.kind is p.VAR_KEYWORD for p in parameters):
            found.pop('self')
            return found
    return found | {'**': None}


def _resolve(name: Any, scope: str) -> type | None:
    if inspect.isclass(name):
        return name
    from mmengine import registry

    for kind in vars(registry).values():
        # mmengine warns of each registry that a host has no part of.
        if isinstance(kind, registry.Registry) and scope in (
            kind.scope,
            *kind.children,
        ):
            with kind.switch_scope_and_registry(None) as scoped:
                found = scoped.get(name)
            if inspect.isclass(found):
                return found
    return None
