#!/usr/bin/env python
"""COCO evaluation beside pycocotools: the numbers of a recorded evaluation, repeated.

Annotations and results are copied several times with new image ids, so that the data
set has a realistic size. Give other files with ``--annotations`` and ``--results``.
"""

import contextlib
import copy
import io
import json
import sys
from pathlib import Path
from typing import Any

from suite import Suite

from convnext_dense.engine.hosts import import_host
from convnext_dense.errors import UserError

RECORDED = Path('../shared/data/coco_eval_reference')
ANNOTATIONS = 'gt/instances_val2014_100.json'
RESULTS = 'results/instances_val2014_fake{}100_results.json'
NUMBERS = 12
GOALS = dict(bbox=1 / 5, segm=1 / 2)
GOALS_COPIES = 20


def copies(annotations: dict, results: list, number: int) -> tuple[dict, list]:
    """Repeat a data set and its results with images and objects of their own."""
    step = 1 + max(image['id'] for image in annotations['images'])
    objects = 1 + max(item['id'] for item in annotations['annotations'])
    many = {key: annotations[key] for key in annotations if key != 'images'}
    many['images'] = [
        image | dict(id=image['id'] + i * step)
        for i in range(number)
        for image in annotations['images']
    ]
    many['annotations'] = [
        item | dict(id=item['id'] + i * objects, image_id=item['image_id'] + i * step)
        for i in range(number)
        for item in annotations['annotations']
    ]
    found = [
        item | dict(image_id=item['image_id'] + i * step)
        for i in range(number)
        for item in results
    ]
    return many, found


def read(option: str, path: str) -> Any:
    """Read a JSON file that an option names."""
    try:
        return json.loads(Path(path).read_text())
    except (OSError, ValueError) as error:
        raise UserError(f'--{option} {path} is no JSON file: {error}') from error


def by_pycocotools(api: Any, truth: Any, results: list, kind: str) -> list[float]:
    """Evaluate as everyone does."""
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation = api(truth, truth.loadRes(copy.deepcopy(results)), kind)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return [float(value) for value in evaluation.stats[:NUMBERS]]


def load(truth_class: Any, annotations: dict) -> Any:
    """Make an annotation object of a library from what is in memory."""
    with contextlib.redirect_stdout(io.StringIO()):
        truth = truth_class()
        truth.dataset = copy.deepcopy(annotations)
        truth.createIndex()
    return truth


def main() -> int:
    """Measure boxes and masks for growing numbers of copies."""
    suite = Suite(
        __doc__,
        'coco_eval',
        rounds=1,
        annotations=(str(RECORDED / ANNOTATIONS), 'a COCO annotation file'),
        boxes=(str(RECORDED / RESULTS.format('bbox')), 'a file of box results'),
        masks=(str(RECORDED / RESULTS.format('segm')), 'a file of mask results'),
        copies=(
            [1, 4],
            f'how often the data are repeated; goals are for {GOALS_COPIES}',
        ),
    )
    args = suite.args
    if not RECORDED.is_dir() and args.annotations.startswith(str(RECORDED)):
        print(f'left out: {RECORDED} not found; see --annotations')
        return suite.finish()
    annotations = read('annotations', args.annotations)
    import_host('mmdet')
    from faster_coco_eval import COCO

    from convnext_dense.detection.coco_metric import coco_numbers

    plain = suite.peer('pycocotools.cocoeval')
    for kind, file in (('bbox', args.boxes), ('segm', args.masks)):
        results = read('boxes' if kind == 'bbox' else 'masks', file)
        for number in args.copies:
            many, found = copies(annotations, results, number)
            ours = load(COCO, many)
            sides = {
                'ours': lambda: [
                    *coco_numbers(ours, copy.deepcopy(found), kind).values()  # noqa: B023
                ]
            }
            if plain:
                truth = load(sys.modules['pycocotools.coco'].COCO, many)
                sides['pycocotools'] = lambda: by_pycocotools(
                    plain.COCOeval,
                    truth,  # noqa: B023
                    found,  # noqa: B023
                    kind,  # noqa: B023
                )
            values = [call() for call in sides.values()]
            suite.compare(
                f'{kind}, {len(many["images"])} images, {len(found)} results',
                sides,
                goal=GOALS[kind] if number >= GOALS_COPIES else None,
                memory=False,
                tolerance=1e-9,
                equal=all(
                    abs(a - b) < 1e-9
                    for other in values[1:]
                    for a, b in zip(values[0], other, strict=True)
                ),
            )
    return suite.finish()


if __name__ == '__main__':
    sys.exit(main())
