"""A benchmark's frame: options, rows printed as they come, a JSON file.

A benchmark is a script of this form::

    suite = Suite(__doc__, 'boxes', image_side=(512, 'side of the image'))
    peer = suite.peer('torchvision')
    if peer:
        suite.compare('nms', {'ours': ours, 'torchvision': peer_nms}, goal=0.5)
    sys.exit(suite.finish())
"""

import argparse
import importlib
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from timing import Row, machine, measure

from convnext_dense.cli import complain, out_of_memory
from convnext_dense.errors import UserError

SIDES = ('height', 'width', 'side', 'sides', 'size', 'sizes')  # options, of images
LEAST = 32
PRECISIONS = ['float32', 'bfloat16']
CLOCKS = {'wall': time.perf_counter, 'cpu': time.process_time}


class Suite:
    """The rows of one script, printed as they come and written in the end.

    Args:
        description: The script's docstring, for ``--help`` and the head of the table.
        name: Names the JSON file.
        rounds: Default of ``--rounds``.
        devices: Whether it runs on a GPU too.
        **options: Further options, ``name=(default, help)`` or ``name=(default, help,
            choices)``; numbers have to be positive, sides of images at least 32.
    """

    def __init__(
        self,
        description: str,
        name: str,
        rounds: int = 5,
        devices: bool = False,
        **options: tuple,
    ):
        sys.excepthook = _tell
        parser = argparse.ArgumentParser(description=description)
        parser.add_argument('--rounds', type=positive(int), default=rounds)
        parser.add_argument('--threads', type=_threads, help='default: one per core')
        parser.add_argument(
            '--clock',
            choices=CLOCKS,
            default='wall',
            help="cpu counts the processor's time, for a machine that others use too",
        )
        parser.set_defaults(device='cpu')
        if devices:
            parser.add_argument('--device', choices=('cpu', 'cuda'))
        parser.add_argument(
            '--json',
            type=Path,
            default=Path(f'work_dirs/benchmarks/{name}.json'),
            metavar='PATH',
            help='where the figures go (default: %(default)s)',
        )
        for option, (default, text, *choices) in options.items():
            several = isinstance(default, list)
            kind = type(default[0] if several else default)
            parser.add_argument(
                f'--{option.replace("_", "-")}',
                default=default,
                help=f'{text} (default: %(default)s)',
                type=kind if kind is str else positive(kind),
                choices=[*choices[0]] if choices else None,
                **(dict(nargs='+') if several else {}),
            )
        self.args = parser.parse_args()
        for name, value in vars(self.args).items():
            sides = value if isinstance(value, list) else [value]
            if name in SIDES and min(sides) < LEAST:
                parser.error(f'--{name} {min(sides)} is below {LEAST}, the last stride')
        try:
            self.args.json.parent.mkdir(parents=True, exist_ok=True)
            known = self.args.json.exists()
            self.args.json.open('a').close()
            if not known:
                self.args.json.unlink()
        except OSError as error:
            parser.error(f'--json {self.args.json} cannot be written: {error.strerror}')
        self.rows: list[Row] = []
        self.missing: list[str] = []
        self._prepare()

    def _prepare(self) -> None:
        if self.args.threads:
            torch.set_num_threads(self.args.threads)
        if self.args.device.startswith('cuda') and not torch.cuda.is_available():
            print('no GPU here: this needs one; run without --device cuda for the CPU')
            sys.exit(2)
        found = machine() | dict(clock=self.args.clock)
        print('  '.join(f'{key} {value}' for key, value in found.items() if value))
        self.machine = found

    def peer(self, module: str, extra: str = 'bench') -> ModuleType | None:
        """Import a peer; where it is missing, say how to get it and return None."""
        try:
            return importlib.import_module(module)
        except ImportError as error:
            text = f"{module}: pip install 'convnext-dense[{extra}]' ({error})"
            if text not in self.missing:
                self.missing.append(text)
                print(f'left out, not installed: {text}', file=sys.stderr)
            return None

    def compare(
        self,
        name: str,
        sides: Mapping[str, Callable[[], object]],
        *,
        memory: bool = True,
        warmup: int = 1,
        rounds: int | None = None,
        **facts: Any,
    ) -> Row:
        """Measure a row and print it; ``facts`` are the further fields of Row."""
        timed = measure(
            sides,
            rounds=rounds or self.args.rounds,
            warmup=warmup,
            device=self.args.device,
            memory=memory,
            clock=CLOCKS[self.args.clock],
        )
        return self.add(Row(name, timed, **facts))

    def add(self, row: Row) -> Row:
        """Print a row that was measured."""
        self.rows.append(row)
        print(as_text(row), flush=True)
        return row

    def finish(self) -> int:
        """Write the JSON file and return the exit code."""
        path = self.args.json
        found = dict(
            command=' '.join(['python', *sys.argv]),
            machine=self.machine,
            missing=self.missing,
            rows=[row.as_dict() for row in self.rows],
        )
        path.write_text(json.dumps(found, indent=2) + '\n')
        print(f'written: {path}')
        return 0


def as_text(row: Row) -> str:
    """Lay a row out: a line per side, then the ratios and whether they meet goals."""
    lines = [f'\n{row.name}']
    width = max(len(name) for name in row.sides)
    for name, side in row.sides.items():
        peak = '' if side.peak_bytes is None else f'{side.peak_bytes / 2**20:9.1f} MiB'
        time = f'{1e3 * side.median:10.2f} ms +-{side.spread:4.0%}'
        lines.append(f'  {name:{width}} {time} {peak}')
    for what, ratio, goal in (
        ('time', row.ratio, row.goal),
        ('memory', row.memory_ratio, row.memory_goal),
    ):
        if ratio is not None:
            lines.append(
                f'  {what}: {ratio:.3f} of the best other{verdict(ratio, goal)}'
            )
    if row.equal is not None:
        kind = f'equal to {row.tolerance:g}' if row.tolerance else 'equal'
        lines.append(f'  results {kind}: {"yes" if row.equal else "NO"}')
    lines += [
        f'  {key}: {value:.3g}' if isinstance(value, float) else f'  {key}: {value}'
        for key, value in row.notes.items()
    ]
    return '\n'.join(lines)


def positive(kind: type) -> Callable[[str], Any]:
    """Give a reader of positive numbers for argparse."""

    def number(text: str) -> Any:
        value = kind(text)
        if not value > 0:
            raise argparse.ArgumentTypeError(f'{text} is not above 0')
        return value

    number.__name__ = kind.__name__  # which argparse names if it is none
    return number


def _threads(text: str) -> int:
    most = 16 * (os.cpu_count() or 1)
    value = positive(int)(text)
    if value > most:
        raise argparse.ArgumentTypeError(f'{text} is above {most}, 16 for each core')
    return value


_threads.__name__ = 'int'


def _tell(kind: type[BaseException], error: BaseException, trace: Any) -> None:
    """Tell a user's mistake in one line, and all else as Python does."""
    if isinstance(error, UserError):
        complain(str(error))
    elif out_of_memory(error):
        complain(f'{out_of_memory(error)}: choose smaller sizes')
    else:
        sys.__excepthook__(kind, error, trace)


def verdict(ratio: float, goal: float | None) -> str:
    """Say whether a ratio meets its goal, if it has one."""
    if goal is None:
        return ''
    return f' (goal {goal:.3g}: {"met" if ratio <= goal else "missed"})'
