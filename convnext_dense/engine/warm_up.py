"""Whether a run is long enough for its warm-up."""

import logging
from typing import Any

from mmengine.logging import print_log


def warn_of_warm_up(schedules: Any, iterations: int) -> None:
    """Say if the learning rate still rises when the run ends.

    Args:
        schedules: The built schedules, of one optimizer or of several by name.
        iterations: How long the run is.
    """
    if isinstance(schedules, dict):
        for part in schedules.values():
            warn_of_warm_up(part, iterations)
        return
    for schedule in schedules:
        rises = getattr(schedule, 'start_factor', 1) < getattr(
            schedule, 'end_factor', 1
        )
        if rises and not schedule.by_epoch and schedule.end > iterations:
            print_log(
                f'the warm-up takes {schedule.end} iterations and the run '
                f'{iterations}: its learning rate never gets to the one that was set '
                '(shorter: warmup=N where the config has it, or `end` of the '
                'param_scheduler)',
                logger='current',
                level=logging.WARNING,
            )
