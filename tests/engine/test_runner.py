"""GPUs are counted, and what cannot be built is named by its part of the config."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from convnext_dense.engine.runner import check_devices, check_widths, explained
from convnext_dense.errors import UserError


@pytest.fixture
def machine(monkeypatch):
    def machine(gpus, processes, visible):
        monkeypatch.setattr(torch.cuda, 'device_count', lambda: gpus)
        monkeypatch.setenv('LOCAL_WORLD_SIZE', str(processes))
        monkeypatch.setenv('CUDA_VISIBLE_DEVICES', visible)

    return machine


@pytest.mark.parametrize(
    ('gpus', 'processes', 'visible'),
    [(0, 2, ''), (0, 2, '-1'), (2, 2, '0,1'), (4, 2, '')],
)
def test_a_gpu_each_or_none_at_all_is_accepted(machine, gpus, processes, visible):
    machine(gpus, processes, visible)
    check_devices()


def test_gpus_where_there_are_none_are_refused(machine):
    machine(0, 1, '0,1')
    with pytest.raises(UserError, match='2 GPUs asked for'):
        check_devices()


def test_more_processes_than_gpus_are_refused(machine):
    machine(1, 4, '0')
    with pytest.raises(UserError, match='4 processes need a GPU each, and there are 1'):
        check_devices()


@pytest.mark.parametrize('error', [AssertionError(), KeyError('x'), TypeError('x')])
def test_an_error_of_the_host_names_the_part(error):
    with (
        pytest.raises(UserError, match="the config's optim_wrapper cannot be built"),
        explained('optim_wrapper'),
    ):
        raise error


def test_an_error_for_the_user_stays_as_it_is():
    with pytest.raises(UserError, match='mend it'), explained('model'):
        raise UserError('mend it')


def model(*out_indices):
    built = nn.Module()
    built.backbone = SimpleNamespace(widths=(8, 16, 32, 64), out_indices=out_indices)
    return built


def test_a_neck_of_other_widths_is_named_with_those_that_fit():
    cfg = dict(neck=dict(in_channels=[8, 16, 32, 48]))
    with pytest.raises(
        UserError, match=r'set model\.neck\.in_channels=\[8, 16, 32, 64\]'
    ):
        check_widths(model(0, 1, 2, 3), cfg)


def test_a_head_is_compared_with_the_stages_it_stands_on():
    cfg = dict(decode_head=dict(in_channels=[16, 64], in_index=[0, 1]))
    check_widths(model(1, 3), cfg)


def test_an_auxiliary_head_of_another_width_is_named():
    cfg = dict(auxiliary_head=dict(in_channels=16, in_index=2))
    with pytest.raises(UserError, match=r'auxiliary_head\.in_channels=32'):
        check_widths(model(0, 1, 2, 3), cfg)
