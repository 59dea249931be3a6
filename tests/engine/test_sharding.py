"""A model that is shared out among processes learns what a whole one learns."""

from types import SimpleNamespace

import pytest
import torch

from convnext_dense.checkpoints.loading import load_matching
from convnext_dense.engine.checkpointing import newest_whole
from convnext_dense.errors import UserError

TRAIN = """
import sys, toy, torch
from mmengine.dist import get_rank
launcher, work_dir, fsdp, last = sys.argv[1:]
kills = [dict(type='Kill', at=int(last))] if int(last) < 20 else []
cfg = toy.config(
    work_dir, by_epoch=False, launcher=launcher, resume='auto',
    **{'optim_wrapper.accumulative_counts': 3},
)
cfg.custom_hooks = kills
cfg.model.update(norm=False, dtype=torch.float64)
cfg.fsdp = bool(int(fsdp))
runner = toy.QuickRunner.from_cfg(cfg)
try:
    runner.train()
except toy.Killed:
    pass
shares = {
    name: getattr(param.data, '_local_tensor', param).numel()
    for name, param in runner.model.named_parameters()
}
torch.save(shares, f'{work_dir}/shares_{get_rank()}.pt')
torch.distributed.destroy_process_group()
"""


def end(folder):
    path, _ = newest_whole(folder)
    return torch.load(path, weights_only=False)


@pytest.fixture(scope='module')
def ends(together, tmp_path_factory):
    """Give what two processes end as: data-parallel, sharded, and broken off."""
    folder = tmp_path_factory.mktemp('fsdp')
    together(TRAIN, 2, folder / 'parallel', 0, 20)
    together(TRAIN, 2, folder / 'sharded', 1, 20)
    together(TRAIN, 2, folder / 'broken', 1, 10)  # amid accumulated gradients
    together(TRAIN, 2, folder / 'broken', 1, 20)
    names = ('parallel', 'sharded', 'broken')
    return SimpleNamespace(
        folder=folder, **{name: end(folder / name) for name in names}
    )


def test_a_sharded_model_learns_what_a_whole_one_learns(ends):
    for name, value in ends.parallel['state_dict'].items():
        assert (value - ends.sharded['state_dict'][name]).abs().max() <= 1e-12, name


def test_each_process_holds_its_share(ends):
    one, two = (
        torch.load(ends.folder / f'sharded/shares_{rank}.pt') for rank in range(2)
    )
    whole = {name: v.numel() for name, v in ends.sharded['state_dict'].items()}
    assert {name: one[name] + two[name] for name in one} == whole
    assert sum(one.values()) < 0.6 * sum(whole.values())


def test_a_run_that_was_killed_ends_in_the_same_weights(toy, ends):
    for key in ('state_dict', 'optimizer', 'param_schedulers'):
        assert toy.same(ends.broken[key], ends.sharded[key]), key


def test_its_checkpoint_loads_in_one_process(toy, ends):
    model = toy.ToyModel(norm=False, dtype=torch.float64)
    load_matching(model, ends.sharded['state_dict'], 'a test')
    assert toy.same(dict(model.state_dict()), ends.sharded['state_dict'])


def test_one_process_has_nobody_to_share_with(toy, tmp_path):
    cfg = toy.config(tmp_path)
    cfg.fsdp = True
    with pytest.raises(UserError, match='for several processes'):
        toy.train(cfg)
