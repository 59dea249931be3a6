"""Detections of several views become one: every view has a vote."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData

pytest.importorskip('mmdet', reason='mmdet is not installed')

from mmdet.structures import DetDataSample

from convnext_dense.detection.mask_tta import MaskTTAModel, merge, upright, votes

SIZE = (12, 16)
NMS = ConfigDict(type='nms', iou_threshold=0.5)
AXES = {'horizontal': (2,), 'vertical': (1,), 'diagonal': (1, 2)}


def detections(boxes, scores, labels=None, masks=True):
    """Make detections whose masks fill their boxes, of one class unless told."""
    boxes = torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4)
    found = InstanceData(
        bboxes=boxes,
        scores=torch.tensor(scores, dtype=torch.float32),
        labels=torch.tensor(labels or [0] * len(boxes), dtype=torch.long),
    )
    if masks:
        found.masks = filled(boxes)
    return found


def filled(boxes):
    masks = torch.zeros(len(boxes), *SIZE, dtype=torch.bool)
    for mask, (x1, y1, x2, y2) in zip(masks, boxes.long().tolist(), strict=True):
        mask[y1:y2, x1:x2] = True
    return masks


def view(found, direction=None):
    metainfo = dict(ori_shape=SIZE, flip=bool(direction), flip_direction=direction)
    return DetDataSample(metainfo=metainfo, pred_instances=found)


def merged(*views, max_per_img=100):
    return merge(InstanceData.cat([*views]), NMS, max_per_img)


@pytest.mark.parametrize('direction', AXES)
def test_a_flipped_view_is_turned_upright(direction):
    found = upright(view(detections([[1, 2, 5, 9]], [0.9]), direction))
    assert torch.equal(found.masks, filled(found.bboxes))
    assert torch.equal(
        found.masks, detections([[1, 2, 5, 9]], [0.9]).masks.flip(AXES[direction])
    )


def test_an_upright_view_stays_as_it_is():
    found = detections([[1, 2, 5, 9]], [0.9])
    assert upright(view(found)) is found


@pytest.mark.parametrize('views', [1, 2, 5])
def test_views_that_agree_give_what_one_of_them_gives(views):
    found = detections([[1, 2, 5, 9], [8, 0, 15, 6]], [0.9, 0.4], [1, 0])
    result = merged(*[found] * views)
    assert torch.equal(result.labels, found.labels)
    torch.testing.assert_close(result.bboxes, found.bboxes)
    torch.testing.assert_close(result.scores, found.scores)
    assert torch.equal(result.masks, found.masks)


def test_a_box_is_the_mean_weighted_by_scores():
    result = merged(
        detections([[0, 0, 8, 8]], [0.9]), detections([[0, 0, 8, 10]], [0.3])
    )
    torch.testing.assert_close(result.bboxes, torch.tensor([[0, 0, 8, 8.5]]))
    torch.testing.assert_close(result.scores, torch.tensor([0.9]))


def test_a_mask_is_what_more_than_half_of_the_votes_cover():
    wide, narrow = [0, 0, 8, 10], [0, 0, 8, 8]
    result = merged(
        detections([wide], [0.5]), detections([narrow], [0.4]),
        detections([narrow], [0.3]),
    )  # fmt: skip
    assert torch.equal(result.masks, filled(torch.tensor([narrow])))


def test_objects_of_two_classes_stay_two():
    found = detections([[0, 0, 8, 8], [0, 0, 8, 8]], [0.9, 0.8], [0, 1])
    assert merged(found).labels.tolist() == [0, 1]


def test_an_object_that_one_view_alone_finds_is_kept():
    result = merged(
        detections([[0, 0, 8, 8]], [0.9]), detections([[9, 0, 15, 8]], [0.6])
    )
    torch.testing.assert_close(result.scores, torch.tensor([0.9, 0.6]))


def test_the_best_are_kept_where_there_are_too_many():
    found = detections([[0, 0, 4, 4], [4, 4, 8, 8], [8, 8, 12, 12]], [0.2, 0.9, 0.5])
    result = merged(found, max_per_img=2)
    torch.testing.assert_close(result.scores, torch.tensor([0.9, 0.5]))
    assert len(result.masks) == 2


def test_a_box_without_area_is_no_division_by_zero():
    result = merged(detections([[3, 3, 3, 3]], [0.9]))
    torch.testing.assert_close(result.bboxes, torch.tensor([[3.0, 3, 3, 3]]))


def test_nothing_found_stays_nothing():
    result = merged(detections([], []), detections([], []))
    assert len(result) == 0
    assert result.masks.shape == (0, *SIZE)


def test_detectors_without_masks_get_merged_boxes():
    found = detections([[0, 0, 8, 8]], [0.9], masks=False)
    assert 'masks' not in merged(found, found)


@given(
    st.lists(st.tuples(*[st.integers(0, 9)] * 4, st.integers(0, 2)), min_size=1),
    st.floats(0.1, 0.9),
)
def test_every_object_is_a_weighted_mean(rows, threshold):
    boxes = [[x, y, x + w, y + h] for x, y, w, h, _ in rows]
    scores = torch.linspace(1, 0.1, len(rows)).tolist()
    found = detections(boxes, scores, [row[-1] for row in rows], masks=False)
    keep = torch.arange(0, len(rows), 2)
    weights = votes(found, keep, threshold)
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(len(keep)))
    # Nobody votes twice.
    assert ((weights > 0).sum(dim=0) <= 1).all()


def test_the_model_merges_the_views_of_each_image():
    module = torch.nn.Module()
    module.test_step = None
    model = MaskTTAModel(module=module, tta_cfg=ConfigDict(nms=NMS, max_per_img=100))
    found = detections([[1, 2, 5, 9]], [0.9])
    turned = upright(view(found, 'horizontal'))
    (sample,) = model.merge_preds([[view(found), view(turned, 'horizontal')]])
    assert not sample.flip
    assert torch.equal(sample.pred_instances.masks, found.masks)
    torch.testing.assert_close(sample.pred_instances.bboxes, found.bboxes)
