"""GPUs are counted before anything starts."""

import pytest
import torch

from convnext_dense.engine.runner import check_devices
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
