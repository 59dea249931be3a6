"""A config for GPUs is fitted to a machine without one."""

import pytest
import torch
from mmengine.config import Config

from convnext_dense.engine.device import check_devices, fit_to_device
from convnext_dense.errors import UserError


@pytest.fixture
def cfg():
    return Config(
        dict(
            model=dict(heads=[dict(norm_cfg=dict(type='SyncBN'))]),
            optim_wrapper=dict(type='AmpOptimWrapper', dtype='bfloat16', lr=1),
            env_cfg=dict(dist_cfg=dict(backend='nccl')),
        )
    )


@pytest.fixture
def no_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)


def test_without_a_gpu_synchronised_norm_becomes_plain(cfg, no_gpu):
    fit_to_device(cfg)
    assert cfg.model.heads[0].norm_cfg.type == 'BN'


def test_without_a_gpu_mixed_precision_becomes_full(cfg, no_gpu):
    fit_to_device(cfg)
    assert cfg.optim_wrapper == dict(type='OptimWrapper', lr=1)


def test_without_a_gpu_processes_talk_by_gloo(cfg, no_gpu):
    fit_to_device(cfg)
    assert cfg.env_cfg.dist_cfg.backend == 'gloo'


def test_without_a_gpu_no_batch_norm_is_made_synchronised(cfg, no_gpu):
    cfg.sync_bn = 'torch'
    assert 'batch norms are not synchronised' in fit_to_device(cfg)
    assert 'sync_bn' not in cfg


def test_each_change_is_told_once(cfg, no_gpu):
    cfg.model.neck = dict(norm_cfg=dict(type='SyncBN'))
    assert len(fit_to_device(cfg)) == 2


def test_with_a_gpu_nothing_changes(cfg, monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    before = cfg.to_dict()
    assert fit_to_device(cfg) == []
    assert cfg.to_dict() == before


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
