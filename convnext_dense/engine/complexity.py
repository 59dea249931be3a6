"""Parameters and FLOPs, part by part, without memory or arithmetic.

The counting rule is that of the published tables: a FLOP is one multiplication with
its addition, in convolutions and matrix products; norms, activations, pooling,
RoIAlign and interpolation are not counted. A detector's heads see 1,000 proposals,
its mask heads 100; of a segmentor, the auxiliary head counts for parameters alone, as
testing does not run it. A backbone by itself has a classifier of 1,000 classes.

Source of the rule: ``tools/analysis_tools/get_flops.py`` of mmdet 2.x and mmseg 0.x.
"""

from collections.abc import Callable, Iterator, Sequence
from json import dumps
from pathlib import Path
from typing import Any, NamedTuple

import torch
from mmengine.registry import DefaultScope
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from convnext_dense.errors import UserError
from convnext_dense.registry import MODELS

from .config import load_config
from .explaining import explained
from .hosts import import_host
from .widths import check_widths

PROPOSALS = 1000
MASKS = 100
CLASSES = 1000

Shape = tuple[int, int]


class Part(NamedTuple):
    """A part of a model: numbers of parameters, and of FLOPs for one image."""

    name: str
    params: int
    flops: int


def complexity(
    target: str, shape: Shape | None = None, options: Sequence[str] = ()
) -> list[Part]:
    """Count the parameters and FLOPs of a model for one image.

    Args:
        target: A config file, or a backbone and its variant as ``ConvNeXtV2-atto``.
        shape: Height and width of the image in pixels. By default 800x1280 for
            detectors, for segmentors their crop and four times its width (512x2048
            for a crop of 512), and 224x224 for backbones, as published.
        options: ``key=value`` overrides of the config.

    Returns:
        The parts in the order of computation, and last the ``total``.

    Raises:
        UserError: If the target is neither, or its model is of another kind.
    """
    with torch.device('meta'), torch.no_grad():
        if Path(target).suffix == '.py':
            parts = [*_config(target, shape, options)]
        else:
            parts = [*_classifier(target, shape)]
    params, flops = sum(p.params for p in parts), sum(p.flops for p in parts)
    return [*parts, Part('total', params, flops)]


def report(
    target: Sequence[str],
    *,
    shape: Sequence[int] | None,
    cfg_options: Sequence[str],
    json: Path | None,
    say: Callable[[str], None],
) -> None:
    """Say what models cost, and write it as JSON.

    Args:
        target: Config files and backbones.
        shape: Height and width of the image, at least 32 pixels each.
        cfg_options: ``key=value`` overrides of the configs.
        json: A file for the numbers.
        say: Takes each line that a person should read.

    Raises:
        UserError: As :func:`complexity`, or if the file cannot be written.
    """
    if shape and min(shape) < 32:
        raise UserError(f'--shape must be at least 32 pixels, got {shape}')
    found = {}
    for one in target:
        size = (shape[0], shape[1]) if shape else None
        found[one] = complexity(one, size, cfg_options)
        say(f'{one}\n{table(found[one])}\n')
    say('a FLOP is a multiplication with its addition, in convolutions and matrices')
    if json is None:
        return
    content = {
        one: {part.name: part._asdict() for part in parts}
        for one, parts in found.items()
    }
    try:
        json.write_text(dumps(content, indent=2) + '\n', encoding='utf-8')
    except OSError as error:
        raise UserError(f'cannot write {json}: {error.strerror}') from error


def _config(target: str, shape: Shape | None, options: Sequence[str]) -> Iterator[Part]:
    with torch.device('cpu'):
        cfg = load_config(target, options)
        import_host(cfg.get('default_scope', 'mmengine'))
    if 'model' not in cfg:
        raise UserError(f'{target} describes no `model`')
    # Only shapes matter: nothing is downloaded.
    if 'backbone' in cfg.model:
        cfg.model.backbone.init_cfg = None
    scope = DefaultScope.overwrite_default_scope(cfg.get('default_scope'))
    with scope, explained('model', cfg.model):
        model = MODELS.build(cfg.model).eval()
    check_widths(model, cfg.model)
    if hasattr(model, 'roi_head'):
        yield from _detector(model, shape or (800, 1280))
    elif hasattr(model, 'decode_head'):
        crop = model.data_preprocessor.size or (512, 512)
        yield from _segmentor(model, shape or (crop[0], 4 * crop[1]))
    else:
        kind = type(model).__name__
        raise UserError(f'{target}: {kind} is no two-stage detector and no segmentor')


def _detector(model: Any, shape: Shape) -> Iterator[Part]:
    features, part = _count('backbone', model.backbone, torch.empty(1, 3, *shape))
    yield part
    features, part = _count('neck', model.neck, features)
    yield part
    yield _count('rpn_head', model.rpn_head, features)[1]
    for name, regions in (('bbox', PROPOSALS), ('mask', MASKS)):
        head = getattr(model.roi_head, f'{name}_head', None)
        extractor = getattr(model.roi_head, f'{name}_roi_extractor', None)
        heads, extractors = (
            [*part] if isinstance(part, nn.ModuleList) else [part]
            for part in (head, extractor)
        )
        if head is None:
            continue
        for stage, (one, roi) in enumerate(zip(heads, extractors, strict=True)):
            x = torch.empty(regions, roi.out_channels, *roi.roi_layers[0].output_size)
            number = f' {stage + 1}' if len(heads) > 1 else ''
            yield _count(f'{name}_head{number}', one, x)[1]


def _segmentor(model: Any, shape: Shape) -> Iterator[Part]:
    features, part = _count('backbone', model.backbone, torch.empty(1, 3, *shape))
    yield part
    yield _count('decode_head', model.decode_head, features)[1]
    if model.with_auxiliary_head:
        yield Part('auxiliary_head', _params(model.auxiliary_head), 0)


def _classifier(target: str, shape: Shape | None) -> Iterator[Part]:
    family, _, arch = target.partition('-')
    found: Any = MODELS.get(f'convnext_dense.{family}')
    if not hasattr(found, 'variants') or not arch:
        raise UserError(
            f'{target!r} is neither a config file nor a backbone with its variant, '
            'such as ConvNeXtV2-atto'
        )
    backbone = found(arch, out_indices=(3,))
    backbone.norm3 = nn.Identity()  # the classifier has one of its own
    features, part = _count(
        'backbone', backbone, torch.empty(1, 3, *(shape or (224, 224)))
    )
    yield part
    width = backbone.widths[-1]
    if family == 'Conv2Former':
        # HVision-NKU/Conv2Former@94fd1c4 widens the features before it pools them.
        widening = nn.Conv2d(width, 1280, 1)
        yield _count('widening', widening, features[-1])[1]
        width = 1280
    head = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, CLASSES))
    yield _count('classifier', head, torch.empty(1, width))[1]


def _count(name: str, module: Callable, x: Any) -> tuple[Any, Part]:
    with FlopCounterMode(display=False) as counter:
        output = module(x)
    return output, Part(name, _params(module), counter.get_total_flops() // 2)


def _params(module: Any) -> int:
    return sum(param.numel() for param in module.parameters())


def table(parts: Sequence[Part]) -> str:
    """Lay the parts out in millions of parameters and thousand millions of FLOPs."""
    rows = [f'{"part":<16}{"parameters":>14}{"FLOPs":>14}']
    for part in parts:
        params, flops = part.params / 1e6, part.flops / 1e9
        rows.append(f'{part.name:<16}{params:>13.2f}M{flops:>13.2f}G')
    return '\n'.join(rows)
