"""Values of settings that no run can have, told before anything is built or written.

What has no rule here is told when it is built.
"""

from collections.abc import Callable, Iterable, Mapping
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
    return (
        isinstance(found, list | tuple)
        and len(found) > 0
        and all(flip in known for flip in found)
    )


def _is_share(value: Any) -> bool:
    return _is_number(value) and 0 <= value <= 1


def _is_range(value: Any) -> bool:
    return (
        isinstance(value, list | tuple)
        and len(value) == 2
        and all(_is_share(bound) for bound in value)
    )


COUNT = Rule(lambda value: _is_whole(value, 1), 'a whole number from 1 on')
WORKERS = Rule(lambda value: _is_whole(value, 0), 'a whole number from 0 on')
RATE = Rule(lambda value: _is_number(value) and value >= 0, 'a number from 0 on')
ABOVE = Rule(lambda value: _is_number(value) and value > 0, 'a number above 0')
SHARE = Rule(_is_share, 'a number from 0 to 1')
RANGE = Rule(_is_range, 'two numbers from 0 to 1, as in [0.2,1.0]')
BELOW = Rule(lambda value: _is_share(value) and value < 1, 'a number from 0 to below 1')
BETAS = Rule(
    lambda value: _is_range(value) and max(value) < 1,
    'two numbers from 0 to below 1, as in [0.9,0.999]',
)
LEVELS = ('NOTSET', 'DEBUG', 'INFO', 'WARNING', 'WARN', 'ERROR', 'CRITICAL', 'FATAL')
LEVEL = Rule(
    lambda value: _is_whole(value, 0) or value in LEVELS,
    'DEBUG, INFO, WARNING, ERROR or CRITICAL',
)
THRESHOLD = Rule(
    lambda value: _is_share(value) or value == -1,
    'a number from 0 to 1, or -1 for probabilities',
)
NMS = Rule(lambda value: value in ('nms', 'soft_nms'), "'nms' or 'soft_nms'")
MOST = Rule(
    lambda value: value == -1 or _is_whole(value, 1),
    'a whole number from 1 on, or -1 for all',
)
FLIPS = Rule(
    _are_flips,
    "a list of 'horizontal', 'vertical' and 'diagonal'; for none, set prob=0.0 of "
    'RandomFlip in train_dataloader.dataset.pipeline',
)

# Names of our configs, which count where '${name}' stands for them: in others' configs
# they may mean anything.
OURS: dict[str, Rule] = {
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
    'vertical_flip': SHARE,
    'crop_scale': RANGE,
}
# Names of the hosts.
THEIRS: dict[str, Rule] = (
    {
        'log_level': LEVEL,
        'train_cfg.max_epochs': COUNT,
        'train_cfg.max_iters': COUNT,
        'train_cfg.val_interval': COUNT,
        'optim_wrapper.accumulative_counts': COUNT,
        'optim_wrapper.optimizer.lr': RATE,
        'optim_wrapper.clip_grad.max_norm': ABOVE,
        'optim_wrapper.optimizer.weight_decay': RATE,
        'optim_wrapper.optimizer.betas': BETAS,
        'default_hooks.logger.interval': COUNT,
        'model.backbone.drop_path_rate': BELOW,
        'model.test_cfg.rcnn.score_thr': SHARE,
        'model.test_cfg.rpn.max_per_img': COUNT,
        'model.test_cfg.rcnn.max_per_img': MOST,
        'model.test_cfg.rcnn.mask_thr_binary': THRESHOLD,
    }
    | {
        f'model.test_cfg.{part}.nms.{name}': rule
        for part in ('rpn', 'rcnn')
        for name, rule in (('type', NMS), ('iou_threshold', SHARE))
    }
    | {
        f'model.train_cfg.{part}.{name}': rule
        for part in ('rpn', 'rcnn')
        for name, rule in (
            ('sampler.num', COUNT),
            ('sampler.pos_fraction', SHARE),
            ('assigner.pos_iou_thr', SHARE),
        )
    }
    | {
        f'{phase}_dataloader.{name}': rule
        for phase in ('train', 'val', 'test')
        for name, rule in (('batch_size', COUNT), ('num_workers', WORKERS))
    }
)


def names_read(settings: Mapping[str, Any]) -> set[str]:
    """Give those of our names that a config, not resolved yet, refers to."""
    text = str(settings)
    return {name for name in OURS if f'${{{name}}}' in text}


def check_values(settings: Mapping[str, Any], names: Iterable[str]) -> None:
    """Check a config whose references are resolved.

    Args:
        settings: The config.
        names: What :func:`names_read` gave of it before.

    Raises:
        UserError: If a value breaks its rule; None and what is absent do not.
    """
    # What a user sets comes first: the rest may refer to it.
    mine = {name: rule for name, rule in OURS.items() if name in set(names)}
    for name, rule in (mine | THEIRS).items():
        value = _at(settings, name)
        if value is not None and not rule.holds(value):
            raise UserError(f'{name}={value!r}: it has to be {rule.words}')
    warmup, iterations = (
        settings.get(name) if name in mine else None for name in ('warmup', 'max_iters')
    )
    if warmup and iterations and warmup >= iterations:
        raise UserError(
            f'warmup={warmup} is too long for max_iters={iterations}: set a shorter one'
        )


def _at(node: Any, name: str) -> Any:
    for key in name.split('.'):
        node = node.get(key) if isinstance(node, Mapping) else None
    return node
