"""What other processes take of the machine."""

import os
import time
from pathlib import Path

STAT = Path('/proc/stat')
IDLE = (3, 4)  # of a line of /proc/stat: doing nothing, or waiting for a disk
COUNTED = 8  # what follows counts guests a second time


class Others:
    """The processor cores that others use, from when this object is made.

    Source: proc_stat(5) of Linux; other systems tell nothing.
    """

    def __init__(self) -> None:
        self._then = _now()

    def cores(self) -> tuple[float, int] | None:
        """Give the cores used by others, in the mean, of all; None where not known."""
        now = _now()
        if self._then is None or now is None:
            return None
        seconds, busy, own = (b - a for a, b in zip(self._then, now, strict=True))
        if seconds <= 0:
            return None
        number = os.cpu_count() or 1
        return min(max((busy - own) / seconds, 0.0), float(number)), number


def advice(threads: int, used: float, cores: int) -> str | None:
    """Tell how many threads are better where others use the cores; None if fine.

    A step takes as long as its slowest thread, which waits while its core is taken.

    Args:
        threads: That this process computes with.
        used: Cores that other processes use.
        cores: Of the machine.
    """
    free = max(1, round(cores - used))
    if used < 0.5 or threads <= free:
        return None
    return (
        f'other processes use {used:.1f} of the {cores} cores, and this one computes '
        f'with {threads} threads, which wait for each other: OMP_NUM_THREADS={free} '
        'in the environment may be several times faster'
    )


def _now() -> tuple[float, float, float] | None:
    """Give the clock, the seconds that all cores were busy, and our share of them."""
    if not STAT.is_file():
        return None
    ticks = [int(text) for text in STAT.read_text().split('\n', 1)[0].split()[1:]]
    busy = sum(n for i, n in enumerate(ticks[:COUNTED]) if i not in IDLE)
    own = sum(os.times()[:4])
    return time.perf_counter(), busy / os.sysconf('SC_CLK_TCK'), own
