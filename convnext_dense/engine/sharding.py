"""A model whose weights are shared out among processes (FSDP2, ``fully_shard``).

Each process keeps its share of every weight, gradient and moment of the optimizer; a
block is put together only while it is computed. Unlike the wrapper for data-parallel
training the model keeps its class and names, so that layer decay and checkpoints
stay as they are.

Source: Zhao et al. 2023, arXiv 2304.11277; ``torch.distributed.fsdp``.
"""

from typing import Any

import torch
from mmengine.device import get_device
from mmengine.dist import broadcast, get_rank, get_world_size
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor

from convnext_dense.checkpoints.loading import shared_out
from convnext_dense.errors import UserError


def check_sharding(cfg: Any, distributed: bool) -> None:
    """Check that a run can share its model out.

    Raises:
        UserError: If it is one process, or has something that needs whole weights.
    """
    if cfg.fsdp is not True or not distributed:
        raise UserError(
            f'fsdp={cfg.fsdp}: it is True, for several processes that '
            'tools/dist_train.sh starts, or False'
        )
    hooks = cfg.get('custom_hooks', [])
    if any(str(hook.get('type')).endswith('EMAHook') for hook in hooks):
        raise UserError(
            'fsdp=True shares the weights out, and EMAHook needs a whole copy of them: '
            'take one of the two out of the config'
        )


def shard(model: nn.Module) -> nn.Module:
    """Share the weights of a model out, block by block of its backbone.

    Weights are initialised first, which needs them whole.

    Args:
        model: The model, in all processes; those of process 0 count.

    Returns:
        The same model, whose parameters are now ``DTensor``.
    """
    device = get_device()
    if isinstance(model, BaseModule):
        model.init_weights()
    model.to(device)
    for value in model.state_dict().values():
        broadcast(value)
    mesh = init_device_mesh(torch.device(device).type, (get_world_size(),))
    for block in _blocks(model):
        fully_shard(block, mesh=mesh)
    fully_shard(model, mesh=mesh)
    return model


def _blocks(model: nn.Module) -> list[nn.Module]:
    """List the blocks of the stages of all backbones in a model."""
    return [
        block
        for module in model.modules()
        if isinstance(stages := getattr(module, 'stages', None), nn.ModuleList)
        for stage in stages
        for block in stage.children()
    ]


def is_sharded(model: nn.Module) -> bool:
    """Tell whether :func:`shard` has had the model."""
    return isinstance(model, FSDPModule)


def gathered(node: Any) -> Any:
    """Put the tensors of a nested structure together, on the CPU of process 0.

    All processes have to call it; the others get None for each tensor.
    """
    if isinstance(node, DTensor):
        whole = node.full_tensor()
        return whole.cpu() if get_rank() == 0 else None
    if isinstance(node, dict):
        return type(node)((key, gathered(value)) for key, value in node.items())
    if type(node) in (list, tuple):
        return type(node)(gathered(value) for value in node)
    return node


def local(value: Tensor) -> Tensor:
    """Give this process's share of a tensor, or all of one that is not shared out."""
    return value.to_local() if isinstance(value, DTensor) else value


def put_together(share: Tensor, like: Tensor) -> Tensor:
    """Make a tensor that is shared out as another is, from this process's share."""
    share = share.to(like.device)
    if not isinstance(like, DTensor):
        return share
    return DTensor.from_local(
        share, like.device_mesh, like.placements, shape=like.shape, stride=like.stride()
    )


def share_moments(optimizer: torch.optim.Optimizer, state: dict[str, Any]) -> None:
    """Share out the moments in an optimizer's state, in place, like its parameters."""
    parameters = [p for group in optimizer.param_groups for p in group['params']]
    for index, moments in state['state'].items():
        for name, value in moments.items():
            if isinstance(value, Tensor):
                moments[name] = shared_out(value, parameters[index])
