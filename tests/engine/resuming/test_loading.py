"""The data set that seeds its samples is otherwise the one it stands for."""

import pickle
from typing import ClassVar

import numpy as np
import pytest
import torch
from mmengine.dataset import DefaultSampler, pseudo_collate
from torch.utils.data import DataLoader

from convnext_dense.engine.resuming import Draw, SeededDataset, resumable


class Noise:
    metainfo: ClassVar = dict(classes=('a',))

    def __init__(self):
        self.pipeline = 'old'

    def __len__(self):
        return 9

    def __getitem__(self, index):
        return dict(index=index, noise=np.random.rand() + float(torch.rand(())))


def test_attributes_are_read_and_set_on_it():
    inner = Noise()
    dataset = SeededDataset(inner, 0)
    dataset.pipeline = 'new'
    assert (inner.pipeline, dataset.metainfo, len(dataset)) == (
        'new', Noise.metainfo, 9,
    )  # fmt: skip
    assert not hasattr(dataset, 'absent')


def test_it_reaches_spawned_workers():
    dataset = pickle.loads(pickle.dumps(SeededDataset(Noise(), 5)))
    assert dataset[Draw(1, 0, 0)] == SeededDataset(Noise(), 5)[Draw(1, 0, 0)]


def test_a_sample_does_not_depend_on_those_before():
    dataset = SeededDataset(Noise(), 5)
    first = dataset[Draw(3, 1, 7)]
    dataset[Draw(4, 1, 8)]
    assert dataset[Draw(3, 1, 7)] == first


@pytest.mark.parametrize('workers', [1, 3])
def test_batches_do_not_depend_on_the_number_of_workers(workers):
    def batches(workers):
        data = Noise()
        loader = DataLoader(
            data, 2, sampler=DefaultSampler(data, seed=1), num_workers=workers,
            collate_fn=pseudo_collate,
        )  # fmt: skip
        return [*resumable(loader, 4)]

    assert batches(workers) == batches(0)


def test_a_new_iterator_draws_nothing_from_the_stream_of_training():
    data = Noise()
    loader = resumable(DataLoader(data, 2, sampler=DefaultSampler(data)), 4)
    state = torch.get_rng_state()
    assert len([*loader]) == 5
    assert torch.equal(torch.get_rng_state(), state)
