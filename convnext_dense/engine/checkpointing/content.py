"""What a checkpoint holds, and how a run takes it up again.

Beside mmengine's keys it has ``resume``: the number of processes and, of each, its
position in the data, its random states, its own buffers (batch statistics differ
between processes), and gradients that wait for more to be accumulated. All of it is
tensors and plain data, so that reading it runs nothing.
"""

import time
from typing import Any

import mmengine
import torch
from mmengine.dist import all_gather_object, get_rank, get_world_size
from mmengine.hooks import EarlyStoppingHook
from mmengine.model import is_model_wrapper
from mmengine.optim import OptimWrapper
from torch import Tensor, nn

from convnext_dense.errors import CheckpointError

from ..resuming import random_state
from ..resuming.schedules import take_up_schedules
from ..sharding import gathered, is_sharded, local, put_together, share_moments

EARLY_STOPPING = ('wait_count', 'best_score')


def content_of(
    runner: Any,
    meta: dict[str, Any],
    *,
    resumable: bool,
    before: dict[str, Any] | None = None,
) -> dict[str, Any] | None:
    """Collect a checkpoint from all processes, as copies on the CPU.

    Args:
        runner: The runner.
        meta: ``epoch`` and ``iter`` that are behind the run.
        resumable: Whether it holds more than weights.
        before: Random states to continue with, those of an iteration that is to be
            repeated; the present ones without it.

    Returns:
        The checkpoint in the main process, None in the others.
    """
    states = all_gather_object(_process_state(runner, before)) if resumable else []
    model = bare(runner.model)
    weights: Any = dict(model.state_dict())
    optimizer: Any = runner.optim_wrapper.state_dict() if resumable else {}
    if is_sharded(model):
        weights, optimizer = gathered((weights, optimizer))
    if get_rank() != 0:
        return None
    dataset = runner.train_dataloader.dataset
    content: dict[str, Any] = dict(
        meta=meta
        | dict(
            cfg=runner.cfg.pretty_text,
            seed=runner.seed,
            experiment_name=runner.experiment_name,
            time=time.strftime('%Y%m%d_%H%M%S'),
            mmengine_version=mmengine.__version__,
            dataset_meta=getattr(dataset, 'metainfo', None),
        ),
        state_dict=weights,
        message_hub=runner.message_hub.state_dict(),
    )
    if resumable:
        content['optimizer'] = optimizer
        if runner.param_schedulers is not None:
            content['param_schedulers'] = _each(
                runner.param_schedulers, lambda s: s.state_dict()
            )
        content['resume'] = dict(
            world_size=get_world_size(),
            processes=states,
            early_stopping=[
                {name: getattr(hook, name) for name in EARLY_STOPPING}
                for hook in runner.hooks
                if isinstance(hook, EarlyStoppingHook)
            ],
        )
    runner.call_hook('before_save_checkpoint', checkpoint=content)
    return _copied(content)


def take_up(runner: Any, content: dict[str, Any], path: Any) -> None:
    """Put a run whose weights are loaded where a checkpoint left it.

    Raises:
        CheckpointError: If the checkpoint is of another program, number of processes
            or optimizer.
    """
    loop, meta = runner.train_loop, content.get('meta')
    absent = {'meta', 'message_hub', 'optimizer'} - content.keys()
    if absent or not isinstance(meta, dict):
        raise CheckpointError(
            f'{path} holds weights, and nothing to continue from '
            f'({", ".join(sorted(absent))}); to start from its weights, set '
            f'load_from={path} without --resume'
        )
    loop._epoch, loop._iter = int(meta['epoch']), int(meta['iter'])
    runner.message_hub.load_state_dict(content['message_hub'])
    runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
    if is_sharded(runner.model):
        share_moments(runner.optim_wrapper.optimizer, content['optimizer'])
    runner.optim_wrapper.load_state_dict(content['optimizer'])
    take_up_schedules(runner, content.get('param_schedulers'), path)
    if 'resume' not in content:
        runner.logger.warning(
            f'{path} was written by another program: position in the data and random '
            'states start anew, so this run will not end as the first would have'
        )
        return
    _take_up_process(runner, content['resume'], path)


def _take_up_process(runner: Any, resume: dict[str, Any], path: Any) -> None:
    before, now = resume['world_size'], get_world_size()
    if before != now:
        raise CheckpointError(
            f'{path} was written by {before} processes and there are {now} now, among '
            'which the images would be dealt otherwise: start '
            f'{before}, or start a new run from its weights with load_from={path}'
        )
    state = resume['processes'][get_rank()]
    runner.train_loop.load_state_dict(state['loop'], state['random'])
    model = bare(runner.model)
    targets = dict(model.named_buffers()), dict(model.named_parameters())
    for name, value in state['buffers'].items():
        targets[0][name].copy_(value)
    for name, value in state['gradients'].items():
        targets[1][name].grad = put_together(value, targets[1][name])
    hooks = [hook for hook in runner.hooks if isinstance(hook, EarlyStoppingHook)]
    for hook, values in zip(hooks, resume['early_stopping'], strict=False):
        for name in EARLY_STOPPING:
            setattr(hook, name, values[name])


def bare(model: Any) -> nn.Module:
    """Give the model without its wrapper for several processes."""
    return model.module if is_model_wrapper(model) else model


def _process_state(runner: Any, before: dict[str, Any] | None) -> dict[str, Any]:
    model, loop = bare(runner.model), runner.train_loop
    buffers: dict[str, Tensor] = {}
    if get_rank():
        parameters = dict(model.named_parameters())
        buffers = {k: v for k, v in model.state_dict().items() if k not in parameters}
    gradients = {}
    wrapper = runner.optim_wrapper
    if (
        before is None
        and isinstance(wrapper, OptimWrapper)
        and wrapper.inner_count % wrapper._accumulative_counts
    ):
        named = model.named_parameters()
        gradients = {k: local(p.grad) for k, p in named if p.grad is not None}
    given = loop.given if before is None else loop.given - 1
    return _copied(
        dict(
            loop=loop.state_dict(given),
            random=before or random_state(),
            buffers=buffers,
            gradients=gradients,
        )
    )


def _each(schedules: Any, change: Any) -> Any:
    if isinstance(schedules, dict):
        return {name: _each(part, change) for name, part in schedules.items()}
    return [change(schedule) for schedule in schedules]


def _copied(node: Any) -> Any:
    """Copy all tensors to the CPU, so that training can go on beneath."""
    if isinstance(node, Tensor):
        copy = torch.empty_like(node, device='cpu')
        return copy.copy_(node.detach())
    if isinstance(node, dict):
        return type(node)((key, _copied(value)) for key, value in node.items())
    if type(node) in (list, tuple):
        return type(node)(_copied(value) for value in node)
    return node
