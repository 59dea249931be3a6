"""Runs of a detector and a segmentor that are killed, and what they should end as."""

import multiprocessing
import os
import signal
import sys
import time
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parents[2]
TASKS = {
    'detector': ('mask-rcnn_convnext-v2-atto_demo_shapes', 'max_epochs = 4', 1),
    'segmentor': ('upernet_convnext-v2-atto_demo_shapes', 'max_iters = 12', 5),
}
RECIPE = """
_base_ = '{base}'
data_root = '{data}'
image_size = 64
batch_size = 2
warmup = 2
{length}
val_interval = {validation}
train_cfg = dict(val_interval={validation})
train_dataloader = dict(num_workers={workers}, persistent_workers={persistent})
val_dataloader = dict(num_workers=0, persistent_workers=False)
test_dataloader = dict(num_workers=0, persistent_workers=False)
model = dict(backbone=dict(drop_path_rate=0.3))
optim_wrapper = dict(accumulative_counts=2)
custom_hooks = [dict(type='EMAHook', momentum=0.1)]
default_hooks = dict(checkpoint=dict(by_epoch=False, interval=2))
"""
KEYS = ('state_dict', 'ema_state_dict', 'optimizer', 'param_schedulers', 'resume')


@pytest.fixture(scope='session')
def data(tmp_path_factory):
    """Give a folder of 6 images to train and 2 to validate."""
    from convnext_dense.datasets.shapes import write_shapes

    folder = tmp_path_factory.mktemp('data') / 'shapes'
    write_shapes(folder, train=6, val=2, size=64)
    return folder


@pytest.fixture(scope='session')
def recipe(data, tmp_path_factory):
    """Give a function that writes a config with every kind of randomness."""
    pytest.importorskip('mmdet', reason='mmdet is not installed')
    pytest.importorskip('mmseg', reason='mmseg is not installed')
    folder = tmp_path_factory.mktemp('configs')

    def recipe(task, workers=0, more=''):
        base, length, validation = TASKS[task]
        text = RECIPE.format(
            base=ROOT / f'configs/shapes/{base}.py', data=data, length=length,
            validation=validation, workers=workers, persistent=workers > 0,
        )  # fmt: skip
        path = folder / f'{task}_{workers}_{len([*folder.iterdir()])}.py'
        path.write_text(text + more)
        return path

    return recipe


class Training:
    """A training in a process of its own, forked when all imports are done."""

    def __init__(self, config, work_dir, resume=None):
        self.log = Path(work_dir, 'console.txt')
        self.log.parent.mkdir(parents=True, exist_ok=True)
        context = multiprocessing.get_context('fork')
        self.process = context.Process(
            target=self._run, args=(config, work_dir, resume)
        )
        self.process.start()

    def _run(self, config, work_dir, resume):
        os.setpgrp()
        handle = os.open(self.log, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        os.dup2(handle, 1)
        os.dup2(handle, 2)
        # Not the files that pytest has put in their place.
        sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
        # The tests before may have used OpenMP, whose threads a fork does not have:
        # a second thread would be waited for without end.
        torch.set_num_threads(1)
        from convnext_dense.cli import main

        arguments = ['train', str(config), '--work-dir', str(work_dir)]
        os._exit(main([*arguments, *(['--resume', resume] if resume else [])]))

    def end(self, timeout=300):
        """Wait for its end and give the exit code; None for one that hangs."""
        self.process.join(timeout)
        code = self.process.exitcode
        if code is None:
            self.kill()  # or the tests would wait for it when they are done
        return code

    def kill(self):
        """End it and its workers without a last word."""
        if self.process.is_alive():
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.join()
        return self.process.exitcode == -signal.SIGKILL


@pytest.fixture(scope='session')
def training():
    """Give a function that starts a training."""
    pytest.importorskip('mmdet', reason='mmdet is not installed')
    from convnext_dense.engine import launch  # noqa: F401
    from convnext_dense.engine.hosts import import_host

    for scope in ('mmdet', 'mmseg'):
        import_host(scope)
    return Training


@pytest.fixture(scope='session')
def outcome():
    """Give a function from a work dir to what its last checkpoint holds."""

    def outcome(work_dir):
        path = Path(work_dir, 'last_checkpoint').read_text()
        content = torch.load(path, weights_only=False)
        return {key: content[key] for key in KEYS}

    return outcome


@pytest.fixture(scope='session')
def unbroken(recipe, training, outcome, tmp_path_factory):
    """Give a function from a task to the end of a run that was never stopped."""
    known = {}

    def unbroken(task, more=''):
        if (task, more) not in known:
            work_dir = tmp_path_factory.mktemp('unbroken')
            start = time.monotonic()
            run = training(recipe(task, more=more), work_dir)
            assert run.end() == 0, run.log.read_text()[-3000:]
            known[task, more] = outcome(work_dir), time.monotonic() - start
        return known[task, more]

    return unbroken
