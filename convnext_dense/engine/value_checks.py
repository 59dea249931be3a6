"""Values of settings that no run can have, told before anything is built or written.

What is left out here (a type, a nested option) is told when it is built.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from convnext_dense.errors import UserError


class Rule(NamedTuple):
    """What a value has to be, and the same in words."""

    holds: Callable[[Any], bool]
    words: str


def _is_whole(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _are_flips(value: Any) -> bool:
    found = [value] if isinstance(value, str) else value
    known = {'horizontal', 'vertical', 'diagonal'}
    return isinstance(found, list | tuple) and all(flip in known for flip in found)


COUNT = Rule(lambda value: _is_whole(value, 1), 'a whole number from 1 on')
WORKERS = Rule(lambda value: _is_whole(value, 0), 'a whole number from 0 on')
RATE = Rule(lambda value: _is_number(value) and value >= 0, 'a number from 0 on')
FLIPS = Rule(_are_flips, "a list of 'horizontal', 'vertical' and 'diagonal'")

# What a user sets comes first: the rest may refer to it.
RULES: dict[str, Rule] = {
    'image_size': COUNT,
    'width': COUNT,
    'max_epochs': COUNT,
    'max_iters': COUNT,
    'val_interval': COUNT,
    'warmup': COUNT,
    'batch_size': COUNT,
    'num_workers': WORKERS,
    'lr': RATE,
    'flips': FLIPS,
    'train_cfg.max_epochs': COUNT,
    'train_cfg.max_iters': COUNT,
    'train_cfg.val_interval': COUNT,
    'optim_wrapper.accumulative_counts': COUNT,
    'optim_wrapper.optimizer.lr': RATE,
} | {
    f'{phase}_dataloader.{name}': rule
    for phase in ('train', 'val', 'test')
    for name, rule in (('batch_size', COUNT), ('num_workers', WORKERS))
}


def check_values(settings: Mapping[str, Any]) -> None:
    """Check a config whose references are resolved.

    Raises:
        UserError: If a value breaks its rule; None and what is absent do not.
    """
    for name, rule in RULES.items():
        value = _at(settings, name)
        if value is not None and not rule.holds(value):
            raise UserError(f'{name}={value!r}: it has to be {rule.words}')


def _at(node: Any, name: str) -> Any:
    for key in name.split('.'):
        node = node.get(key) if isinstance(node, Mapping) else None
    return node
