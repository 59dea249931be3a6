#!/usr/bin/env python
"""How cost grows: with the side of an image, with the batch, with the instances.

Each figure is given by unit of work (pixel, image, instance): where that does not stay
level or fall, something grows faster than its work. Classes are in
``dense_inference.py``, the size of a data set in ``start_up.py`` and ``coco_eval.py``.
"""

import sys
from collections.abc import Callable, Sequence

import torch
from instance_masks import sides as instance_sides
from suite import Suite
from timing import Row

from convnext_dense import ConvNeXt


def backbone(number: int, side: int, device: str) -> Callable[[], object]:
    """Make a function that computes the features of a batch of squares."""
    net = ConvNeXt('atto').to(device).eval()
    x = torch.randn(number, 3, side, side, device=device)

    @torch.inference_mode()
    def run() -> object:
        return net(x)

    return run


def table(
    suite: Suite, what: str, values: Sequence[int], make: Callable, unit: Callable
) -> None:
    """Measure a function for growing values, and print the cost by unit of work."""
    rows: list[tuple[int, Row]] = []
    for value in values:
        row = suite.compare(f'{what} {value}', {'ours': make(value)})
        row.notes['seconds by unit'] = row.sides['ours'].median / unit(value)
        rows.append((value, row))
    first = rows[0][1].notes['seconds by unit']
    print(f'\n{what}: time by unit of work, the first being 1')
    for value, row in rows:
        print(f'  {value:6}  {row.notes["seconds by unit"] / first:6.2f}')


def main() -> int:
    """Print a table for each."""
    suite = Suite(
        __doc__,
        'scaling',
        devices=True,
        rounds=3,
        sides=([256, 512, 1024], 'sides of an image; up to 2048 is of interest'),
        batches=([1, 2, 4, 8], 'images of 224x224'),
        instances=([1, 10, 100], 'instances in an image of 800x800'),
    )
    args, device = suite.args, suite.args.device
    table(
        suite,
        'image side',
        args.sides,
        lambda n: backbone(1, n, device),
        lambda n: n * n,
    )
    table(suite, 'batch', args.batches, lambda n: backbone(n, 224, device), int)
    table(
        suite,
        'instances',
        args.instances,
        # Pasted and encoded, on the processor.
        lambda n: instance_sides(n, 0.2, 800, 800)['ours'],
        int,
    )
    return suite.finish()


if __name__ == '__main__':
    sys.exit(main())
