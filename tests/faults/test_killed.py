"""Killed at random moments, a run ends in the very same weights."""

import random
import shutil
import time

import pytest


def wait_for_a_write(work_dir, run):
    """Wait until a checkpoint is being written, if that is seen at all."""
    while run.process.is_alive() and not [*work_dir.glob('*.part')]:
        time.sleep(0.001)


def killed_until_done(training, config, work_dir, chance, duration, writing):
    """Kill a run and its successors, until one gets to its end."""
    kills = 0
    while True:
        run = training(config, work_dir, resume='auto')
        if kills < 2:
            time.sleep(chance.uniform(0.05, 0.95) * duration)
            if writing:
                wait_for_a_write(work_dir, run)
            kills += run.kill()
        if run.end() == 0:
            if kills:
                return
            # It was faster than the one that was timed: all over again, and sooner.
            shutil.rmtree(work_dir)
            duration /= 2
            continue
        assert run.end() == -9, (run.end(), run.log.read_text()[-3000:])


def check(toy, unbroken, training, recipe, outcome, tmp_path, task, workers, number):
    end, duration = unbroken(task)
    chance = random.Random(f'{task} {workers} {number}')
    work_dir = tmp_path / 'run'
    killed_until_done(
        training, recipe(task, workers), work_dir, chance, duration, number % 2
    )
    assert toy.same(outcome(work_dir), end)


@pytest.mark.parametrize('task', ['detector', 'segmentor'])
def test_a_killed_run_ends_in_the_same_weights(
    toy, unbroken, training, recipe, outcome, tmp_path, task
):
    check(toy, unbroken, training, recipe, outcome, tmp_path, task, 2, 1)


@pytest.mark.long
@pytest.mark.parametrize('number', range(5))
@pytest.mark.parametrize('workers', [0, 2])
@pytest.mark.parametrize('task', ['detector', 'segmentor'])
def test_twenty_killed_runs_end_in_the_same_weights(
    toy, unbroken, training, recipe, outcome, tmp_path, task, workers, number
):
    check(toy, unbroken, training, recipe, outcome, tmp_path, task, workers, number)
