"""Batches are those of torch and mmdet, and go on from any position."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mmengine.dataset import DefaultSampler, InfiniteSampler
from torch.utils.data import BatchSampler

from convnext_dense.engine.resuming import Batches, ReplayedBatches
from convnext_dense.errors import UserError


class Data:
    def __init__(self, length):
        self.length = length

    def __len__(self):
        return self.length

    def get_data_info(self, index):
        return dict(width=1 + index * 7 % 5, height=3)


def group(index):
    return int(1 + index * 7 % 5 >= 3)


def batches(length, size, grouped=False, drop_last=False):
    sampler = DefaultSampler(Data(length), shuffle=True, seed=3)
    return Batches(sampler, size, drop_last, group if grouped else None, window=1000)


def samples(batches):
    return [[draw.sample for draw in batch] for batch in batches]


LENGTHS = st.integers(1, 40)
SIZES = st.integers(1, 6)


@given(LENGTHS, SIZES, st.booleans())
def test_batches_without_groups_are_torchs(length, size, drop_last):
    ours = batches(length, size, drop_last=drop_last)
    theirs = BatchSampler(ours.sampler, size, drop_last)
    assert samples(ours) == [*theirs]
    assert len(ours) == len(theirs)


@given(LENGTHS, SIZES)
def test_batches_with_groups_are_those_of_mmdet(length, size):
    mmdet = pytest.importorskip('mmdet.datasets.samplers')
    ours = batches(length, size, grouped=True)
    assert samples(ours) == [*mmdet.AspectRatioBatchSampler(ours.sampler, size)]


@given(LENGTHS, SIZES, st.booleans(), st.data())
def test_any_position_is_continued(length, size, grouped, data):
    whole = batches(length, size, grouped)
    expected = [*whole]
    given = data.draw(st.integers(0, len(expected)))
    resumed = batches(length, size, grouped)
    resumed.resume(whole.state_after(given))
    assert [*resumed] == expected[given:]
    assert resumed.state_after(given) == whole.state_after(given)


@given(st.integers(0, 30), SIZES)
def test_an_endless_sampler_is_continued(given, size):
    def endless():
        return Batches(InfiniteSampler(Data(7), seed=1), size, False, window=1000)

    whole, resumed = endless(), endless()
    steps = iter(whole)
    for _ in range(given):
        next(steps)
    expected = next(steps)
    resumed.resume(whole.state_after(given))
    assert next(iter(resumed)) == expected


@given(LENGTHS, SIZES, st.data())
def test_any_other_batch_sampler_is_run_through(length, size, data):
    def other():
        sampler = DefaultSampler(Data(length), seed=3)
        return ReplayedBatches(BatchSampler(sampler, size, False), window=1000)

    whole, resumed = other(), other()
    expected = [*whole]
    given = data.draw(st.integers(0, len(expected)))
    resumed.resume(whole.state_after(given))
    assert [*resumed] == expected[given:]


def test_no_two_draws_are_seeded_alike():
    ours = batches(20, 3)
    seen = set()
    for epoch in range(3):
        ours.set_epoch(epoch)
        seen |= {(d.epoch, d.position) for batch in ours for d in batch}
    assert len(seen) == 60


def test_processes_share_the_positions_of_one(monkeypatch):
    def of(rank, world_size):
        ours = batches(12, 2 if world_size == 2 else 4)
        ours.rank = ours.sampler.rank = rank
        ours.world_size = ours.sampler.world_size = world_size
        return [*ours]

    one, first, second = of(0, 1), of(0, 2), of(1, 2)
    for whole, left, right in zip(one, first, second, strict=False):
        assert {d.position for d in whole} == {d.position for d in left + right}


def test_data_that_changed_within_a_pass_is_refused():
    before = batches(20, 3)
    assert len(samples(before)) == 7
    with pytest.raises(UserError, match='number of images of 20, which is 21 now'):
        batches(21, 3).resume(before.state_after(2))


def test_data_may_change_between_passes():
    before = batches(20, 3)
    batches(21, 4).resume(before.state_after(0))
