"""COCO's numbers by class and by size, computed by faster-coco-eval."""

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
from faster_coco_eval import COCO, COCOeval_faster
from faster_coco_eval.core import mask as mask_api

from .objects import Objects, Truth, shapes_of

NUMBERS = (
    'mAP', 'mAP_50', 'mAP_75', 'mAP_s', 'mAP_m', 'mAP_l',
    'AR_1', 'AR_10', 'AR_100', 'AR_s', 'AR_m', 'AR_l',
)  # fmt: skip
SIZES = ('all', 'small', 'medium', 'large')


@dataclass(frozen=True)
class Precision:
    """Precision in 0..1; nan where no object is.

    Args:
        numbers: COCO's twelve.
        ap: (C, 4) AP at IoU 0.5 to 0.95, by class and by size as in ``SIZES``.
        ap50: (C,) AP at IoU 0.5.
        curves: (C, 101) precision at IoU 0.5 by recall in hundredths.
    """

    numbers: dict[str, float]
    ap: np.ndarray
    ap50: np.ndarray
    curves: np.ndarray


def precision_of(truth: Truth, found: Objects, kind: str) -> Precision:
    """Evaluate detections as COCO does.

    Args:
        truth: The annotations.
        found: The detections.
        kind: ``'bbox'`` or ``'segm'``.
    """
    logging.getLogger('faster_coco_eval').setLevel(logging.WARNING)
    # Like `loadRes`, whose dicts would take twice the memory.
    results = COCO(
        dict(
            images=truth.images,
            categories=truth.coco.dataset['categories'],
            annotations=_entries(truth, found, kind),
        )
    )
    evaluation = COCOeval_faster(truth.coco, results, kind)
    evaluation.params.imgIds = [image['id'] for image in truth.images]
    evaluation.params.catIds = truth.categories
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    # IoU x recall x category (sorted by id) x size x number of detections
    table = np.asarray(evaluation.eval['precision'])[..., -1]
    table = np.where(table < 0, np.nan, table)
    table = table[:, :, np.argsort(np.argsort(truth.categories))]
    seen = ~np.isnan(table[0, 0])
    means = np.where(seen, np.nan_to_num(table).mean((0, 1)), np.nan)
    return Precision(
        dict(zip(NUMBERS, map(float, evaluation.stats[:12]), strict=True)),
        means,
        table[0, :, :, 0].mean(0),
        table[0, :, :, 0].T,
    )


def _entries(truth: Truth, found: Objects, kind: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = []
    for index, image in enumerate(truth.images):
        part = found.of(index)
        if part.start == part.stop:
            continue
        shapes: Any = {}
        areas = found.boxes[part, 2] * found.boxes[part, 3]
        if kind == 'segm':
            masks = shapes_of(found, truth.images, kind, part)
            areas = np.asarray(mask_api.area(masks), dtype=float)
            shapes = dict(segmentation=masks)
        values = dict(
            category_id=[truth.categories[label] for label in found.label[part]],
            score=found.score[part].tolist(),
            bbox=found.boxes[part].tolist(),
            area=areas.tolist(),
            id=range(len(entries) + 1, len(entries) + 1 + len(areas)),
            **shapes,
        )
        entries += [
            {
                'image_id': image['id'],
                'iscrowd': 0,
                **dict(zip(values, row, strict=True)),
            }
            for row in zip(*values.values(), strict=True)
        ]
    return entries
