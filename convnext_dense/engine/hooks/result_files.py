"""What a test found, kept for the report."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.dist import all_gather_object, collect_results, master_only
from mmengine.hooks import Hook
from mmengine.runner import Runner
from PIL import Image

from convnext_dense.engine.label_map_scores import (
    Scores,
    confusion_matrix,
    image_iou,
    score,
)
from convnext_dense.registry import HOOKS

# Predictions of this many images are looked at before all but the best and the worst
# are forgotten.
MOST_KEPT = 64
PREFIX = 'predictions'


@HOOKS.register_module()
class ResultFiles(Hook):
    """Keep in ``results/`` of the work dir what the report is made of.

    After each validation and test, ``results.json`` says which data and which
    checkpoint the rest belongs to. A detector's predictions are beside it in COCO's
    result format. Of a segmentor there are the confusion matrix, the calibration, the
    IoU of each image, and the label maps of the best and worst.

    Args:
        pictures: Number of best, and of worst, label maps that are kept.
    """

    def __init__(self, pictures: int = 6):
        self.pictures = pictures
        self._number = 0  # of classes
        self._scores: list[Scores] = []
        self._maps: dict[str, tuple[float, np.ndarray, np.ndarray]] = {}

    def before_val(self, runner: Runner) -> None:
        """Ask the evaluator to leave its predictions."""
        self._prepare(runner, runner.val_evaluator, runner.val_dataloader)

    def before_test(self, runner: Runner) -> None:
        """Ask the evaluator to leave its predictions."""
        self._prepare(runner, runner.test_evaluator, runner.test_dataloader)

    def _prepare(self, runner: Runner, evaluator: Any, loader: Any) -> None:
        self._scores, self._maps = [], {}
        self._number = len(getattr(loader.dataset, 'metainfo', {}).get('classes') or ())
        folder = Path(runner.work_dir, 'results')
        _start_anew(folder)
        for metric in evaluator.metrics:
            # COCO's metrics, of the host too, then write their files here.
            if hasattr(metric, 'outfile_prefix') and metric.outfile_prefix is None:
                metric.outfile_prefix = str(folder / PREFIX)

    def after_val_iter(
        self,
        runner: Runner,  # noqa: ARG002
        batch_idx: int,  # noqa: ARG002
        data_batch: Any = None,  # noqa: ARG002
        outputs: list | None = None,
    ) -> None:
        """Compare the label maps of a batch with the truth."""
        for sample in outputs or ():
            if 'pred_sem_seg' not in sample or 'gt_sem_seg' not in sample:
                continue
            prediction, truth = (
                pixels.data.squeeze(0).cpu()
                for pixels in (sample.pred_sem_seg, sample.gt_sem_seg)
            )
            logits = sample.seg_logits.data.cpu() if 'seg_logits' in sample else None
            path = str(Path(sample.img_path).resolve())
            one = score(path, prediction, truth, self._number, logits)
            self._scores.append(one)
            iou = image_iou(one, self._number)
            if not np.isnan(iou):
                maps = (m.numpy().astype(np.uint8) for m in (truth, prediction))
                self._maps[path] = (iou, *maps)
            if len(self._maps) > MOST_KEPT:
                self._forget()

    after_test_iter = after_val_iter

    def _forget(self) -> None:
        """Keep the label maps of the best and the worst images."""
        paths = sorted(self._maps, key=lambda path: self._maps[path][0])
        if len(paths) > 2 * self.pictures:
            kept = paths[: self.pictures] + paths[-self.pictures :]
            self._maps = {path: self._maps[path] for path in kept}

    def after_val_epoch(self, runner: Runner, metrics: dict | None = None) -> None:
        """Write what a validation found."""
        place = dict(epoch=runner.epoch, iter=runner.iter) if runner.iter else {}
        about = dict(phase='validation', load_from=runner.cfg.get('load_from')) | place
        self._write(runner, runner.val_dataloader.dataset, about, metrics)

    def after_test_epoch(self, runner: Runner, metrics: dict | None = None) -> None:
        """Write what a test found."""
        about = dict(phase='test', load_from=runner.cfg.get('load_from'))
        self._write(runner, runner.test_dataloader.dataset, about, metrics)

    def _write(
        self, runner: Runner, dataset: Any, about: dict, metrics: dict | None
    ) -> None:
        names = getattr(dataset, 'metainfo', {}).get('classes')
        if not names:
            return
        about |= dict(classes=[*names], metrics=_plain(metrics or {}))
        folder = Path(runner.work_dir, 'results')
        # Segmentation or not is the same in all processes, which collect together.
        if hasattr(dataset, 'reduce_zero_label'):
            self._forget()
            scores = collect_results(self._scores, len(dataset))
            maps = all_gather_object(self._maps)
            found = dict(self._label_maps(folder, scores, maps, len(names)) or {})
            about |= dict(task='segmentation', **found)
        elif (folder / f'{PREFIX}.bbox.json').is_file():
            about |= dict(task='detection', **_coco_files(folder, dataset))
        else:
            return
        _dump(folder / 'results.json', about)

    @master_only
    def _label_maps(
        self, folder: Path, scores: list[Scores], maps: list[dict], number: int
    ) -> dict[str, Any]:
        self._maps = {path: kept for part in maps for path, kept in part.items()}
        self._forget()
        shutil.rmtree(folder / 'label_maps', ignore_errors=True)
        (folder / 'label_maps').mkdir()
        files = {}
        for index, (path, (_, *pair)) in enumerate(self._maps.items()):
            files[path] = [f'label_maps/{index}_{n}.png' for n in ('truth', 'found')]
            for file, pixels in zip(files[path], pair, strict=True):
                Image.fromarray(pixels).save(folder / file)
        binned = [one.calibration for one in scores if one.calibration is not None]
        return dict(
            confusion=confusion_matrix(scores, number).tolist(),
            calibration=np.sum(binned, axis=0).tolist() if binned else None,
            images=[
                dict(path=one.path, iou=_number(image_iou(one, number)))
                | (dict(label_maps=files[one.path]) if one.path in files else {})
                for one in scores
            ],
        )


@master_only
def _start_anew(folder: Path) -> None:
    """Remove an earlier test's predictions, which may be of another kind."""
    folder.mkdir(exist_ok=True)
    for file in folder.glob(f'{PREFIX}.*.json'):
        file.unlink()


def _coco_files(folder: Path, dataset: Any) -> dict[str, Any]:
    files = {
        kind: file.name
        for kind in ('bbox', 'segm')
        if (file := folder / f'{PREFIX}.{kind}.json').is_file()
    }
    return dict(
        annotations=str(Path(dataset.ann_file).resolve()),
        images=str(Path(dataset.data_prefix.get('img', '')).resolve()),
        image_ids=[dataset.get_data_info(i)['img_id'] for i in range(len(dataset))],
        predictions=files,
    )


def _plain(metrics: dict) -> dict[str, Any]:
    return {
        key: value.item() if hasattr(value, 'item') else value
        for key, value in metrics.items()
    }


def _number(value: float) -> float | None:
    """Give what JSON can hold."""
    return None if np.isnan(value) else value


@master_only
def _dump(path: Path, content: dict) -> None:
    # A reader never sees half a file.
    part = path.with_suffix('.json.part')
    part.write_text(json.dumps(content) + '\n', encoding='utf-8')
    part.replace(path)
