"""The twelve COCO numbers, computed by faster-coco-eval."""

import tempfile
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from faster_coco_eval import COCO, COCOeval_faster
from mmdet.evaluation.metrics import CocoMetric as HostCocoMetric
from mmengine.logging import print_log
from torch import Tensor

from convnext_dense.errors import UserError
from convnext_dense.registry import METRICS
from convnext_dense.visualization import crop_masks

# The order of pycocotools' `stats`; the first six are named as mmdet names them.
NAMES = (
    'mAP', 'mAP_50', 'mAP_75', 'mAP_s', 'mAP_m', 'mAP_l',
    'AR_1', 'AR_10', 'AR_100', 'AR_s', 'AR_m', 'AR_l',
)  # fmt: skip


def coco_numbers(
    truth: COCO,
    results: Sequence[dict] | str | PathLike,
    kind: str,
    *,
    image_ids: Sequence[int] | None = None,
    category_ids: Sequence[int] | None = None,
) -> dict[str, float]:
    """Evaluate detections against annotations.

    Args:
        truth: The annotations.
        results: Detections in COCO's result format, as a list or a JSON file.
        kind: ``'bbox'`` or ``'segm'``.
        image_ids: The images that count; all without it.
        category_ids: The categories that count; all without it.

    Returns:
        The twelve numbers by name, in 0..1; -1 where nothing of that size occurs.

    Raises:
        UserError: If the results are for other images than the annotations.
    """
    try:
        detections = truth.loadRes(results)
    except AssertionError as error:
        raise UserError(
            f'results and annotations do not belong together: {error}'
        ) from error
    evaluation = COCOeval_faster(truth, detections, kind)
    if image_ids is not None:
        evaluation.params.imgIds = [*image_ids]
    if category_ids is not None:
        evaluation.params.catIds = [*category_ids]
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return {
        name: float(value)
        for name, value in zip(NAMES, evaluation.stats[:12], strict=True)
    }


@METRICS.register_module()
class CocoMetric(HostCocoMetric):
    """mmdet's COCO metric with all twelve numbers, unrounded, several times faster.

    Args:
        ann_file: The annotations that predictions are compared with.
        metric: ``'bbox'``, ``'segm'``, or both.
        **kwargs: Those of the host's metric.
    """

    def __init__(self, ann_file: str, metric: str | Sequence[str] = 'bbox', **kwargs):
        # The host reads an annotation file with pycocotools; here it is read once.
        super().__init__(ann_file=None, metric=metric, **kwargs)
        if not Path(ann_file).is_file():
            raise UserError(f'annotation file not found: {ann_file}')
        self._coco_api = COCO(ann_file)

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Take in predictions: masks as run lengths, of which no more is needed."""
        super().process(data_batch, [_with_runs(sample) for sample in data_samples])

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Compare the predictions of all images with the annotations.

        Args:
            results: Pairs of truth and prediction; the truth is not used.

        Returns:
            Numbers in 0..1 by name, such as ``bbox_mAP`` and ``segm_AR_100``.
        """
        classes = self.dataset_meta['classes']
        self.cat_ids = self._coco_api.getCatIds(catNms=[*classes])
        predictions = [prediction for _, prediction in results]
        with tempfile.TemporaryDirectory() as scratch:
            prefix = self.outfile_prefix or str(Path(scratch, 'results'))
            files = self.results2json(predictions, prefix)
            if self.format_only:
                print_log(f'results written: {prefix}', logger='current')
                return {}
            found: dict[str, float] = {}
            for kind in self.metrics:
                numbers = self._numbers(files[kind], kind, predictions)
                print_log(table(kind, numbers), logger='current')
                found |= {f'{kind}_{name}': value for name, value in numbers.items()}
        return found

    def _numbers(self, file: str, kind: str, predictions: Any) -> dict[str, float]:
        detections: list[dict] = COCO.load_json(file)
        if kind == 'segm':
            # With a box beside the mask, its area would sort the objects by size.
            for detection in detections:
                detection.pop('bbox', None)
        return coco_numbers(
            self._coco_api,
            detections,
            kind,
            image_ids=sorted(prediction['img_id'] for prediction in predictions),
            category_ids=self.cat_ids,
        )


def _with_runs(sample: dict) -> dict:
    instances = sample['pred_instances']
    masks = instances.get('masks')
    if not isinstance(masks, Tensor):
        return sample
    return dict(sample, pred_instances=dict(instances, masks=runs_of(masks)))


def runs_of(masks: Tensor) -> list[dict[str, Any]]:
    """Encode masks, (N, H, W) boolean, as COCO's run lengths."""
    # One by one: crops of all would take as much memory as the masks.
    return [
        crop.rle(*mask.shape)
        for mask in masks.detach().cpu().numpy()
        for crop in crop_masks([mask])
    ]


def table(kind: str, numbers: dict[str, float]) -> str:
    """Write the twelve numbers in two rows."""
    names, values = [*numbers], [*numbers.values()]
    lines = [kind]
    for part in (slice(0, 6), slice(6, 12)):
        lines.append('  '.join(f'{name:>7}' for name in names[part]))
        lines.append('  '.join(f'{value:7.3f}' for value in values[part]))
    return '\n'.join(lines)
