#!/usr/bin/env python
"""What prediction adds to the network: preparing, pasting and drawing.

python tools/benchmarks/predict.py --checkpoint work_dirs/demo/best.pth
"""

import sys
from pathlib import Path

import numpy as np
import torch
from suite import Suite

from convnext_dense.detection.pasting import paste_masks
from convnext_dense.inference import Predictor
from convnext_dense.visualization import draw_instances

HEIGHT, WIDTH, MASKS = 1500, 2000, 80


def objects(shortest: float, longest: float) -> tuple[np.ndarray, np.ndarray]:
    """Make round masks, (N, 28, 28), and boxes of log-uniform sides."""
    rng = np.random.default_rng(0)
    sides = np.exp(rng.uniform(np.log(shortest), np.log(longest), (MASKS, 2)))
    centres = rng.uniform(0, 1, (MASKS, 2)) * [WIDTH, HEIGHT]
    boxes = np.concatenate([centres - sides / 2, centres + sides / 2], axis=1)
    boxes = boxes.clip(0, [WIDTH, HEIGHT, WIDTH, HEIGHT]).astype(np.float32)
    y, x = np.mgrid[:28, :28] - 13.5
    noise = rng.normal(0, 1, (MASKS, 28, 28))
    return (1 / (1 + np.exp(np.hypot(x, y) - 12 + noise))).astype(np.float32), boxes


def paste_and_draw(masks: np.ndarray, boxes: np.ndarray, image: np.ndarray) -> None:
    """Do both, with 80 classes."""
    crops = paste_masks(masks, boxes, (HEIGHT, WIDTH))
    names = [f'class {index}' for index in range(80)]
    scores = np.linspace(1, 0.3, MASKS)
    labels = np.arange(MASKS) % 80
    draw_instances(image, labels, names, boxes=boxes, masks=crops, scores=scores)


def main() -> int:
    """Measure, print and write."""
    suite = Suite(
        __doc__,
        'predict',
        devices=True,
        checkpoint=('', 'a checkpoint with its config inside'),
    )
    predictor = None
    if suite.args.checkpoint:
        predictor = Predictor(Path(suite.args.checkpoint), device=suite.args.device)
    image = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    for name, sides in (('small', (30, 800)), ('large', (300, 1500))):
        masks, boxes = objects(*sides)
        suite.compare(
            f'{MASKS} {name} masks pasted and drawn at {WIDTH}x{HEIGHT}',
            {'ours': lambda m=masks, b=boxes: paste_and_draw(m, b, image)},
        )
    if predictor is not None:
        photo = image[:128, :128]
        prepared = predictor.prepare(photo)

        def network() -> None:
            with torch.inference_mode():
                predictor.network([prepared])

        sides = {'ours': lambda: predictor(photo), 'network alone': network}
        suite.compare('one image of 128x128 predicted', sides, goal=1.1)
    return suite.finish()


if __name__ == '__main__':
    sys.exit(main())
