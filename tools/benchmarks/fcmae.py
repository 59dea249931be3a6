#!/usr/bin/env python
"""Masked pre-training: visible patches packed, against all positions with zeros.

Same weights, images and masks, forward and backward. ``encoder`` rows are what packing
changes; ``step`` rows add decoder and loss. At a mask ratio of 0.6 an image of 224
keeps 19 of 49 patches: what runs on visible positions alone can be 2.58 times faster.
"""

import sys
from collections.abc import Callable
from typing import Any

import torch
from suite import Suite

from convnext_dense import FCMAE
from convnext_dense.errors import UserError
from convnext_dense.pretrain.masking import check_ratio
from convnext_dense.pretrain.reference import encode_densely
from convnext_dense.pretrain.targets import STRIDE

BATCHES = dict(atto=8, tiny=4)
GOALS = dict(goal=1 / 2.2, memory_goal=0.6)
GOALS_CASE = (224, 0.6)  # side of the images, mask ratio


class DenseFCMAE(FCMAE):
    """The same model, computed on all positions."""

    def encode(self, images: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """See :func:`encode_densely`."""
        return encode_densely(self.encoder, images, mask)


def build(kind: type[FCMAE], arch: str, ratio: float, device: str) -> FCMAE:
    """Build a model whose every weight shows in its output; the same each time."""
    torch.manual_seed(0)
    encoder = dict(type='convnext_dense.ConvNeXtV2', arch=arch)
    model = kind(encoder, mask_ratio=ratio)
    # Response norms start at zero.
    with torch.no_grad():
        for param in model.parameters():
            param.add_(0.02 * torch.randn_like(param))
    return model.to(device)


def sides(
    arch: str, size: int, ratio: float, batch: int, part: str, device: str
) -> dict[str, Callable[[], Any]]:
    """Give both sides of a row: each returns its output and a gradient."""
    models = dict(ours=FCMAE, dense=DenseFCMAE)
    images = torch.randn(batch, 3, size, size, device=device)
    calls = {}
    mask = None
    for name, kind in models.items():
        model = build(kind, arch, ratio, device)
        mask = model.random_mask(images) if mask is None else mask
        calls[name] = _call(model, images, mask, part)
    return calls


def _call(
    model: FCMAE, images: torch.Tensor, mask: torch.Tensor, part: str
) -> Callable[[], Any]:
    def call() -> Any:
        model.zero_grad()
        if part == 'step':
            result = model.loss(images, mask)
        else:
            result = model.encode(images, mask)
        result.square().mean().backward()
        return result.detach(), model.encoder.downsample_layers[0][0].weight.grad

    return call


def equal(calls: dict[str, Callable[[], Any]]) -> bool:
    """Compare outputs and the gradient of the first layer."""
    pairs = zip(*[call() for call in calls.values()], strict=True)
    return all(
        torch.allclose(ours, dense, rtol=1e-4, atol=1e-5 * dense.abs().max().item())
        for ours, dense in pairs
    )


def main() -> int:
    """Measure the goals, then cost against image size and mask ratio."""
    suite = Suite(
        __doc__,
        'fcmae',
        devices=True,
        archs=(['atto', 'tiny'], 'variants to compare'),
        size=(224, 'side of the images'),
        ratio=(0.6, 'mask ratio'),
        sizes=([128, 224, 320], 'sides of the table of cost, for the first variant'),
        ratios=([0.4, 0.6, 0.75], 'mask ratios of that table'),
    )
    args = suite.args
    for ratio in (args.ratio, *args.ratios):
        check_ratio(ratio)
    for size in (args.size, *args.sizes):
        if size % STRIDE:
            raise UserError(f'a side of {size} pixels is no multiple of {STRIDE}')
    cases = [
        (arch, args.size, args.ratio, part)
        for arch in args.archs
        for part in ('encoder', 'step')
    ]
    cases += [
        (args.archs[0], size, ratio, 'encoder')
        for size in args.sizes
        for ratio in args.ratios
        if (size, ratio) != (args.size, args.ratio)
    ]
    for arch, size, ratio, part in cases:
        batch = BATCHES.get(arch, 2)
        calls = sides(arch, size, ratio, batch, part, args.device)
        row = suite.compare(
            f'{part}, {arch}, {batch} images of {size}, mask ratio {ratio}',
            calls,
            equal=equal(calls),
            tolerance=1e-4,
            **(GOALS if (size, ratio) == GOALS_CASE else {}),
        )
        print(f'  {1 / row.ratio:.2f} times faster')
    return suite.finish()


if __name__ == '__main__':
    sys.exit(main())
