"""Public checkpoint layouts, recognised by key names alone.

A layout is a table from our names to theirs, read in either direction. ``{i}`` and
``{j}`` stand for the numbers of a stage and of a block or layer in it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from torch import Tensor

State = dict[str, Tensor]

# A block's parts in our names, which are those of the published code.
BLOCK = ('gamma', 'dwconv', 'norm', 'pwconv1', 'grn.gamma', 'grn.beta', 'pwconv2')


@dataclass(frozen=True)
class Layout:
    """How a project names the weights of a backbone.

    Attributes:
        name: What reports call it.
        stem: Its name of the stem's convolution; what stands before that in a file is
            the prefix of all.
        table: Our names of modules or weights, and its names; of two that fit, the
            first counts. What is not in the table has the same name.
        beside: Matches what a file holds beside a backbone: classifiers and the like.
        mark: A part of a name that tells the layout from others with the same stem.
    """

    name: str
    stem: str
    table: Mapping[str, str]
    beside: str
    mark: str = ''

    @cached_property
    def _to_ours(self) -> list[tuple[re.Pattern, str]]:
        return [(_pattern(theirs), ours) for ours, theirs in self.table.items()]

    @cached_property
    def _to_theirs(self) -> list[tuple[re.Pattern, str]]:
        return [(_pattern(ours), theirs) for ours, theirs in self.table.items()]

    def ours(self, name: str) -> str:
        """Bring one of its names, without prefix, into ours."""
        return _translate(name, self._to_ours)

    def theirs(self, name: str) -> str:
        """Bring one of our names into its."""
        return _translate(name, self._to_theirs)

    def prefixes(self, state: Mapping[str, object]) -> list[str]:
        """List what stands before the names of the backbones in a file."""
        if not any(self.mark in key for key in state):
            return []
        stems = [key for key in state if f'.{key}'.endswith(f'.{self.stem}')]
        return [stem.removesuffix(self.stem) for stem in stems]


def _pattern(template: str) -> re.Pattern:
    numbered = re.escape(template).replace(r'\{i\}', r'(?P<i>\d+)')
    numbered = numbered.replace(r'\{j\}', r'(?P<j>\d+)')
    return re.compile(rf'{numbered}(?=\.|$)')


def _translate(name: str, rules: Sequence[tuple[re.Pattern, str]]) -> str:
    for pattern, template in rules:
        if match := pattern.match(name):
            return template.format(**match.groupdict()) + name[match.end() :]
    return name


def _blocks(theirs: str, *parts: str, ours: str = 'stages.{i}.{j}') -> dict[str, str]:
    names = zip(BLOCK, parts, strict=True)
    return {f'{ours}.{our}': f'{theirs}.{their}' for our, their in names if their}


TIMM_BLOCK = (
    'gamma', 'conv_dw', 'norm', 'mlp.fc1', 'mlp.grn.weight', 'mlp.grn.bias', 'mlp.fc2'
)  # fmt: skip

TIMM = Layout(
    'timm',
    stem='stem.0.weight',
    table={
        'downsample_layers.0.{j}': 'stem.{j}',
        'downsample_layers.{i}.{j}': 'stages.{i}.downsample.{j}',
        **_blocks('stages.{i}.blocks.{j}', *TIMM_BLOCK),
    },
    beside=r'(head|norm_pre)\.',
)

SPARSE = Layout(
    'official V2, sparse pre-training',
    stem='downsample_layers.0.0.weight',
    mark='.dwconv.kernel',
    # The stem is an ordinary convolution.
    table={f'downsample_layers.{i}.0': f'downsample_layers.{i}.0.ln' for i in (1, 2, 3)}
    | {
        f'downsample_layers.{i}.1.weight': f'downsample_layers.{i}.1.kernel'
        for i in (1, 2, 3)
    }
    | {
        'stages.{i}.{j}.dwconv.weight': 'stages.{i}.{j}.dwconv.kernel',
        **_blocks(
            'stages.{i}.{j}', '', '', 'norm.ln', 'pwconv1.linear', '', '',
            'pwconv2.linear',
        ),
    },
    beside=r'(head|norm|decoder|proj|pred)\.|mask_token',
)  # fmt: skip

# Of two layouts with the same stem, the one with a mark comes first.
LAYOUTS = [
    Layout(
        'mmpretrain',
        stem='downsample_layers.0.0.weight',
        mark='.depthwise_conv.',
        table=_blocks(
            'stages.{i}.{j}', 'gamma', 'depthwise_conv', 'norm', 'pointwise_conv1',
            'grn.gamma', 'grn.beta', 'pointwise_conv2',
        ),
        beside=r'head\.',
    ),
    SPARSE,
    # facebookresearch/ConvNeXt@048efce, facebookresearch/ConvNeXt-V2@2553895 and
    # HVision-NKU/Conv2Former@94fd1c4 alike, in classifiers, detectors and masked
    # autoencoders; and DINOv3's own release.
    Layout(
        'official',
        stem='downsample_layers.0.0.weight',
        table={},
        beside=r'(head|norms?|decoder|proj|pred)\.|mask_token',
    ),
    TIMM,
    Layout(
        'timm, features only',
        stem='stem_0.weight',
        table={
            'downsample_layers.0.{j}': 'stem_{j}',
            'downsample_layers.{i}.{j}': 'stages_{i}.downsample.{j}',
            **_blocks('stages_{i}.blocks.{j}', *TIMM_BLOCK),
        },
        beside=r'(head|norm_pre)\.',
    ),
    Layout(
        'transformers',
        stem='embeddings.patch_embeddings.weight',
        table={
            'downsample_layers.0.0': 'embeddings.patch_embeddings',
            'downsample_layers.0.1': 'embeddings.layernorm',
            'downsample_layers.{i}.{j}': 'encoder.stages.{i}.downsampling_layer.{j}',
            **_blocks(
                'encoder.stages.{i}.layers.{j}', 'layer_scale_parameter', 'dwconv',
                'layernorm', 'pwconv1', 'grn.weight', 'grn.bias', 'pwconv2',
            ),
            **{f'norm{i}': f'hidden_states_norms.stage{i + 1}' for i in range(4)},
        },
        beside=r'layernorm\.',
    ),
    Layout(
        'transformers, DINOv3',
        stem='stages.0.downsample_layers.0.weight',
        table={
            'downsample_layers.{i}.{j}': 'stages.{i}.downsample_layers.{j}',
            **_blocks(
                'stages.{i}.layers.{j}', 'gamma', 'depthwise_conv', 'layer_norm',
                'pointwise_conv1', '', '', 'pointwise_conv2',
            ),
        },
        beside=r'(layer_norm|norm)\.',
    ),
    Layout(
        'torchvision',
        stem='features.0.0.weight',
        table={
            f'downsample_layers.{stage}.{{j}}': f'features.{2 * stage}.{{j}}'
            for stage in range(4)
        }
        | {
            ours: theirs
            for stage in range(4)
            for ours, theirs in _blocks(
                f'features.{2 * stage + 1}.{{j}}', 'layer_scale', 'block.0', 'block.2',
                'block.3', '', '', 'block.5', ours=f'stages.{stage}.{{j}}',
            ).items()
        },
        beside=r'classifier\.',
    ),
]  # fmt: skip
