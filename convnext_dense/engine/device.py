"""Fit a config that was written for GPUs to the machine at hand."""

import logging
import os
from collections.abc import Mapping
from typing import Any

import torch
from mmengine.config import Config
from mmengine.logging import print_log

from convnext_dense.errors import UserError


def fit_to_device(cfg: Config) -> list[str]:
    """Replace, where there is no GPU, what only works on one.

    Synchronised batch norm becomes batch norm, mixed precision full precision, and
    nccl gloo; each replacement is logged once.

    Returns:
        The replacements made, in words.
    """
    if torch.cuda.is_available():
        return []
    changes: list[str] = []
    _replace(cfg._cfg_dict, changes)
    if cfg._cfg_dict.pop('sync_bn', None):
        changes.append('batch norms are not synchronised')
    unique = list(dict.fromkeys(changes))
    for change in unique:
        print_log(f'no GPU here: {change}', logger='current', level=logging.WARNING)
    return unique


def _replace(node: Any, changes: list[str]) -> None:
    if isinstance(node, list | tuple):
        for item in node:
            _replace(item, changes)
    if not isinstance(node, Mapping):
        return
    for value in node.values():
        _replace(value, changes)
    if node.get('type') == 'SyncBN':
        node['type'] = 'BN'  # type: ignore[index]
        changes.append('SyncBN becomes BN')
    if node.get('type') == 'AmpOptimWrapper':
        node['type'] = 'OptimWrapper'  # type: ignore[index]
        for key in ('dtype', 'loss_scale', 'use_fsdp'):
            node.pop(key, None)  # type: ignore[attr-defined]
        changes.append('mixed precision becomes float32')
    if node.get('backend') == 'nccl':
        node['backend'] = 'gloo'  # type: ignore[index]


def check_devices() -> None:
    """Check that each process of this machine has a GPU, or that none asks for one.

    Raises:
        UserError: If GPUs are asked for that are not there.
    """
    processes = int(os.environ.get('LOCAL_WORLD_SIZE', 1))
    visible = os.environ.get('CUDA_VISIBLE_DEVICES', '')
    asked = [] if visible in ('', '-1') else visible.split(',')
    here = torch.cuda.device_count()
    if asked and not here:
        raise UserError(
            f'{len(asked)} GPUs asked for (CUDA_VISIBLE_DEVICES={visible}), and there '
            'are none here; unset CUDA_VISIBLE_DEVICES to run on the CPU'
        )
    if 0 < here < processes:
        raise UserError(
            f'{processes} processes need a GPU each, and there are {here}: '
            f'start {here}, or set CUDA_VISIBLE_DEVICES=-1 to run on the CPU'
        )
