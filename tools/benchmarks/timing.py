"""Timing of two or more sides in turn; ``suite.py`` makes tables and JSON of it.

The sides of a row run alternately, A B A B, so that a slow moment of the machine
falls on all of them, and are compared round by round.
"""

import ctypes
import gc
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

SHORTEST = 0.02  # seconds; a shorter call is repeated within one measurement
OURS = 'ours'


@dataclass
class Side:
    """Seconds of each round, and the most memory held beyond what was there before."""

    seconds: list[float] = field(default_factory=list)
    peak_bytes: int | None = None

    @property
    def median(self) -> float:
        """Median seconds of a call."""
        return statistics.median(self.seconds)

    @property
    def spread(self) -> float:
        """Half the distance of the quartiles, as a share of the median."""
        if len(self.seconds) < 3:
            return (max(self.seconds) - min(self.seconds)) / 2 / self.median
        low, _, high = statistics.quantiles(self.seconds, n=4)
        return (high - low) / 2 / self.median


@dataclass
class Row:
    """One comparison.

    Args:
        name: What is measured.
        sides: By name; ``ours`` is compared with each of the others.
        goal: The largest ratio of our time to the fastest other's that meets the goal.
        memory_goal: The same of peak memory, against the most frugal other.
        equal: Whether the sides gave equal results, where that was checked.
        tolerance: The relative difference of results that counts as equal.
        notes: Further facts, such as units of work per call.
    """

    name: str
    sides: dict[str, Side]
    goal: float | None = None
    memory_goal: float | None = None
    equal: bool | None = None
    tolerance: float = 0.0
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def peer(self) -> str | None:
        """The fastest of the other sides."""
        others = [name for name in self.sides if name != OURS]
        if OURS not in self.sides or not others:
            return None
        return min(others, key=lambda name: self.sides[name].median)

    @property
    def ratio(self) -> float | None:
        """Our time by the fastest other's: the median of the rounds' ratios."""
        return None if self.peer is None else self.ratio_to(self.peer)

    def ratio_to(self, name: str) -> float:
        """Our time by another side's: the median of the rounds' ratios."""
        pairs = zip(self.sides[OURS].seconds, self.sides[name].seconds, strict=True)
        return statistics.median(ours / other for ours, other in pairs)

    @property
    def memory_ratio(self) -> float | None:
        """Our peak memory by the smallest of the others."""
        ours = self.sides[OURS].peak_bytes if OURS in self.sides else None
        others = [s.peak_bytes for n, s in self.sides.items() if n != OURS]
        if not ours or not others or not all(others):
            return None
        return ours / min(others)

    def as_dict(self) -> dict[str, Any]:
        """Everything that JSON should hold."""
        sides = {
            name: asdict(side) | dict(median=side.median, spread=side.spread)
            for name, side in self.sides.items()
        }
        found = dict(peer=self.peer, ratio=self.ratio, memory_ratio=self.memory_ratio)
        return asdict(self) | dict(sides=sides) | found


def measure(
    sides: Mapping[str, Callable[[], object]],
    *,
    rounds: int = 5,
    warmup: int = 1,
    device: str = 'cpu',
    memory: bool = True,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, Side]:
    """Call each side in turn, round after round.

    Args:
        sides: Functions without arguments, by name.
        rounds: Measurements of each side.
        warmup: Calls of each side beforehand that do not count; at least one.
        device: Where they compute; work queued on a GPU is waited for.
        memory: Whether one further call of each finds its peak memory.
        clock: ``time.process_time`` counts the processor's time, all threads added:
            what a call costs on a machine that others use too.
    """
    results = {name: Side() for name in sides}
    repeats = {}
    for name, call in sides.items():
        for _ in range(max(1, warmup)):
            seconds = _seconds(call, device, clock)
        repeats[name] = max(1, round(SHORTEST / max(seconds, 1e-9)))
        if memory:
            results[name].peak_bytes = peak_memory(call, device)
    for _ in range(rounds):
        for name, call in sides.items():
            gc.collect()
            seconds = _seconds(call, device, clock, repeats[name])
            results[name].seconds.append(seconds)
    return results


def peak_memory(call: Callable[[], object], device: str = 'cpu') -> int | None:
    """Find the bytes that a call holds at most, beyond those held before.

    On a GPU these are the allocator's, on Linux the resident set's high-water mark;
    None where the system does not tell.
    """
    gc.collect()
    if device.startswith('cuda'):
        import torch

        torch.cuda.synchronize()
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        call()
        torch.cuda.synchronize()
        return torch.cuda.max_memory_allocated() - before
    try:
        ctypes.CDLL('libc.so.6').malloc_trim(0)
        Path('/proc/self/clear_refs').write_text('5')  # resets the high-water mark
    except OSError:
        return None
    before = _resident('VmRSS')
    call()
    return max(0, _resident('VmHWM') - before)


def _resident(key: str) -> int:
    for line in Path('/proc/self/status').read_text().splitlines():
        if line.startswith(f'{key}:'):
            return int(line.split()[1]) * 1024
    raise KeyError(key)


def _seconds(
    call: Callable[[], object],
    device: str,
    clock: Callable[[], float],
    repeats: int = 1,
) -> float:
    start = clock()
    for _ in range(repeats):
        call()
    if device.startswith('cuda'):
        import torch

        torch.cuda.synchronize()
    return (clock() - start) / repeats


def machine() -> dict[str, Any]:
    """Describe what the figures were measured on."""
    import torch

    cpu = platform.processor()
    info = Path('/proc/cpuinfo')
    if info.is_file():
        lines = info.read_text().splitlines()
        names = [line for line in lines if line.startswith('model name')]
        cpu = names[0].partition(':')[2].strip() if names else cpu
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return dict(
        date=time.strftime('%Y-%m-%d'),
        cpu=cpu,
        cores=os.cpu_count(),
        threads=torch.get_num_threads(),
        gpu=gpu,
        python=platform.python_version(),
        torch=torch.__version__,
        load=round(os.getloadavg()[0], 2) if hasattr(os, 'getloadavg') else None,
    )
