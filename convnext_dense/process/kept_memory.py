"""Memory that a process keeps instead of asking for it again."""

import ctypes
import os
import sys

# Of glibc's malloc.h.
TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
# What older versions take, where they do not take the first.
LARGEST = (2**30, 2**25)
SETTINGS = ('MALLOC_TRIM_THRESHOLD_', 'MALLOC_MMAP_THRESHOLD_', 'GLIBC_TUNABLES')


def keep_memory() -> bool:
    """Let the process keep the memory that it frees, and tell whether it does.

    Activations come and go with each step. By default glibc gives large blocks back to
    the system, which fills every page with zeros before it lends it again
    (``tools/benchmarks/kept_memory.py`` tells what that costs). Nothing happens with
    other C libraries, or where the environment has settings of its own.
    """
    if sys.platform != 'linux' or any(name in os.environ for name in SETTINGS):
        return False
    mallopt = getattr(ctypes.CDLL(None), 'mallopt', None)
    return (
        mallopt is not None
        and any(mallopt(MMAP_THRESHOLD, size) for size in LARGEST)
        and bool(mallopt(TRIM_THRESHOLD, 2**31 - 1))
    )
