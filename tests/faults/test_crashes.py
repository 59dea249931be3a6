"""The machine dies at any write, sync, rename or delete of a run's checkpoints."""

import os
from itertools import count
from pathlib import Path

import pytest

from convnext_dense.engine.checkpointing import files

pytestmark = pytest.mark.long


class Crash(BaseException):
    """The machine dies."""


# A file is written in some 200 pieces, and cut short after any of them it is the same
# to a reader: every 16th of them is tried, and every one of the other steps.
STEPS = (
    (files._Hashed, 'write', 16),
    (os, 'fsync', 1),
    (files.os, 'replace', 1),
    (Path, 'unlink', 1),
    (files, 'sha256_of', 1),
)


def die_at(monkeypatch, last):
    """Let all that touches the disk raise, from a step on."""
    steps = count()
    dead = []

    def dies(function, every):
        calls = count()

        def call(*args, **kwargs):
            if next(calls) % every == 0 and next(steps) >= last:
                dead.append(True)
            if dead:
                raise Crash
            return function(*args, **kwargs)

        return call

    for owner, name, every in STEPS:
        monkeypatch.setattr(owner, name, dies(getattr(owner, name), every))


def config(toy, work_dir, **options):
    cfg = toy.config(work_dir, **options)
    cfg.train_cfg.update(max_epochs=2, val_interval=1)
    return cfg


def test_every_step_of_saving(toy, tmp_path):
    unbroken = toy.train(config(toy, tmp_path / 'unbroken'))
    for last in count():
        work_dir = tmp_path / str(last)
        with pytest.MonkeyPatch.context() as monkeypatch:
            die_at(monkeypatch, last)
            try:
                toy.train(config(toy, work_dir))
                died = False
            except (Crash, RuntimeError):  # what torch makes of it amid a write
                died = True
        if not died:
            break
        end = toy.train(config(toy, work_dir, resume=True))
        assert toy.same(end, unbroken), last
    assert last > 150
