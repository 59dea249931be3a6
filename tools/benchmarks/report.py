#!/usr/bin/env python
"""Time and peak memory of a detector's report on generated predictions.

As large as COCO's validation set: 5,000 images of 640 x 480 pixels, 80 classes, 7
objects and up to 100 detections each, with boxes and masks.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from faster_coco_eval.core import mask as mask_api
from PIL import Image
from suite import positive

WIDTH, HEIGHT = 640, 480
OBJECTS = 7
# Corners of a mask, around the middle of its box.
TURNS = np.linspace(0, 2 * np.pi, 16, endpoint=False)


def main() -> int:
    """Write the work dir, run the tool on it, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--images', type=positive(int), default=5000)
    parser.add_argument('--classes', type=positive(int), default=80)
    parser.add_argument(
        '--detections', type=positive(int), default=100, help='of an image'
    )
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write(folder, args.images, args.classes, args.detections)
        tool = Path(__file__).parents[1] / 'report.py'
        start = time.perf_counter()
        subprocess.run([sys.executable, str(tool), str(folder)], check=True)
        seconds = time.perf_counter() - start
        size = (folder / 'report.html').stat().st_size
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    peak, cpu = used.ru_maxrss * 1024, used.ru_utime + used.ru_stime
    print(f'{args.images:,} images, {args.images * args.detections:,} detections')
    print(f'{seconds:.1f} s, {cpu:.1f} s of one processor, {peak / 1e9:.2f} GB at most')
    print(f'{size / 1e6:.2f} MB of HTML')
    print(f'python {sys.version.split()[0]}, load {os.getloadavg()[0]:.1f}')
    return 0


def write(folder: Path, images: int, classes: int, detections: int) -> None:
    """Write annotations, predictions and what a test says of them."""
    rng = np.random.default_rng(0)
    gradient = np.add.outer(np.arange(HEIGHT), np.arange(WIDTH)) % 256
    picture = np.repeat(gradient.astype(np.uint8)[..., None], 3, axis=2)
    Image.fromarray(picture).save(folder / 'image.jpg')
    truth, found = [], []
    for image in range(images):
        boxes, labels = random_boxes(rng, OBJECTS), rng.integers(classes, size=OBJECTS)
        truth += entries(image, boxes, labels)
        # Each object many times over, well and badly placed, and sometimes misnamed.
        source = rng.integers(OBJECTS, size=detections)
        sizes = boxes[source][:, 2:]
        noise = rng.normal(0, 0.15, (detections, 4)) * np.tile(sizes, 2)
        guessed = np.where(
            rng.random(detections) < 0.8, labels[source],
            rng.integers(classes, size=detections),
        )  # fmt: skip
        scores = rng.random(detections)
        placed = inside(boxes[source] + noise)
        for entry, score in zip(entries(image, placed, guessed), scores, strict=True):
            found.append(entry | dict(score=float(score)))
    (folder / 'results').mkdir()
    names = [f'class {index}' for index in range(classes)]
    dump(folder / 'annotations.json', dict(
        images=[dict(id=i, file_name='image.jpg', width=WIDTH, height=HEIGHT)
                for i in range(images)],
        categories=[dict(id=i, name=name) for i, name in enumerate(names)],
        annotations=[e | dict(id=i + 1, iscrowd=0, area=e['bbox'][2] * e['bbox'][3])
                     for i, e in enumerate(truth)],
    ))  # fmt: skip
    dump(folder / 'results/predictions.segm.json', found)
    boxes_alone = ({k: v for k, v in e.items() if k != 'segmentation'} for e in found)
    dump(folder / 'results/predictions.bbox.json', [*boxes_alone])
    dump(folder / 'results/results.json', dict(
        task='detection', phase='test', classes=names, metrics={},
        annotations=str(folder / 'annotations.json'), images=str(folder),
        image_ids=[*range(images)],
        predictions=dict(bbox='predictions.bbox.json', segm='predictions.segm.json'),
    ))  # fmt: skip


def random_boxes(rng: np.random.Generator, number: int) -> np.ndarray:
    """Draw (N, 4) boxes x, y, width, height."""
    sizes = np.exp(rng.uniform(np.log(12), np.log(240), (number, 2)))
    corners = rng.random((number, 2)) * (np.array([WIDTH, HEIGHT]) - sizes)
    return np.concatenate([corners, sizes], 1)


def inside(boxes: np.ndarray) -> np.ndarray:
    """Keep boxes in the image and larger than nothing."""
    sizes = np.clip(boxes[:, 2:], 4, [WIDTH, HEIGHT])
    corners = np.clip(boxes[:, :2], 0, np.array([WIDTH, HEIGHT]) - sizes)
    return np.concatenate([corners, sizes], 1)


def entries(
    image: int, boxes: np.ndarray, labels: np.ndarray
) -> Iterator[dict[str, Any]]:
    """Give COCO's entries of objects, with ellipses for masks."""
    middles, halves = boxes[:, :2] + boxes[:, 2:] / 2, boxes[:, 2:] / 2
    circle = np.stack([np.cos(TURNS), np.sin(TURNS)], -1)
    outlines = middles[:, None] + halves[:, None] * circle
    encoded = mask_api.frPyObjects([o.ravel() for o in outlines], HEIGHT, WIDTH)
    for box, label, mask in zip(boxes.tolist(), labels.tolist(), encoded, strict=True):
        counts = mask['counts']
        text = counts.decode() if isinstance(counts, bytes) else counts
        yield dict(
            image_id=image, category_id=label, bbox=box,
            segmentation=dict(size=[HEIGHT, WIDTH], counts=text),
        )  # fmt: skip


def dump(path: Path, content: Any) -> None:
    """Write JSON."""
    path.write_text(json.dumps(content), encoding='utf-8')


if __name__ == '__main__':
    sys.exit(main())
