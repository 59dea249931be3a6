"""The machine dies at any write, sync, rename or delete of a run's checkpoints."""

import os
from itertools import count
from pathlib import Path

import pytest

from convnext_dense.engine.checkpointing import files

pytestmark = pytest.mark.long


class Crash(BaseException):
    """The machine dies."""


def die_at(monkeypatch, last):
    steps = count()

    def dies(function):
        def call(*args, **kwargs):
            if next(steps) >= last:
                raise Crash
            return function(*args, **kwargs)

        return call

    for owner, name in (
        (os, 'fsync'), (files.os, 'replace'), (Path, 'unlink'),
        (files._Hashed, 'write'), (files, 'sha256_of'),
    ):  # fmt: skip
        monkeypatch.setattr(owner, name, dies(getattr(owner, name)))
    return steps


def config(toy, work_dir, **options):
    cfg = toy.config(work_dir, **options)
    cfg.train_cfg.update(max_epochs=2, val_interval=1)
    return cfg


def test_every_step_of_saving(toy, tmp_path):
    unbroken = toy.train(config(toy, tmp_path / 'unbroken'))
    for last in count(0, 3):
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
    assert last > 50
