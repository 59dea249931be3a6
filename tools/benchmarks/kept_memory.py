#!/usr/bin/env python
"""Training and inference with memory kept, as our commands do, and without.

A process cannot go back to how it was, so each side is one of its own, round by round.
"""

import subprocess
import sys

from suite import Suite
from timing import Row, Side

STEPS = """
import statistics, sys, time
import torch
from convnext_dense import ConvNeXt
from convnext_dense.process import keep_memory
side, kind, steps = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
if sys.argv[4] == 'ours':
    assert keep_memory(), 'this C library keeps no memory'
torch.manual_seed(0)
net = ConvNeXt('tiny', layer_scale_init_value=1.0)
x = torch.randn(2, 3, side, side)
def call():
    if kind == 'training':
        net.zero_grad()
        sum(output.square().mean() for output in net(x)).backward()
    else:
        with torch.inference_mode():
            net(x)
seconds = []
for _ in range(steps + 1):
    start = time.perf_counter()
    call()
    seconds.append(time.perf_counter() - start)
print(statistics.median(seconds[1:]))
"""


def median_of(*arguments: object) -> float:
    """Run steps in a process of their own; give the median of their seconds."""
    command = [sys.executable, '-W', 'ignore', '-c', STEPS, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return float(done.stdout)


def main() -> int:
    """Measure both kinds of step."""
    suite = Suite(
        __doc__,
        'kept_memory',
        rounds=3,
        side=(512, 'side of the images'),
        steps=(7, 'steps of a process'),
    )
    for kind in ('training', 'inference'):
        sides = {'ours': Side(), 'given back': Side()}
        for _ in range(suite.args.rounds):
            for name, side in sides.items():
                side.seconds.append(
                    median_of(suite.args.side, kind, suite.args.steps, name)
                )
        suite.add(Row(f'ConvNeXt-T, {kind}, 2 of {suite.args.side}', sides))
    return suite.finish()


if __name__ == '__main__':
    sys.exit(main())
