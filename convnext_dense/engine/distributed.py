"""Processes that meet, and agree."""

import atexit
import os
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import torch
from mmengine.dist import get_world_size
from torch import distributed

# Beside torch's 10 minutes for nccl: evaluation in one process may take longer.
TIMEOUT = timedelta(minutes=30)
LAST_SECONDS = 0.1


def meet(launcher: str, dist_cfg: Mapping[str, Any]) -> None:
    """Join the other processes of a run: by nccl on GPUs, by gloo on CPUs.

    Where torchrun starts processes again after a failure, the addresses of those that
    died would still lie in a store that it keeps: each start has a part of its own.
    Nodes count their restarts by themselves, so with several a start has a store of its
    own instead: see :mod:`convnext_dense.engine.processes`.
    """
    if distributed.is_initialized() or launcher != 'pytorch':
        return
    backend = dist_cfg.get('backend', 'nccl') if torch.cuda.is_available() else 'gloo'
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ['LOCAL_RANK']))
    store, rank, size = next(distributed.rendezvous('env://', timeout=TIMEOUT))
    kept = os.environ.get('TORCHELASTIC_USE_AGENT_STORE') == 'True'
    start = os.environ.get('TORCHELASTIC_RESTART_COUNT', '0') if kept else '0'
    distributed.init_process_group(
        backend,
        store=distributed.PrefixStore(f'start_{start}', store),
        rank=rank,
        world_size=size,
        timeout=TIMEOUT,
    )
    # A thread of gloo's lets go of the last exchange's tensors, for which it needs the
    # interpreter: where that is ending already, it would abort the process.
    atexit.register(time.sleep, LAST_SECONDS)


class Vote:
    """Whether any process of the run wants something, known to all of them."""

    def __init__(self) -> None:
        self._group: Any = None

    def __call__(self, wish: bool) -> bool:
        """Ask all processes, which have to call this at the same point."""
        if get_world_size() == 1:
            return wish
        if self._group is None:
            # Not by way of the GPUs, which would have to be waited for.
            self._group = distributed.new_group(backend='gloo')
        wishes = torch.tensor(int(wish))
        distributed.all_reduce(wishes, distributed.ReduceOp.MAX, group=self._group)
        return bool(wishes)
