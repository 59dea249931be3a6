#!/usr/bin/env python
"""Memory and time of training with activations recomputed (``with_cp``)."""

import sys
from collections.abc import Callable

import torch
from suite import Suite
from torch import Tensor

from convnext_dense import ConvNeXt

GOALS_SIDE = 1024
GOALS = dict(goal=1.3, memory_goal=0.5)


def step(with_cp: bool, x: Tensor) -> Callable:
    """Make a function that takes a training step of the same network."""
    torch.manual_seed(0)
    net = ConvNeXt('tiny', layer_scale_init_value=1.0, with_cp=with_cp).to(x.device)

    def run() -> Tensor:
        net.zero_grad(set_to_none=False)  # gradients are no activations
        loss = sum(output.square().mean() for output in net(x))
        loss.backward()
        return net.downsample_layers[0][0].weight.grad

    return run


def main() -> int:
    """Measure the step at several sides."""
    suite = Suite(
        __doc__,
        'checkpointing',
        devices=True,
        rounds=2,
        sides=([256, 512], f'sides of the images; goals are for {GOALS_SIDE} and more'),
        batch=(1, 'images'),
    )
    for side in suite.args.sides:
        torch.manual_seed(0)
        x = torch.randn(suite.args.batch, 3, side, side, device=suite.args.device)
        ours, off = step(True, x), step(False, x)
        suite.compare(
            f'ConvNeXt-T, training, {suite.args.batch} of {side}x{side}',
            {'ours': ours, 'with_cp off': off},
            **(GOALS if side >= GOALS_SIDE else {}),
            equal=torch.allclose(ours(), off(), rtol=1e-4, atol=1e-6),
            tolerance=1e-4,
        )
    return suite.finish()


if __name__ == '__main__':
    sys.exit(main())
