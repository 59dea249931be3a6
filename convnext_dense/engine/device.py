"""Fit a config that was written for GPUs to the machine at hand."""

import logging
from collections.abc import Mapping
from typing import Any

import torch
from mmengine.config import Config
from mmengine.logging import print_log


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
