"""Public checkpoint layouts, recognised by key names alone.

Each layout is a pure function from the foreign state dict to ours.
"""

import re
from typing import NamedTuple

from torch import Tensor

State = dict[str, Tensor]

# Every official file holds the first convolution of the stem under this name.
STEM = 'downsample_layers.0.0.weight'

# Parts of an official file that a dense backbone does not have: the classifier, its
# norm, and the decoder of masked pre-training.
BESIDE = re.compile(r'(head|norm|decoder|proj|pred)\.|mask_token')


class Renamed(NamedTuple):
    """A state dict in our names, and what the source holds beside a backbone."""

    layout: str
    state: State
    ignored: list[str]


def rename(state: State) -> Renamed | None:
    """Bring the backbone's weights of a known layout into our names.

    The official code (facebookresearch/ConvNeXt@048efce and
    facebookresearch/ConvNeXt-V2@2553895) names a backbone's weights alike in
    classifiers, detectors (``backbone.``), masked autoencoders (``encoder.``), and
    under ``module.`` or ``model.``; only the prefix differs.

    Returns:
        None where no known layout matches.
    """
    prefixes = [key.removesuffix(STEM) for key in state if key.endswith(STEM)]
    if not prefixes:
        return None
    prefix = min(prefixes, key=lambda p: ('ema' in p.lower(), len(p)))
    ours, ignored = {}, []
    for key, value in state.items():
        name = key.removeprefix(prefix)
        if not key.startswith(prefix) or BESIDE.match(name):
            ignored.append(key)
        else:
            # V2 stores the affine of its response norm as (1, 1, 1, C).
            ours[name] = value.flatten() if '.grn.' in name else value
    version = 'V2' if any('.grn.' in name for name in ours) else 'V1'
    inside = f' in {prefix.rstrip(".")}' if prefix else ''
    return Renamed(f'official {version}{inside}', ours, ignored)
