"""Pictures of validation predictions in the work dir."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.dist import is_main_process
from mmengine.fileio import get
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmengine.visualization import LocalVisBackend
from PIL import Image, ImageOps

from convnext_dense.registry import HOOKS
from convnext_dense.visualization import (
    contact_sheet,
    draw_instances,
    draw_label_map,
)


@HOOKS.register_module()
class PredictionSheet(Hook):
    """Draw the first images of each validation, truth above prediction.

    The sheets are ``pictures/epoch_003.png`` (or ``iter_2000.png``, ``test.png``) in
    the work dir.

    Args:
        images: Number of images on a sheet.
        score_thr: Lowest score of an instance that is drawn, in 0..1.
        side: Height in pixels at which an image is drawn.
    """

    def __init__(self, images: int = 6, score_thr: float = 0.5, side: int = 256):
        self.images = images
        self.score_thr = score_thr
        self.side = side
        self._samples: list[Any] = []

    def after_val_iter(
        self,
        runner: Runner,  # noqa: ARG002
        batch_idx: int,  # noqa: ARG002
        data_batch: dict | None = None,  # noqa: ARG002
        outputs: list | None = None,
    ) -> None:
        """Keep the samples that will be drawn."""
        if is_main_process() and len(self._samples) < self.images:
            self._samples += [s.cpu() for s in outputs or ()]

    after_test_iter = after_val_iter

    def after_val_epoch(self, runner: Runner, metrics: dict | None = None) -> None:
        """Draw the sheet of a validation."""
        if 'max_iters' not in (runner.cfg.get('train_cfg') or {}):
            stem, place = f'epoch_{runner.epoch:03d}', f'epoch {runner.epoch}'
        else:
            stem, place = f'iter_{runner.iter:06d}', f'iteration {runner.iter}'
        self._draw(runner, stem, f'validation after {place}', metrics)

    def after_test_epoch(self, runner: Runner, metrics: dict | None = None) -> None:
        """Draw the sheet of a test."""
        self._draw(runner, 'test', 'test', metrics)

    def _draw(
        self, runner: Runner, stem: str, title: str, metrics: dict | None
    ) -> None:
        samples, self._samples = self._samples[: self.images], []
        if not samples:
            return
        names = runner.visualizer.dataset_meta['classes']
        pictures = [self._pair(sample, names) for sample in samples]
        shown = [
            f'{key} {value:.3g}'
            for key, value in (metrics or {}).items()
            if key.endswith(('bbox_mAP', 'segm_mAP', 'mIoU'))
        ]
        rows = [
            ('truth', [truth for truth, _ in pictures]),
            ('prediction', [prediction for _, prediction in pictures]),
        ]
        sheet = contact_sheet(rows, names, title='  '.join([title, *shown]))
        path = Path(runner.work_dir, 'pictures', f'{stem}.png')
        path.parent.mkdir(exist_ok=True)
        sheet.save(path)
        runner.logger.info(f'truth and predictions drawn: {path}')
        for backend in runner.visualizer._vis_backends.values():
            # The local one would only save the sheet a second time.
            if not isinstance(backend, LocalVisBackend):
                pixels = np.asarray(sheet)
                backend.add_image('predictions.png', pixels, step=runner.iter)

    def _pair(self, sample: Any, names: tuple[str, ...]) -> tuple[np.ndarray, ...]:
        image = read_image(sample.img_path)
        scale = self.side / image.shape[0]
        if 'pred_sem_seg' in sample:
            return tuple(
                draw_pixels(image, pixels, names, scale)
                for pixels in (sample.gt_sem_seg, sample.pred_sem_seg)
            )
        predicted = sample.pred_instances
        predicted = predicted[predicted.scores >= self.score_thr]
        return tuple(
            draw_objects(image, instances, names, scale)
            for instances in (sample.gt_instances, predicted)
        )


def draw_pixels(
    image: np.ndarray, pixels: Any, names: tuple[str, ...], scale: float
) -> np.ndarray:
    """Draw mmengine's ``PixelData``; a class named background stays uncoloured."""
    background = [i for i, name in enumerate(names) if name == 'background']
    label_map = pixels.data.squeeze(0).numpy()
    return draw_label_map(
        image, label_map, len(names), scale=scale, untinted=background
    )


def draw_objects(
    image: np.ndarray, instances: Any, names: tuple[str, ...], scale: float
) -> np.ndarray:
    """Draw mmengine's ``InstanceData`` of a detector."""
    found = _arrays(instances)
    if found['masks'] is not None:
        # A batch is padded to its largest image, masks need not be.
        rest = np.subtract(image.shape[:2], found['masks'].shape[1:])
        found['masks'] = np.pad(found['masks'], [(0, 0), *((0, r) for r in rest)])
    return draw_instances(image, names=names, scale=scale, **found)


def read_image(path: str) -> np.ndarray:
    """Read an image as (H, W, 3) RGB in 0..255, upright as its EXIF data says."""
    with Image.open(io.BytesIO(get(path))) as image:
        return np.asarray(ImageOps.exif_transpose(image).convert('RGB'))


def _arrays(instances: Any) -> dict[str, Any]:
    boxes = instances.bboxes
    masks = instances.get('masks')
    if masks is not None:
        masks = masks.to_ndarray() if hasattr(masks, 'to_ndarray') else masks.numpy()
    scores = instances.get('scores')
    return dict(
        labels=instances.labels.numpy(),
        boxes=(boxes.tensor if hasattr(boxes, 'tensor') else boxes).numpy(),
        masks=masks if masks is None else masks.astype(bool),
        scores=scores if scores is None else scores.numpy(),
    )
