"""Which checkpoints are written and kept."""

import pytest
import torch

from convnext_dense.engine.checkpointing import fault_of
from convnext_dense.errors import CheckpointError, UserError


@pytest.fixture(scope='module')
def work_dir(toy, tmp_path_factory):
    folder = tmp_path_factory.mktemp('run')
    toy.train(toy.config(folder))
    return folder


def test_as_many_are_kept_as_configured(work_dir):
    assert {p.name for p in work_dir.glob('iter_*.pth')} == {
        'iter_18.pth',
        'iter_20.pth',
    }


def test_one_best_is_kept(work_dir):
    assert len([*work_dir.glob('best_*.pth')]) == 1


def test_each_has_its_manifest_and_nothing_else_is_left(work_dir):
    assert all(fault_of(path) is None for path in work_dir.glob('*.pth'))
    manifests = {p.name.removesuffix('.json') for p in work_dir.glob('*.pth.json')}
    assert manifests == {path.name for path in work_dir.glob('*.pth')}
    assert not [*work_dir.glob('*.part')]


def test_a_flipped_bit_stops_a_resume_by_name(toy, work_dir, tmp_path):
    path = tmp_path / 'iter_20.pth'
    content = bytearray((work_dir / path.name).read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)
    manifest = (work_dir / 'iter_20.pth.json').read_text()
    (tmp_path / 'iter_20.pth.json').write_text(manifest)
    with pytest.raises(CheckpointError, match='does not match its checksum'):
        toy.train(toy.config(tmp_path, resume=True, load_from=str(path)))


def test_minutes_without_a_checkpoint_bring_one(toy, tmp_path):
    cfg = toy.config(tmp_path, hooks=[dict(type='Kill', at=12)])
    cfg.default_hooks.checkpoint.update(interval=100, minutes=0, save_best=None)
    with pytest.raises(toy.Killed):
        toy.train(cfg)
    assert fault_of(tmp_path / 'recent.pth') is None


def test_the_recent_one_goes_when_a_regular_one_is_whole(toy, tmp_path):
    cfg = toy.config(tmp_path)
    cfg.default_hooks.checkpoint.update(minutes=0)
    toy.train(cfg)
    assert not (tmp_path / 'recent.pth').exists()


def test_a_folder_that_is_none_is_refused(toy, tmp_path):
    cfg = toy.config(tmp_path)
    cfg.default_hooks.checkpoint.out_dir = 'http://somewhere/x'
    with pytest.raises(UserError, match='written to folders'):
        toy.train(cfg)


def test_names_in_a_checkpoint_delete_no_other_file(toy, tmp_path):
    """A file names the checkpoints to be deleted next."""
    with pytest.raises(toy.Killed):
        toy.train(toy.config(tmp_path / 'run', hooks=[dict(type='Kill', at=12)]))
    victim = tmp_path / 'best_of_all.pth'
    victim.write_text('precious')
    cfg = toy.config(tmp_path / 'run', resume=True)
    runner = toy.QuickRunner.from_cfg(cfg)
    take_up = runner.resume

    def resume(path):
        take_up(path)
        runner.message_hub.update_info('best_ckpt', str(victim))
        runner.message_hub.update_info('best_score', 1e9)

    runner.resume = resume
    runner.train()
    assert victim.read_text() == 'precious'


def test_checkpoints_of_an_earlier_run_are_set_aside(toy, tmp_path):
    first = toy.train(toy.config(tmp_path))
    toy.train(toy.config(tmp_path, **{'train_cfg.max_epochs': 2}))
    (aside,) = tmp_path.glob('before_*')
    assert {path.name for path in tmp_path.glob('iter_*.pth')} == {
        'iter_9.pth',
        'iter_10.pth',
    }
    assert fault_of(aside / 'iter_20.pth') is None
    kept = torch.load(aside / 'iter_20.pth', weights_only=False)
    assert toy.same(dict(kept['state_dict']), dict(first['state_dict']))


def test_resuming_sets_nothing_aside(toy, tmp_path):
    with pytest.raises(toy.Killed):
        toy.train(toy.config(tmp_path, hooks=[dict(type='Kill', at=8)]))
    toy.train(toy.config(tmp_path, resume=True))
    assert not [*tmp_path.glob('before_*')]


def test_a_metric_that_there_is_not_keeps_no_best_one(toy, tmp_path):
    cfg = toy.config(tmp_path)
    cfg.default_hooks.checkpoint.update(save_best='toy/absent')
    toy.train(cfg)
    assert not [*tmp_path.glob('best_*')]
    assert (tmp_path / 'iter_20.pth').exists()
