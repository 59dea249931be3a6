"""State dicts of any public layout into our names and shapes, and back to timm's."""

import re
from math import isqrt
from typing import NamedTuple

from torch import Tensor

from .layouts import LAYOUTS, SPARSE, TIMM, State

# Weights of one dimension, whatever their shape elsewhere: V2 stores the affine of its
# response norm as (1, 1, 1, C), torchvision its layer scale as (C, 1, 1).
VECTOR = re.compile(r'(^|\.)(bias|gamma|beta|layer_scale_[12])$')
# Matrices that some store as 1x1 convolutions.
MATRIX = re.compile(r'\.pwconv[12]\.weight$')
# Widths of the first version, atto to nano, whose matrices timm is one of those.
TIMM_CONVOLVES = (40, 48, 64, 80)
OUTPUT_NORM = re.compile(r'norm\d\.')


class Renamed(NamedTuple):
    """A state dict in our names, and what the source holds beside a backbone."""

    layout: str
    prefix: str
    state: State
    ignored: list[str]


def rename(state: State) -> Renamed | None:
    """Bring the backbone's weights of a known layout into our names and shapes.

    Of several backbones in a file, as where an average is kept beside the weights,
    the one that is no average and has the shortest prefix counts.

    Returns:
        None where no known layout matches.
    """
    found = (
        (layout, prefixes) for layout in LAYOUTS if (prefixes := layout.prefixes(state))
    )
    layout, prefixes = next(found, (None, []))
    if layout is None:
        return None
    prefix = min(prefixes, key=lambda p: ('ema' in p.lower(), len(p)))
    beside = re.compile(layout.beside)
    ours, ignored = {}, []
    for key, value in state.items():
        name = key.removeprefix(prefix)
        if not key.startswith(prefix) or beside.match(name):
            ignored.append(key)
        else:
            ours[layout.ours(name)] = _shaped(layout.ours(name), name, value)
    last = [key for key in ours if OUTPUT_NORM.match(key)]
    classifies = any(key.removeprefix('module.').startswith('head.') for key in ignored)
    if layout.name == 'mmpretrain' and classifies and len(last) == 2:
        # Its classifiers have one norm, called norm3: it stands behind the pooling.
        ignored += [f'{prefix}{key}' for key in last]
        ours = {key: value for key, value in ours.items() if key not in last}
    return Renamed(_name(layout.name, prefix, ours), prefix, ours, ignored)


def rename_within(state: State) -> State:
    """Bring the backbone's weights in a whole model into our names.

    The other weights keep theirs: detectors and segmentors of mmdet 2.x and mmseg
    0.x, in which the published ones were trained, name their necks and heads as the
    hosts do now.
    """
    renamed = rename(state)
    if renamed is None:
        return state
    backbone = {f'{renamed.prefix}{k}': v for k, v in renamed.state.items()}
    return backbone | {key: state[key] for key in renamed.ignored}


def to_timm(state: State) -> State:
    """Bring a backbone's weights from our names into timm's, without output norms."""
    narrow = len(state['stages.0.0.norm.weight']) in TIMM_CONVOLVES
    convolves = narrow and 'stages.0.0.gamma' in state
    return {
        TIMM.theirs(name): value[..., None, None]
        if convolves and MATRIX.search(name)
        else value
        for name, value in state.items()
        if not OUTPUT_NORM.match(name)
    }


def to_sparse(state: State) -> State:
    """Bring a backbone's weights from our names into those of sparse pre-training."""
    theirs = {}
    for ours, value in state.items():
        name = SPARSE.theirs(ours)
        if name.endswith('kernel'):
            theirs[name] = _kernel(value)
            theirs[name.replace('kernel', 'bias')] = state[
                ours.replace('weight', 'bias')
            ][None]
        elif '.grn.' in name:
            theirs[name] = value[None]
        else:
            theirs.setdefault(name, value)
    return theirs


def _shaped(ours: str, theirs: str, value: Tensor) -> Tensor:
    if theirs.endswith('kernel'):
        return _convolution(value)
    if VECTOR.search(ours):
        return value.flatten()
    return value.flatten(1) if MATRIX.search(ours) else value


def _convolution(kernel: Tensor) -> Tensor:
    """Turn a sparse engine's kernel into a convolution's weight.

    The engine stores (k * k, C) for depthwise and (k * k, in, out) for other
    convolutions, with the columns of the window before its rows.

    Source: ``remap_checkpoint_keys`` of facebookresearch/ConvNeXt-V2@2553895.
    """
    side = isqrt(kernel.shape[0])
    if kernel.ndim == 2:
        kernel = kernel.unsqueeze(1)
    weight = kernel.permute(2, 1, 0)  # (out, in, k * k)
    return weight.unflatten(2, (side, side)).transpose(3, 2).contiguous()


def _kernel(weight: Tensor) -> Tensor:
    """Undo :func:`_convolution`."""
    kernel = weight.transpose(3, 2).flatten(2).permute(2, 1, 0).contiguous()
    return kernel.squeeze(1) if weight.shape[1] == 1 else kernel


def _name(layout: str, prefix: str, state: State) -> str:
    if layout == 'official':
        if any('.attn.v.' in name for name in state):
            layout += ' Conv2Former'
        else:
            layout += ' V2' if any('.grn.' in name for name in state) else ' V1'
    return f'{layout} in {prefix.rstrip(".")}' if prefix else layout
