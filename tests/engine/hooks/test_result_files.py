"""What a test leaves for the report."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.structures import BaseDataElement, PixelData
from PIL import Image

from convnext_dense.engine.hooks import ResultFiles


class LabelMaps(list):
    """A data set of a segmentor."""

    metainfo = dict(classes=('sky', 'sea'))  # noqa: RUF012
    reduce_zero_label = False


def sample(path, right):
    """A 4 x 4 image half sky, half sea, of which some rows are right."""
    truth = torch.tensor([0, 0, 1, 1])[:, None].repeat(1, 4)
    found = torch.where(torch.arange(4)[:, None] < right, truth, 1 - truth)
    one = BaseDataElement(metainfo=dict(img_path=str(path)))
    one.gt_sem_seg = PixelData(data=truth[None])
    one.pred_sem_seg = PixelData(data=found[None])
    logits = torch.nn.functional.one_hot(found, 2).permute(2, 0, 1).float()
    one.seg_logits = PixelData(data=logits)
    return one


@pytest.fixture
def test_of(tmp_path):
    """Give a function that runs the hook over samples, and reads what it wrote."""

    def run(samples, pictures=2):
        evaluator = SimpleNamespace(metrics=[SimpleNamespace()])
        runner = SimpleNamespace(
            work_dir=str(tmp_path), cfg={}, test_evaluator=evaluator,
            test_dataloader=SimpleNamespace(dataset=LabelMaps(samples)),
        )  # fmt: skip
        hook = ResultFiles(pictures=pictures)
        hook.before_test(runner)
        for index, one in enumerate(samples):
            hook.after_test_iter(runner, index, None, [one])
        hook.after_test_epoch(runner, {'mIoU': np.float32(50.0)})
        return json.loads((tmp_path / 'results/results.json').read_text())

    return run


def test_the_confusion_matrix_adds_up_all_images(test_of, tmp_path):
    found = test_of([sample(tmp_path / 'a', 4), sample(tmp_path / 'b', 3)])
    assert found['confusion'] == [[16, 0], [4, 12]]
    assert [image['iou'] for image in found['images']] == [1, pytest.approx(7 / 12)]


def test_the_calibration_counts_every_pixel(test_of, tmp_path):
    count, right, _ = test_of([sample(tmp_path / 'a', 3)])['calibration']
    assert (sum(count), sum(right)) == (16, 12)


def test_of_many_images_the_best_and_the_worst_label_maps_are_kept(test_of, tmp_path):
    samples = [sample(tmp_path / f'{n:03d}', n % 5) for n in range(100)]
    found = test_of(samples, pictures=2)
    kept = [image['iou'] for image in found['images'] if 'label_maps' in image]
    assert sorted(kept) == [0, 0, 1, 1]
    assert len([*(tmp_path / 'results/label_maps').iterdir()]) == 8


def test_a_kept_label_map_is_the_one_predicted(test_of, tmp_path):
    (image,) = test_of([sample(tmp_path / 'a', 3)])['images']
    truth, found = (
        np.asarray(Image.open(tmp_path / 'results' / file))
        for file in image['label_maps']
    )
    assert truth[:, 0].tolist() == [0, 0, 1, 1]
    assert found[:, 0].tolist() == [0, 0, 1, 0]


def test_the_metrics_are_kept_as_numbers(test_of, tmp_path):
    assert test_of([sample(tmp_path / 'a', 4)])['metrics'] == {'mIoU': 50.0}


def test_a_metric_of_coco_is_told_where_to_write(tmp_path):
    metric = SimpleNamespace(outfile_prefix=None)
    chosen = SimpleNamespace(outfile_prefix='elsewhere')
    evaluator = SimpleNamespace(metrics=[metric, chosen])
    (tmp_path / 'results').mkdir()
    (tmp_path / 'results/predictions.segm.json').write_text('[]')
    loader = SimpleNamespace(dataset=LabelMaps())
    runner = SimpleNamespace(
        work_dir=str(tmp_path), val_evaluator=evaluator, val_dataloader=loader
    )
    ResultFiles().before_val(runner)
    assert metric.outfile_prefix == str(tmp_path / 'results/predictions')
    assert chosen.outfile_prefix == 'elsewhere'
    assert not (tmp_path / 'results/predictions.segm.json').exists()
