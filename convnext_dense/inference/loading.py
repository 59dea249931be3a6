"""A checkpoint, and where it has none its config, to a model that predicts."""

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config, ConfigDict
from mmengine.registry import MODELS, DefaultScope
from torch import nn

from convnext_dense.checkpoints import (
    CheckpointError,
    load_matching,
    read_file,
    weights_in,
)
from convnext_dense.engine.config import load_config
from convnext_dense.engine.device import fit_to_device
from convnext_dense.engine.explaining import explained
from convnext_dense.engine.hosts import HOSTS, import_host
from convnext_dense.engine.stored_config import stored_config
from convnext_dense.engine.widths import check_widths
from convnext_dense.errors import UserError
from convnext_dense.layers import use_faster_linear

from .trust import check_model

# mmengine's default scope is one for the whole process.
BUILDING = threading.Lock()


@dataclass(frozen=True)
class Loaded:
    """A model in evaluation mode and what has to be known beside it."""

    model: nn.Module
    classes: tuple[str, ...]
    pipeline: list[dict]
    cfg: Config

    @property
    def segments(self) -> bool:
        """Whether it gives a class to every pixel; it finds objects otherwise."""
        return self.cfg.default_scope == 'mmseg'


def load_model(
    config: str | PathLike | Config | None, checkpoint: str | PathLike, device: str
) -> Loaded:
    """Build the model of a checkpoint and load its weights.

    Args:
        config: A config, its file, or ``None`` for the one inside the checkpoint.
        checkpoint: A file of weights; it is read without running anything in it.
        device: Where the model goes.

    Raises:
        UserError: If there is no config, it is not of a detector or segmentor, or the
            weights do not fit it.
    """
    path = Path(checkpoint)
    if config is None and path.suffix == '.py':
        raise UserError(f'{path} is a config: name the checkpoint too')
    place = _device(device)
    content = read_file(path)
    meta = content.get('meta') if isinstance(content, Mapping) else None
    meta = meta if isinstance(meta, Mapping) else {}
    cfg = _config(config, meta, path)
    scope = cfg.get('default_scope')
    if 'model' not in cfg or scope not in HOSTS:
        what = config if isinstance(config, str | PathLike) else f'the config of {path}'
        raise UserError(
            f'{what} describes no detector and no segmentor: it has no `model`, or its '
            f'`default_scope` is {scope!r} instead of mmdet or mmseg'
        )
    # Data sets and evaluators are for training and testing.
    import_host(scope, parts=('models',))
    # The weights come from the checkpoint, whatever they started from.
    cfg.model = _without_init(cfg.model)
    if config is None:
        check_model(cfg.model, path)
    named = explained('model', cfg.model)
    with BUILDING, DefaultScope.overwrite_default_scope(scope), named:
        model = MODELS.build(cfg.model)
    check_widths(model, cfg.model)
    use_faster_linear(model)
    load_matching(model, weights_in(content, path), str(path))
    classes = _classes(meta, cfg, model)
    return Loaded(model.to(place).eval(), classes, _pipeline(cfg), cfg)


def _is_config(file: Path) -> bool:
    text = file.read_text(encoding='utf-8', errors='replace')
    return re.search(r'^(_base_|model)\s*=', text, re.MULTILINE) is not None


def _config(config: Any, meta: Mapping, path: Path) -> Config:
    if isinstance(config, Config):
        return Config(config.to_dict())
    if config is not None:
        return load_config(config)
    cfg = stored_config(meta)
    if cfg is not None:
        fit_to_device(cfg)
        return cfg
    beside = [file for file in sorted(path.parent.glob('*.py')) if _is_config(file)]
    found = f' ({beside[0]} lies beside it)' if beside else ''
    raise CheckpointError(
        f'{path} has no config inside that can be read without running it: name the '
        f'config file too (--config FILE; to export, before the checkpoint){found}; '
        'it is a Python program that will be run'
    )


def _without_init(node: Any) -> Any:
    """Copy a config without any ``init_cfg``."""
    if isinstance(node, Mapping):
        items = {k: _without_init(v) for k, v in node.items() if k != 'init_cfg'}
        return ConfigDict(items)
    if isinstance(node, list | tuple):
        return type(node)(_without_init(item) for item in node)
    return node


def _classes(meta: Mapping, cfg: Config, model: Any) -> tuple[str, ...]:
    """Find the class names: of the training data, of the config, or numbers."""
    head = getattr(model, 'decode_head', None) or getattr(model, 'bbox_head', None)
    if hasattr(model, 'roi_head'):
        head = model.roi_head.bbox_head
    # Cascades have a list of heads.
    head = head[-1] if isinstance(head, nn.ModuleList) else head
    number = getattr(head, 'num_classes', None)
    data = meta.get('dataset_meta')
    found = data.get('classes') if isinstance(data, Mapping) else None
    found = found or cfg.get('classes')
    if isinstance(found, list | tuple) and number in (None, len(found)):
        return tuple(map(str, found))
    return tuple(f'class {index}' for index in range(number or 0))


def _pipeline(cfg: Config) -> list[dict]:
    """Find how images are prepared for testing."""
    loader = cfg.get('test_dataloader') or cfg.get('val_dataloader') or {}
    dataset = loader.get('dataset') or {}
    while 'dataset' in dataset:
        dataset = dataset['dataset']
    pipeline = dataset.get('pipeline') or cfg.get('test_pipeline')
    if not pipeline:
        raise UserError(
            'the config does not say how images are prepared: it has no '
            'test_dataloader.dataset.pipeline and no test_pipeline'
        )
    return [*pipeline]


def _device(name: str) -> torch.device:
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        first = str(error).partition('\n')[0].partition(', ')[0]
        raise UserError(
            f'device {name!r} cannot be used (cpu, cuda, cuda:1, ... can): {first}'
        ) from error
    return device
