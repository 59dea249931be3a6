"""Schedules of a run that is continued, perhaps with another length."""

import logging
import warnings
from typing import Any

from mmengine.logging import print_log

from convnext_dense.errors import CheckpointError


def take_up_schedules(runner: Any, saved: Any, path: Any) -> None:
    """Put the schedules where a checkpoint left them.

    mmengine restores a schedule's settings with its state, so that a run that is made
    longer would go on along the old, ended one. Here those of the config count: where
    they differ, the learning rate goes on as if the run had begun with them.

    Args:
        runner: The runner, whose epoch and iteration are restored already.
        saved: The states, in a list for each optimizer.
        path: The checkpoint, for errors.

    Raises:
        CheckpointError: If there are more schedules than before, or fewer.
    """
    if runner.param_schedulers is None:
        return
    runner.param_schedulers = runner.build_param_scheduler(runner.param_schedulers)
    now = runner.param_schedulers
    if not isinstance(now, dict):
        now, saved = {'': now}, {'': saved}
    for name, schedules in now.items():
        states = (saved or {}).get(name) or []
        if len(states) != len(schedules):
            raise CheckpointError(
                f'{path} has {len(states)} schedules of the learning rate, the config '
                f'{len(schedules)}: resume with the param_scheduler of the first start'
            )
        pairs = [*zip(schedules, states, strict=True)]
        changes = [text for pair in pairs for text in changed_settings(*pair)]
        if changes:
            print_log(
                f'the schedule has changed since {path} ({"; ".join(changes[:3])}): '
                'the learning rate goes on as if the run had begun with it',
                logger='current',
                level=logging.WARNING,
            )
            replay(schedules, runner.epoch, runner.iter)
            continue
        for schedule, state in pairs:
            schedule.load_state_dict(state)


def changed_settings(schedule: Any, state: dict[str, Any]) -> list[str]:
    """Say which settings of a schedule are others than in a saved state."""
    now = schedule.state_dict()
    # What it counts has a name of its own or begins with an underscore.
    settings = {key for key in now if key[0] != '_' and key in state} - {'last_step'}
    return [
        f'{type(schedule).__name__}.{name} was {state[name]}, is {now[name]}'
        for name in sorted(settings)
        if now[name] != state[name]
    ]


def replay(schedules: list[Any], epochs: int, iterations: int) -> None:
    """Bring schedules from the beginning to a moment of the run, and the rates along.

    Args:
        schedules: Fresh ones of one optimizer.
        epochs: Epochs that are behind the run.
        iterations: Iterations that are.
    """
    for schedule in schedules:
        groups = schedule.optimizer.param_groups
        for group, base in zip(groups, schedule.base_values, strict=True):
            group[schedule.param_name] = base
    with warnings.catch_warnings():
        # That the optimizer makes no steps meanwhile is as it should be.
        warnings.simplefilter('ignore')
        for schedule in schedules:
            schedule.last_step = -1
            schedule._global_step = -1
            schedule.step()
        by_epoch = [schedule for schedule in schedules if schedule.by_epoch]
        by_iter = [schedule for schedule in schedules if not schedule.by_epoch]
        for done in range(1, iterations + 1):
            for schedule in by_iter:
                schedule.step()
            # Epochs are of equal length.
            if done * epochs // iterations > (done - 1) * epochs // iterations:
                for schedule in by_epoch:
                    schedule.step()
