"""The skeleton that all backbones share: stem, four stages, a norm per output."""

from collections.abc import Callable, Mapping, Sequence
from math import ceil
from typing import Any, ClassVar

import torch
from mmengine.model import BaseModule, initialize
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from convnext_dense.checkpoints import load_pretrained
from convnext_dense.errors import UserError
from convnext_dense.layers import LayerNorm2d, Patchwise

from .pretrained import entries, pretrained_files
from .variants import NUM_STAGES, choose

# Truncated normal of the published code: std 0.02, biases zero.
TRUNCATED_NORMAL = dict(
    type='TruncNormal', layer=['Conv2d', 'Linear'], std=0.02, bias=0.0
)


class Pyramid(BaseModule):
    """A convolutional network in four stages that returns every stage's features.

    Subclasses give the table of ``variants`` and the block. Parameter names are those
    of the published ConvNeXt checkpoints, with ``norm0`` to ``norm3`` for the outputs,
    as in its detectors.

    Args:
        arch: A key of ``variants``, or a dict with the fields of a variant:
            ``depths`` and ``widths``, four each, and what else a family has.
        block: Makes a residual block from its width and drop path rate.
        in_channels: Channels of the image.
        out_indices: Stages whose features are returned, in this order. Stages
            behind the last of them are not built.
        drop_path_rate: Stochastic depth of the last block, in [0, 1); it grows
            linearly from zero at the first.
        frozen_stages: -1 freezes nothing, 0 the stem, k the stem and the first k
            stages, also after ``train()``.
        with_cp: Recompute each block in the backward pass to save memory.
        init_cfg: mmengine initialisation; ``dict(type='Pretrained', checkpoint=)``
            goes through :func:`convnext_dense.checkpoints.load_pretrained`. The
            default is the published truncated normal.

    Raises:
        UserError: On an unknown ``arch`` or a value outside the ranges above.
    """

    variants: ClassVar[dict[str, Any]] = {}

    def __init__(
        self,
        arch: str | Mapping,
        *,
        block: Callable[[int, float], nn.Module],
        in_channels: int = 3,
        out_indices: Sequence[int] = tuple(range(NUM_STAGES)),
        drop_path_rate: float = 0.0,
        frozen_stages: int = -1,
        with_cp: bool = False,
        init_cfg: Mapping | Sequence | None = None,
    ):
        pretrained_files(init_cfg)  # says at once what is wrong with it
        super().__init__(TRUNCATED_NORMAL if init_cfg is None else init_cfg)
        self.is_init: bool
        variant = self.variant_of(arch)
        self.depths, self.widths = variant.depths, variant.widths
        self.out_indices = _checked_indices(out_indices)
        if not -1 <= frozen_stages <= NUM_STAGES:
            raise UserError(
                f'frozen_stages must be in [-1, {NUM_STAGES}], got {frozen_stages}'
            )
        if not 0 <= drop_path_rate < 1:
            raise UserError(f'drop_path_rate must be in [0, 1), got {drop_path_rate}')
        self.frozen_stages = frozen_stages
        self.with_cp = with_cp

        depth = sum(self.depths)
        rates = torch.linspace(0, drop_path_rate, depth, device='cpu').tolist()
        self.downsample_layers = nn.ModuleList()
        self.stages = nn.ModuleList()
        for stage in range(max(self.out_indices) + 1):
            width = self.widths[stage]
            self.downsample_layers.append(
                self._downsample(stage) if stage else self._stem(in_channels, width)
            )
            first = sum(self.depths[:stage])
            last = first + self.depths[stage]
            self.stages.append(
                nn.Sequential(*[block(width, rate) for rate in rates[first:last]])
            )
        for stage in self.out_indices:
            self.add_module(f'norm{stage}', LayerNorm2d(self.widths[stage]))
        self._freeze()

    @classmethod
    def variant_of(cls, arch: str | Mapping) -> Any:
        """Give a row of ``variants``, or one of the fields in ``arch``."""
        return choose(arch, cls.variants, cls.__name__)

    def _stem(self, in_channels: int, width: int) -> nn.Module:
        return nn.Sequential(nn.Conv2d(in_channels, width, 4, 4), LayerNorm2d(width))

    def _downsample(self, stage: int) -> nn.Module:
        before, after = self.widths[stage - 1 : stage + 1]
        return nn.Sequential(LayerNorm2d(before), Patchwise(before, after, 2))

    def init_weights(self) -> None:
        """Initialise once, as ``init_cfg`` says; pretrained weights go in last."""
        files = pretrained_files(self.init_cfg)
        if self.is_init or not files:
            super().init_weights()
            return
        others = [c for c in entries(self.init_cfg) if c['type'] != 'Pretrained']
        initialize(self, others)
        for file in files:
            load_pretrained(self, file)
        self.is_init = True

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Map (N, in_channels, H, W) to one tensor per index in ``out_indices``.

        Stage i returns (N, widths[i], H / 4 / 2^i, W / 4 / 2^i), rounded down at
        every halving, in channels-last memory.
        """
        # The blocks' norms and MLPs work on channels: with these last in memory,
        # no block copies its input to get there.
        x = x.contiguous(memory_format=torch.channels_last)
        outputs = {}
        for stage, (down, blocks) in enumerate(
            zip(self.downsample_layers, self.stages, strict=True)
        ):
            x = down(x)
            for block in blocks.children():
                x = self.run(block, x)
            if stage in self.out_indices:
                outputs[stage] = getattr(self, f'norm{stage}')(x)
        return tuple(outputs[stage] for stage in self.out_indices)

    def run(self, block: nn.Module, *inputs: Any) -> Tensor:
        """Run a block, to be computed again in the backward pass if ``with_cp``."""
        if self.with_cp and torch.is_grad_enabled():
            return checkpoint(block, *inputs, use_reentrant=False)
        return block(*inputs)

    def train(self, mode: bool = True) -> 'Pyramid':
        """Switch to training, except for what is frozen."""
        super().train(mode)
        self._freeze()
        return self

    def _freeze(self) -> None:
        if self.frozen_stages < 0:
            return
        stems = [*self.downsample_layers][: max(self.frozen_stages, 1)]
        for module in (*stems, *[*self.stages][: self.frozen_stages]):
            module.eval()
            module.requires_grad_(False)

    @property
    def num_layers(self) -> int:
        """Layer groups of the published decay rule: three blocks of stage 2 each."""
        return 3 + ceil(self.depths[2] / 3)

    def layer_of(self, name: str) -> int:
        """Give the layer id of a parameter, 0 for the stem.

        Source: ``get_num_layer_layer_wise`` of facebookresearch/ConvNeXt@048efce.

        Args:
            name: The parameter's name relative to the backbone.

        Returns:
            An id in [0, num_layers + 1]; the output norms have the last.
        """
        part, *indices = name.split('.')
        if part not in ('downsample_layers', 'stages'):
            return self.num_layers + 1
        stage = int(indices[0])
        if stage == NUM_STAGES - 1:
            return self.num_layers
        if part == 'downsample_layers':
            return (0, 2, 3)[stage]
        return (1, 2, 3 + int(indices[1]) // 3)[stage]

    def stage_of(self, name: str) -> int:
        """Give the stage group of a parameter, 0 for the stem and downsampling.

        Source: ``get_num_layer_stage_wise`` of facebookresearch/ConvNeXt@048efce.

        Args:
            name: The parameter's name relative to the backbone.

        Returns:
            Stage i has i + 1; the output norms have ``num_layers + 1``.
        """
        part, *indices = name.split('.')
        if part == 'downsample_layers':
            return 0
        return int(indices[0]) + 1 if part == 'stages' else self.num_layers + 1


def _checked_indices(out_indices: Sequence[int]) -> tuple[int, ...]:
    indices = tuple(out_indices)
    if not indices or set(indices) - set(range(NUM_STAGES)):
        raise UserError(
            f'out_indices must name stages 0 to {NUM_STAGES - 1}, got {out_indices}'
        )
    if len(set(indices)) < len(indices):
        raise UserError(f'out_indices repeat a stage: {out_indices}')
    return indices
