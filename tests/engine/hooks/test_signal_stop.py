"""Signals save, end with a documented code, and cost nothing."""

import signal

import pytest

from convnext_dense.engine.checkpointing import newest_whole, read_manifest
from convnext_dense.errors import Stopped


def train(toy, work_dir, *kills, **options):
    hooks = [
        dict(type='Kill', at=at, where=where, by=int(number))
        for at, where, number in kills
    ]
    return toy.train(toy.config(work_dir, hooks=hooks, **options))


@pytest.fixture(scope='module')
def unbroken(toy, tmp_path_factory):
    return toy.train(toy.config(tmp_path_factory.mktemp('run')))


@pytest.mark.parametrize(
    ('number', 'code'),
    [(signal.SIGTERM, 75), (signal.SIGUSR1, 75), (signal.SIGINT, 130)],
)
def test_a_signal_saves_and_the_run_goes_on(toy, unbroken, tmp_path, number, code):
    before = signal.getsignal(number)
    with pytest.raises(Stopped, match='after iteration 8') as stop:
        train(toy, tmp_path, (7, 'before_train_iter', number))
    assert stop.value.code == code
    assert signal.getsignal(number) is before
    assert toy.same(toy.train(toy.config(tmp_path, resume=True)), unbroken)


def test_a_second_interrupt_stops_at_once(toy, tmp_path):
    first = (7, 'before_train_iter', signal.SIGINT)
    second = (7, 'after_train_iter', signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        train(toy, tmp_path, first, second)


def test_a_validation_is_left_if_its_iteration_is_saved(toy, tmp_path):
    options = dict(by_epoch=False)
    options['train_cfg.val_interval'] = 6
    kill = (6, 'before_val_iter', signal.SIGTERM)
    with pytest.raises(Stopped, match='after iteration 6'):
        train(toy, tmp_path, kill, **options)
    assert not (tmp_path / 'recent.pth').exists()
    assert toy.same(
        train(toy, tmp_path, resume=True, **options),
        train(toy, tmp_path / 'unbroken', **options),
    )


def test_a_validation_ends_first_if_its_iteration_is_not_saved(toy, unbroken, tmp_path):
    with pytest.raises(Stopped, match='after iteration 10'):
        train(toy, tmp_path, (10, 'before_val_iter', signal.SIGTERM))
    assert read_manifest(newest_whole(tmp_path)[0]).iter == 10
    assert toy.same(toy.train(toy.config(tmp_path, resume=True)), unbroken)
