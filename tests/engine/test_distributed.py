"""Processes that share a batch learn what one learns from all of it."""

import pytest
import torch

from convnext_dense.engine.distributed import Vote

TRAIN_BOTH = """
import sys, torch, toy
launcher, out, batch_size = sys.argv[1], sys.argv[2], int(sys.argv[3])
ends = {}
for dtype in (torch.float32, torch.float64):
    cfg = toy.config(
        f'{out}_{dtype}', by_epoch=False, launcher=launcher,
        **{'train_cfg.max_iters': 10, 'optim_wrapper.accumulative_counts': 1},
    )
    cfg.model.update(norm=False, dropout=0.0, dtype=dtype)
    cfg.train_dataloader.batch_size = batch_size
    ends[dtype] = toy.train(cfg)['state_dict']
torch.save(ends, f'{out}.pt')
"""


def train(together, out, world_size, batch_size):
    together(TRAIN_BOTH, world_size, out, batch_size)
    return torch.load(f'{out}.pt', weights_only=False)


@pytest.fixture(scope='module')
def ends(together, tmp_path_factory):
    folder = tmp_path_factory.mktemp('ddp')
    return train(together, folder / 'one', 1, 4), train(together, folder / 'two', 2, 2)


@pytest.mark.parametrize(
    ('dtype', 'bound'), [(torch.float32, 1e-6), (torch.float64, 1e-12)]
)
def test_two_processes_end_as_one_after_ten_steps(ends, dtype, bound):
    one, two = (end[dtype] for end in ends)
    for name, value in one.items():
        assert (value - two[name]).abs().max() <= bound, name


def test_one_process_alone_has_its_way():
    vote = Vote()
    assert vote(True)
    assert not vote(False)
