"""The model of a config, and its stock assembly: the same heads on timm's backbone."""

import contextlib
import logging
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from mmengine.model import revert_sync_batchnorm
from mmengine.registry import DefaultScope
from torch import nn

from convnext_dense.engine.config import load_config
from convnext_dense.engine.hosts import import_host
from convnext_dense.errors import UserError
from convnext_dense.layers import use_faster_linear
from convnext_dense.registry import MODELS

FAMILIES = {
    'convnext_dense.ConvNeXt': 'convnext',
    'convnext_dense.ConvNeXtV2': 'convnextv2',
}


def assemble(
    scope: str,
    config: str,
    device: str,
    timm: Any | None = None,
    options: Sequence[str] = (),
) -> nn.Module:
    """Build the model of a config for training, without weights.

    Args:
        scope: The host that it has to be of.
        config: Its file.
        device: Where the model goes.
        timm: If given, the stock assembly: its backbone in the place of ours, and
            none of what our runner does.
        options: What ``--cfg-options`` takes.

    Raises:
        UserError: If it has no model or another host, or timm has no such backbone.
    """
    with _quiet():
        cfg = load_config(config, options)
        if 'model' not in cfg:
            raise UserError(f'{config} has no model: name a whole config')
        found = cfg.get('default_scope')
        if found != scope:
            raise UserError(f'{config}: default_scope is {found!r}, and not {scope!r}')
        import_host(scope)
        backbone = cfg.model.backbone
        backbone.init_cfg = None
        if timm and backbone.type not in FAMILIES:
            raise UserError(f'{config}: timm has no {backbone.type.rpartition(".")[2]}')
        # Which is the host's own, or takes its place in prediction.
        kind = f'{scope}.{cfg.model.type.rpartition(".")[2]}'
        torch.manual_seed(0)
        with DefaultScope.overwrite_default_scope(scope):
            model = MODELS.build(cfg.model | dict(type=kind))
        model.init_weights()
    if timm:
        model.backbone = timm.create_model(
            f'{FAMILIES[backbone.type]}_{backbone.arch}',
            features_only=True,
            drop_path_rate=backbone.get('drop_path_rate', 0.0),
        )
    else:
        use_faster_linear(model)  # as our runner does
    # Which one process needs in place of synchronised norms.
    return revert_sync_batchnorm(model).to(device).train()


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep back a line for each weight, and advice on precision and losses."""
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            yield
    finally:
        logging.disable(logging.NOTSET)


def step(
    model: nn.Module,
    data: dict[str, Any],
    dtype: torch.dtype = torch.float32,
    **operators: Callable,
) -> Callable[[], None]:
    """Make a function that takes one training step.

    Args:
        model: A detector or segmentor.
        data: A batch as a pipeline gives it.
        dtype: The precision of products.
        **operators: Operators of mmcv's, which take the place of its own.
    """
    extension = sys.modules['mmcv._ext']
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5, fused=True)
    kind = next(model.parameters()).device.type

    def run() -> None:
        for name, operator in operators.items():
            setattr(extension, name, operator)
        prepared = model.data_preprocessor(data, training=True)
        with torch.autocast(kind, dtype, enabled=dtype != torch.float32):
            losses = model(**prepared, mode='loss')
        loss, _ = model.parse_losses(losses)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return run
