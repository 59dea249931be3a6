"""Layer-wise learning-rate decay (BEiT, arXiv 2106.08254, as ConvNeXt uses it)."""

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mmengine.logging import print_log
from mmengine.optim import OptimWrapper
from mmengine.registry import OPTIM_WRAPPERS, OPTIMIZERS
from torch import nn

from convnext_dense.errors import UserError
from convnext_dense.registry import OPTIM_WRAPPER_CONSTRUCTORS

DECAY_TYPES = ('layer_wise', 'stage_wise')


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class LayerDecayConstructor:
    """Give each layer of the backbone a learning rate that falls towards its input.

    A parameter of layer ``i`` learns at ``lr * decay_rate ** (num_layers + 1 - i)``;
    the backbone itself says what ``i`` and ``num_layers`` are. Everything outside the
    backbone, and its output norms, learn at the full rate. One-dimensional
    parameters and biases get no weight decay; frozen ones are left out.

    Source: ``LearningRateDecayOptimizerConstructor`` of
    facebookresearch/ConvNeXt@048efce.

    Args:
        optim_wrapper_cfg: Config of the optimizer wrapper with its ``optimizer``.
        paramwise_cfg: ``dict(decay_rate=, decay_type=)`` with a rate in (0, 1] and
            ``'layer_wise'`` or ``'stage_wise'``. ``num_layers``, which other toolkits
            ask for, may stand there only if it is the backbone's own.

    Raises:
        UserError: On other keys or values, or a model without a backbone that has
            ``layer_of``.
    """

    def __init__(
        self, optim_wrapper_cfg: Mapping, paramwise_cfg: Mapping | None = None
    ):
        self.wrapper_cfg: dict[str, Any] = copy.deepcopy(dict(optim_wrapper_cfg))
        if 'optimizer' not in self.wrapper_cfg:
            raise UserError('the optimizer wrapper needs an `optimizer`')
        self.optimizer_cfg = self.wrapper_cfg.pop('optimizer')
        if 'lr' not in self.optimizer_cfg:
            raise UserError('layer decay needs the `lr` of the optimizer')
        settings = dict(paramwise_cfg or {})
        self.decay_rate = settings.pop('decay_rate', None)
        self.decay_type = settings.pop('decay_type', DECAY_TYPES[0])
        self.num_layers = settings.pop('num_layers', None)
        if settings:
            raise UserError(
                f'unknown paramwise_cfg {[*settings]}; '
                'LayerDecayConstructor takes decay_rate and decay_type'
            )
        rate = self.decay_rate
        if not isinstance(rate, (int, float)) or not 0 < rate <= 1:
            raise UserError(f'decay_rate must be in (0, 1], got {rate!r}')
        if self.decay_type not in DECAY_TYPES:
            raise UserError(
                f'unknown decay_type {self.decay_type!r}; '
                f'choose from {", ".join(DECAY_TYPES)}'
            )

    def __call__(self, model: nn.Module) -> OptimWrapper:
        """Build the wrapper and log one line per parameter group."""
        model = getattr(model, 'module', model)
        groups = self.param_groups(model)
        optimizer = OPTIMIZERS.build(
            dict(self.optimizer_cfg), default_args=dict(params=groups)
        )
        print_log(_table(groups), logger='current')
        wrapper = dict(type='OptimWrapper') | self.wrapper_cfg
        return OPTIM_WRAPPERS.build(wrapper, default_args=dict(optimizer=optimizer))

    def param_groups(self, model: nn.Module) -> list[dict[str, Any]]:
        """Sort the trainable parameters of ``model`` into groups of one rate each.

        Returns:
            Groups with ``params``, ``param_names``, ``lr``, ``weight_decay``, and
            ``lr_scale``, ordered from the input to the output.
        """
        scales = dict(self._backbone_scales(model))
        base_lr = self.optimizer_cfg['lr']
        base_decay = self.optimizer_cfg.get('weight_decay', 0.0)
        groups: dict[tuple[float, bool], dict[str, Any]] = {}
        for name, param in model.named_parameters():
            if not param.requires_grad:
                continue
            scale = scales.get(name, 1.0)
            decays = param.ndim > 1 and not name.endswith('.bias')
            group = groups.setdefault(
                (scale, decays),
                dict(
                    params=[],
                    param_names=[],
                    lr=base_lr * scale,
                    weight_decay=base_decay if decays else 0.0,
                    lr_scale=scale,
                ),
            )
            group['params'].append(param)
            group['param_names'].append(name)
        return [groups[key] for key in sorted(groups)]

    def _backbone_scales(self, model: nn.Module) -> Iterator[tuple[str, float]]:
        found = False
        for path, module in model.named_modules():
            if not hasattr(module, 'layer_of'):
                continue
            found = True
            last = module.num_layers + 1
            if self.num_layers not in (None, module.num_layers):
                raise UserError(
                    f'num_layers={self.num_layers} does not fit '
                    f'{type(module).__name__}, which has {module.num_layers} '
                    '(3 + a third of its third stage): leave num_layers out'
                )
            layer_of = self._rule(module)
            for name, _ in module.named_parameters():
                scale = self.decay_rate ** (last - layer_of(name))
                yield f'{path}.{name}' if path else name, scale
        if not found:
            backbone = type(getattr(model, 'backbone', model)).__name__
            raise UserError(
                f'layer decay needs a backbone that knows its layers, and {backbone} '
                'has no `layer_of`: use a backbone of convnext_dense, give yours '
                '`num_layers` and `layer_of(name)`, or drop the constructor'
            )

    def _rule(self, backbone: Any) -> Callable[[str], int]:
        if self.decay_type == 'layer_wise':
            return backbone.layer_of
        if not hasattr(backbone, 'stage_of'):
            raise UserError(
                f'{type(backbone).__name__} has no `stage_of`: stage_wise decay '
                'needs it; use layer_wise'
            )
        return backbone.stage_of


def _table(groups: list[dict[str, Any]]) -> str:
    rows = [f'{"scale":>8} {"lr":>10} {"decay":>7} {"parameters":>12}  first']
    for group in groups:
        number = sum(param.numel() for param in group['params'])
        rows.append(
            f'{group["lr_scale"]:8.4f} {group["lr"]:10.3e} '
            f'{group["weight_decay"]:7.3f} {number:12,d}  {group["param_names"][0]}'
        )
    return 'learning rates, layer by layer\n' + '\n'.join(rows)
