"""Workers of data loaders, which signals to a run reach too."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any

from torch.utils.data import DataLoader

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def protected(begin: Callable[[int], None] | None) -> Callable[[int], None]:
    """Give the ``worker_init_fn`` of workers that leave signals to the main process.

    A scheduler, and Ctrl-C, signal every process of a job. The main process finishes
    its iteration first, for which it needs its workers; it ends them itself.

    Args:
        begin: What else a worker begins with.
    """
    return partial(_begin_worker, begin=begin)


def stop_workers(loader: DataLoader, iterator: Any = None) -> None:
    """End the workers of a loader, which otherwise wait to be collected as garbage.

    Args:
        loader: The loader.
        iterator: Its iterator, if it does not keep that itself.
    """
    for one in (iterator, loader._iterator):
        stop = getattr(one, '_shutdown_workers', None)
        if stop is not None:
            stop()
    loader._iterator = None


def _begin_worker(number: int, begin: Callable[[int], None] | None) -> None:
    _die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _first_time)
    if begin is not None:
        begin(number)


def _die_with_parent() -> None:
    """Ask Linux to end this process with the main one, which may be killed.

    A worker that waits to hand over a batch would otherwise wait for ever.
    """
    if sys.platform == 'linux':
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _first_time(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    """Let the first SIGTERM pass: torch ends a worker that hangs with more."""
    signal.signal(number, _second_time)


def _second_time(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    os._exit(128 + number)
