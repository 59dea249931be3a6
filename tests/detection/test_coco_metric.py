"""The COCO numbers, against those that pycocotools publishes."""

import json

import numpy as np
import pytest
import torch

pytest.importorskip('mmdet', reason='mmdet is not installed')

from faster_coco_eval import COCO
from mmdet.structures.mask import encode_mask_results
from pycocotools.mask import decode

from convnext_dense.detection.coco_metric import NAMES, CocoMetric, coco_numbers
from convnext_dense.errors import UserError


@pytest.fixture
def reference(shared):
    folder = shared / 'data/coco_eval_reference'
    if not folder.is_dir():
        pytest.skip('the reference results are not here')
    return folder


@pytest.mark.parametrize('kind', ['bbox', 'segm'])
def test_the_twelve_numbers_are_those_of_pycocotools(reference, kind):
    expected = json.loads((reference / 'expected_full_precision.json').read_text())
    truth = COCO(str(reference / 'gt/instances_val2014_100.json'))
    results = reference / f'results/instances_val2014_fake{kind}100_results.json'
    numbers = coco_numbers(truth, str(results), kind)
    assert [*numbers] == [*NAMES]
    np.testing.assert_allclose([*numbers.values()], expected[kind], atol=1e-12)


def test_results_for_other_images_are_refused(reference):
    truth = COCO(str(reference / 'gt/instances_val2014_100.json'))
    stranger = dict(image_id=-1, category_id=1, bbox=[0, 0, 1, 1], score=1.0)
    with pytest.raises(UserError, match='belong together'):
        coco_numbers(truth, [stranger], 'bbox')


@pytest.fixture
def metric(tmp_path):
    """A metric over one image with one square object of each of two classes."""
    boxes = [[4, 4, 40, 40], [60, 60, 30, 30]]
    content = dict(
        images=[dict(id=1, file_name='a.png', width=100, height=100)],
        categories=[dict(id=3, name='cat'), dict(id=5, name='dog')],
        annotations=[
            dict(id=i + 1, image_id=1, category_id=category, bbox=box, iscrowd=0,
                 area=box[2] * box[3],
                 segmentation=[[box[0], box[1], box[0] + box[2], box[1],
                                box[0] + box[2], box[1] + box[3],
                                box[0], box[1] + box[3]]])
            for i, (box, category) in enumerate(zip(boxes, (3, 5), strict=True))
        ],
    )  # fmt: skip
    path = tmp_path / 'ann.json'
    path.write_text(json.dumps(content))
    metric = CocoMetric(str(path), ['bbox', 'segm'])
    metric.dataset_meta = dict(classes=('cat', 'dog'))
    return metric


def sample(labels):
    """Predict the two squares exactly, with the given labels."""
    masks = np.zeros((2, 100, 100), dtype=bool)
    masks[0, 4:44, 4:44] = True
    masks[1, 60:90, 60:90] = True
    instances = dict(
        bboxes=torch.tensor([[4.0, 4.0, 44.0, 44.0], [60.0, 60.0, 90.0, 90.0]]),
        scores=torch.tensor([0.9, 0.8]),
        labels=torch.tensor(labels),
        masks=encode_mask_results(masks),
    )
    return dict(img_id=1, ori_shape=(100, 100), pred_instances=instances)


def evaluate(metric, labels):
    metric.process({}, [sample(labels)])
    return metric.evaluate(size=1)


def test_perfect_predictions_score_one_on_boxes_and_masks(metric):
    numbers = evaluate(metric, [0, 1])
    assert numbers['coco/bbox_mAP'] == numbers['coco/segm_mAP'] == pytest.approx(1.0)


def test_swapped_labels_score_nothing(metric):
    assert evaluate(metric, [1, 0])['coco/bbox_mAP'] == 0


def test_one_right_label_of_two_scores_half(metric):
    assert evaluate(metric, [0, 0])['coco/segm_mAP'] == pytest.approx(0.5)


def test_a_missing_annotation_file_is_named(tmp_path):
    with pytest.raises(UserError, match=r'absent\.json'):
        CocoMetric(str(tmp_path / 'absent.json'))


def test_masks_may_come_as_tensors_which_stay_as_they_are(metric):
    given = sample([0, 1])
    masks = torch.from_numpy(decode(given['pred_instances']['masks']))
    given['pred_instances']['masks'] = masks = masks.permute(2, 0, 1).bool()
    metric.process({}, [given])
    assert given['pred_instances']['masks'] is masks
    assert metric.evaluate(size=1)['coco/segm_mAP'] == pytest.approx(1.0)
