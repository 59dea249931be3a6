"""A run that was killed and resumed ends as the one that never stopped."""

import errno
import os

import pytest

from convnext_dense.engine.checkpointing import read_manifest
from convnext_dense.engine.loops import EpochLoop
from convnext_dense.errors import UserError


@pytest.fixture(scope='module', params=[True, False], ids=['epochs', 'iterations'])
def by_epoch(request):
    return request.param


@pytest.fixture(scope='module')
def unbroken(toy, by_epoch, tmp_path_factory):
    return toy.train(toy.config(tmp_path_factory.mktemp('run'), by_epoch=by_epoch))


def killed_and_resumed(toy, work_dir, *kills, **options):
    for kill in kills:
        cfg = toy.config(work_dir, hooks=[dict(type='Kill', **kill)], **options)
        cfg.resume = kill is not kills[0]
        with pytest.raises(toy.Killed):
            toy.train(cfg)
    return toy.train(toy.config(work_dir, resume=True, **options))


@pytest.mark.parametrize('at', [4, 10, 19])
def test_killed_before_an_iteration(toy, unbroken, by_epoch, tmp_path, at):
    end = killed_and_resumed(toy, tmp_path, dict(at=at), by_epoch=by_epoch)
    assert toy.same(end, unbroken)


@pytest.mark.parametrize('at', [(10, 14), (20, 20)], ids=['amid', 'last'])
@pytest.mark.parametrize('where', ['before_val_iter', 'after_validation'])
def test_killed_around_a_validation(toy, unbroken, by_epoch, tmp_path, where, at):
    kill = dict(at=at[0] if by_epoch else at[1], where=where)
    end = killed_and_resumed(toy, tmp_path, kill, by_epoch=by_epoch)
    assert toy.same(end, unbroken)


def test_killed_twice(toy, unbroken, by_epoch, tmp_path):
    end = killed_and_resumed(toy, tmp_path, dict(at=5), dict(at=13), by_epoch=by_epoch)
    assert toy.same(end, unbroken)


def test_killed_with_workers_that_read_ahead(toy, unbroken, by_epoch, tmp_path):
    end = killed_and_resumed(toy, tmp_path, dict(at=8), by_epoch=by_epoch, workers=2)
    assert toy.same(end, unbroken)


def test_continued_with_another_number_of_workers(toy, unbroken, tmp_path, by_epoch):
    cfg = toy.config(
        tmp_path, hooks=[dict(type='Kill', at=8)], workers=2, by_epoch=by_epoch
    )
    with pytest.raises(toy.Killed):
        toy.train(cfg)
    end = toy.train(toy.config(tmp_path, resume=True, by_epoch=by_epoch))
    assert toy.same(end, unbroken)


def test_another_seed_ends_elsewhere(toy, unbroken, tmp_path, by_epoch):
    end = toy.train(toy.config(tmp_path, seed=2, by_epoch=by_epoch))
    assert not toy.same(end['state_dict'], unbroken['state_dict'])


def test_a_seed_that_was_drawn_is_kept(toy, tmp_path):
    with pytest.raises(toy.Killed):
        toy.train(toy.config(tmp_path, seed=None, hooks=[dict(type='Kill', at=10)]))
    cfg = toy.config(tmp_path, seed=None, resume=True)
    runner = toy.QuickRunner.from_cfg(cfg)
    assert runner.seed == read_manifest(tmp_path / 'iter_9.pth').seed


def test_checkpoints_of_whole_epochs_alone_suffice(toy, tmp_path_factory):
    def config(work_dir, **more):
        cfg = toy.config(work_dir, **more)
        cfg.default_hooks.checkpoint.update(by_epoch=True, interval=1)
        return cfg

    unbroken = toy.train(config(tmp_path_factory.mktemp('unbroken')))
    work_dir = tmp_path_factory.mktemp('killed')
    with pytest.raises(toy.Killed):
        toy.train(config(work_dir, hooks=[dict(type='Kill', at=13)]))
    assert toy.same(toy.train(config(work_dir, resume=True)), unbroken)


@pytest.mark.parametrize('change', ['batch_size', 'schedules'])
def test_another_recipe_is_refused(toy, tmp_path, change):
    with pytest.raises(toy.Killed):
        toy.train(toy.config(tmp_path, hooks=[dict(type='Kill', at=4)]))
    cfg = toy.config(tmp_path, resume=True)
    if change == 'batch_size':
        cfg.train_dataloader.batch_size = 4
    else:
        cfg.param_scheduler = cfg.param_scheduler[:1]
    with pytest.raises(UserError, match=change.replace('_', ' ')):
        toy.train(cfg)


@pytest.mark.parametrize(
    ('code', 'told', 'words'),
    [
        (errno.ENOSPC, UserError, r'No space left.*scalars\.json.*--resume'),
        (errno.EIO, OSError, r'scalars\.json'),
    ],
)
def test_only_a_full_disk_is_the_users_to_mend(
    toy, tmp_path, monkeypatch, code, told, words
):
    def write(*_):
        raise OSError(code, os.strerror(code), 'scalars.json')

    monkeypatch.setattr(EpochLoop, 'run_epoch', write)
    with pytest.raises(told, match=words):
        toy.train(toy.config(tmp_path))
