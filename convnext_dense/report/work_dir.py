"""What a run left in its work dir."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convnext_dense.errors import UserError

# What a line of scalars.json holds beside measured values.
PLACES = {'iter', 'epoch', 'step', 'time', 'data_time', 'base_lr'}


@dataclass(frozen=True)
class Run:
    """A run, as its files tell.

    Args:
        path: The work dir.
        results: What the last test or validation found: ``results/results.json``.
        entry: How it was trained, or else tested: an entry of ``run.json``.
        curves: Points (iteration, value) by name; those of validations, too.
        labels: Label statistics of the training data: ``labels.json``.
        batches: Pictures of the first training batches.
    """

    path: Path
    results: dict[str, Any]
    entry: dict[str, Any]
    curves: dict[str, list[tuple[int, float]]]
    labels: dict[str, Any] | None
    batches: list[Path]

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.path.resolve().name


def read_run(path: Path) -> Run:
    """Read a work dir.

    Raises:
        UserError: If it is none, or nothing was tested in it.
    """
    if not path.is_dir():
        raise UserError(f'no such folder: {path}')
    scalars = sorted(path.glob('*/vis_data/scalars.json'))
    results = path / 'results' / 'results.json'
    if not (scalars or results.is_file() or (path / 'run.json').is_file()):
        raise UserError(
            f'{path} holds no run: name the work dir of tools/train.py or tools/test.py'
        )
    if not results.is_file():
        raise UserError(
            f'{path} holds no test results yet: run tools/test.py CONFIG CHECKPOINT '
            f'--work-dir {path}'
        )
    entries = _read(path / 'run.json') or {}
    return Run(
        path,
        _read(results),
        entries.get('train') or entries.get('test') or {},
        read_curves(scalars),
        _read(path / 'labels.json'),
        sorted(path.glob('pictures/train_batch_*.jpg')),
    )


def _read(path: Path) -> Any:
    if not path.is_file():
        return None
    try:
        return json.loads(path.read_text(encoding='utf-8'))
    except json.JSONDecodeError as error:
        raise UserError(f'{path} is no whole JSON file: {error}') from error


def read_curves(files: Sequence[Path]) -> dict[str, list[tuple[int, float]]]:
    """Join what mmengine logged, in the order of time.

    A run that was resumed, or started over, goes on at an iteration that was logged
    before: what was logged from there on is replaced. Tests are no part of a curve.

    Args:
        files: ``scalars.json`` files, one JSON object a line.

    Returns:
        Points (iteration, value) by name; a validation's stand at the last iteration
        before it.
    """
    curves: dict[str, list[tuple[int, float]]] = {}
    for file in files:
        place = None
        for line in file.read_text(encoding='utf-8').splitlines():
            try:
                values = json.loads(line)
            except json.JSONDecodeError:
                break  # the run was killed while it wrote its last line
            if 'iter' in values:
                if place is None:
                    _forget_from(curves, values['iter'])
                place = values['iter']
            if place is None:
                continue
            for key, value in values.items():
                if key not in PLACES and isinstance(value, int | float):
                    curves.setdefault(key.split('/')[-1], []).append((place, value))
    return curves


def _forget_from(curves: dict[str, list[tuple[int, float]]], place: int) -> None:
    for key in [*curves]:
        curves[key] = [point for point in curves[key] if point[0] < place]
        if not curves[key]:
            del curves[key]
