"""Whether the parts of a model fit each other."""

from collections.abc import Mapping
from typing import Any

from torch import nn

from convnext_dense.errors import UserError


def check_widths(model: nn.Module, cfg: Any) -> None:
    """Check that parts of a model fit each other: widths and numbers of levels.

    Raises:
        UserError: Naming the setting and the value that fits.
    """
    _check_anchors(model, cfg)
    backbone: Any = getattr(model, 'backbone', None)
    if not (hasattr(backbone, 'widths') and hasattr(backbone, 'out_indices')):
        return
    features = [backbone.widths[index] for index in backbone.out_indices]
    part = 'neck' if cfg.get('neck') else 'decode_head'
    heads = {part: cfg.get(part), 'auxiliary_head': cfg.get('auxiliary_head')}
    for name, head in heads.items():
        if not isinstance(head, Mapping) or 'in_channels' not in head:
            continue
        index = head.get('in_index')
        wanted = [index] if isinstance(index, int) else index or []
        if any(not -len(features) <= one < len(features) for one in wanted):
            raise UserError(
                f'model.{name}.in_index={index}: the backbone gives {len(features)} '
                f'features, 0 to {len(features) - 1}'
            )
        if index is None:
            fits: Any = features
        elif isinstance(index, int):
            fits = features[index]
        else:
            fits = [features[i] for i in index]
        given = head['in_channels']
        if fits != (given if isinstance(given, int) else [*given]):
            value = str(fits).replace(' ', '')  # one word to a shell
            raise UserError(
                f'model.{name}.in_channels={given} does not fit the backbone, whose '
                f"features are {fits} wide: set 'model.{name}.in_channels={value}'"
            )


def _check_anchors(model: Any, cfg: Any) -> None:
    anchors = getattr(getattr(model, 'rpn_head', None), 'prior_generator', None)
    levels = (cfg.get('neck') or {}).get('num_outs')
    if anchors is None:
        return
    settings = cfg.rpn_head.anchor_generator
    if 0 in anchors.num_base_priors:
        raise UserError(
            f'model.rpn_head.anchor_generator gives no anchors with {dict(settings)}: '
            'set at least one of ratios and one of scales'
        )
    if levels is not None and anchors.num_levels != levels:
        raise UserError(
            f'model.rpn_head.anchor_generator.strides={settings.get("strides")} are '
            f'{anchors.num_levels}, but model.neck.num_outs={levels}: set one for each'
        )
