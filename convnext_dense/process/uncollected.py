"""Imports that the garbage collector leaves alone."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_freezing = False


@contextmanager
def uncollected(freeze: bool = False) -> Iterator[None]:
    """Import without looking for garbage.

    A large package makes a million objects, all of which stay; to go through them again
    and again takes a third of the time that it takes to load.

    Args:
        freeze: Never look again at what there is in the end, here and at later uses:
            for a process that is ours alone. Forked workers share what is frozen.
    """
    global _freezing
    _freezing |= freeze
    before = len(sys.modules)
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        # Else it would keep nothing but the garbage of whoever calls this again.
        if _freezing and len(sys.modules) > before:
            gc.freeze()
        if enabled:
            gc.enable()
