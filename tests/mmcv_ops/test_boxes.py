import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip('torchvision')

from convnext_dense.mmcv_ops import boxes as box_ops
from convnext_dense.mmcv_ops.boxes import nms, nms_match, softnms

few = settings(max_examples=40, deadline=None)
offsets = pytest.mark.parametrize('offset', [0, 1])
halves = pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
thresholds = st.sampled_from([0.1, 0.3, 0.5, 0.7, 0.9])


@st.composite
def scored_boxes(draw, most=15):
    """Draw boxes on whole pixels, with overlaps and ties, and distinct scores."""
    coordinate = st.integers(0, 12)
    corners = st.tuples(coordinate, coordinate, coordinate, coordinate)
    drawn = draw(st.lists(corners, max_size=most))
    boxes = torch.tensor(drawn, dtype=torch.float32).reshape(-1, 4)
    boxes[:, 2:] = torch.maximum(boxes[:, :2], boxes[:, 2:])
    order = draw(st.permutations(range(len(drawn))))
    return boxes, (torch.tensor(order, dtype=torch.float32) + 1) / 20


def overlap(one, other, offset):
    """Intersection over union in the single precision of the extension."""
    one, other = np.float32(one), np.float32(other)
    sides = np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2]) + offset
    shared = np.prod(np.maximum(sides, 0))
    areas = [np.prod(box[2:] - box[:2] + offset) for box in (one, other)]
    union = sum(areas) - shared
    return shared / union if union else np.float32(0)


def plain_nms(boxes, scores, threshold, offset):
    kept = []
    for index in scores.argsort(descending=True).tolist():
        overlaps = [overlap(boxes[index], boxes[k], offset) for k in kept]
        if all(value <= np.float32(threshold) for value in overlaps):
            kept.append(index)
    return kept


def plain_softnms(boxes, scores, threshold, sigma, lowest, method, offset):
    scores = dict(enumerate(scores.tolist()))
    chosen = []
    while scores:
        best = max(scores, key=scores.get)
        chosen.append((best, scores.pop(best)))
        for index in list(scores):
            value = float(overlap(boxes[best], boxes[index], offset))
            if method == 2:
                scores[index] *= np.exp(-(value**2) / sigma)
            elif value >= threshold:
                scores[index] *= (1 - value) * method
            if scores[index] < lowest:
                del scores[index]
    return chosen


@few
@given(scored_boxes(), thresholds, st.integers(0, 1))
def test_nms_keeps_what_the_definition_keeps(scored, threshold, offset):
    kept = nms(*scored, threshold, offset).tolist()
    assert kept == plain_nms(*scored, threshold, offset)


@given(
    number=st.integers(0, 60),
    classes=st.integers(1, 8),
    fewest=st.integers(1, 20),
    threshold=st.sampled_from([-0.1, 0.0, 0.5]),
    seed=st.integers(0, 999),
)
def test_nms_of_sets_apart_keeps_what_that_of_all_keeps(
    number, classes, fewest, threshold, seed
):
    generator = torch.Generator().manual_seed(seed)
    corners = torch.rand(number, 4, generator=generator) * 20  # some turned around
    apart = torch.randint(classes, (number, 1), generator=generator) * 21.0
    scores = torch.randint(9, (number,), generator=generator) / 8
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(box_ops, 'FEWEST', fewest)
        kept = nms(corners + apart, scores, threshold, 0)
    expected = torch.ops.torchvision.nms(corners + apart, scores, threshold)
    assert kept.tolist() == expected.tolist()


def test_boxes_of_different_classes_are_not_compared(monkeypatch):
    monkeypatch.setattr(box_ops, 'FEWEST', 2)
    one = torch.tensor([[0.0, 0, 5, 5], [3, 3, 8, 8], [1, 1, 9, 9]])
    sets = box_ops._sets_apart(torch.cat([one, one + 10, one + 20])[[0, 3, 1, 4, 6, 7]])
    assert [some.tolist() for some in sets] == [[0, 2], [1, 3], [4, 5]]


@pytest.mark.parametrize('threshold', [0.3, 0.6, 0.7, 0.9])
def test_nms_keeps_a_pair_that_overlaps_by_exactly_the_threshold(threshold):
    boxes = torch.tensor([[0.0, 0, 10, 1], [0, 0, 10 * threshold, 1]])
    assert len(nms(boxes, torch.tensor([0.9, 0.8]), threshold, 0)) == 2


def test_nms_with_offset_sees_touching_boxes_share_a_pixel():
    boxes = torch.tensor([[0.0, 0, 1, 0], [1, 0, 2, 0]])  # pixels 0-1 and 1-2
    scores = torch.tensor([0.9, 0.8])
    assert [len(nms(boxes, scores, 0.3, offset)) for offset in (0, 1)] == [2, 1]


@offsets
def test_nms_of_no_boxes_keeps_none(offset):
    kept = nms(torch.zeros(0, 4), torch.zeros(0), 0.5, offset)
    assert kept.shape == (0,)
    assert kept.dtype == torch.int64


@halves
def test_nms_takes_half_precision(dtype):
    boxes = torch.tensor([[0.0, 0, 8, 8], [0, 0, 8, 7], [9, 9, 12, 12]], dtype=dtype)
    scores = torch.tensor([0.5, 0.75, 0.25], dtype=dtype)
    assert nms(boxes, scores, 0.5, 0).tolist() == [1, 2]


@few
@given(
    scored_boxes(most=10), thresholds, st.integers(0, 2), st.integers(0, 1), st.data()
)
def test_softnms_chooses_what_the_definition_chooses(
    scored, threshold, method, offset, data
):
    boxes, scores = scored[0].double(), scored[1].double()
    # A little apart from round values, so that rounding decides no comparison.
    threshold += 1e-4
    lowest = data.draw(st.sampled_from([0.0301, 0.2001]))
    dets = torch.empty(len(boxes), 5, dtype=torch.float64)
    kept = softnms(boxes, scores, dets, threshold, 0.5, lowest, method, offset)
    expected = plain_softnms(boxes, scores, threshold, 0.5, lowest, method, offset)
    found = dict(zip(kept.tolist(), dets[: len(kept), 4].tolist(), strict=True))
    assert found == pytest.approx(dict(expected), rel=1e-5)


def test_softnms_writes_boxes_beside_their_scores():
    boxes = torch.tensor([[0.0, 0, 4, 4], [8, 8, 9, 9]])
    dets = torch.empty(2, 5)
    softnms(boxes, torch.tensor([0.25, 0.5]), dets, 0.3, 0.5, 0.001, 1, 0)
    assert dets.tolist() == [[8, 8, 9, 9, 0.5], [0, 0, 4, 4, 0.25]]


def test_softnms_chooses_among_equal_scores_like_the_compiled_operator():
    # Boxes 1 and 2 are dropped; the last ones move into their places, last first.
    boxes = torch.arange(5.0)[:, None] * 10 + torch.tensor([[0.0, 0, 4, 4]])
    scores = torch.tensor([0.9, 0.05, 0.05, 0.5, 0.5])
    kept = softnms(boxes, scores, torch.empty(5, 5), 0.3, 0.5, 0.1, 1, 0)
    assert kept.tolist() == [0, 4, 3]


def test_softnms_leaves_the_scores_it_was_given():
    scores = torch.tensor([0.9, 0.8])
    boxes = torch.tensor([[0.0, 0, 4, 4], [0, 0, 4, 3]])
    softnms(boxes, scores, torch.empty(2, 5), 0.3, 0.5, 0.001, 1, 0)
    assert scores.tolist() == torch.tensor([0.9, 0.8]).tolist()


@offsets
def test_softnms_of_no_boxes_keeps_none(offset):
    boxes = torch.zeros(0, 4)
    kept = softnms(boxes, boxes[:, 0], boxes.new_empty(0, 5), 0.3, 0.5, 0.1, 1, offset)
    assert kept.shape == (0,)
    assert kept.dtype == torch.int64


@halves
def test_softnms_takes_half_precision(dtype):
    boxes = torch.tensor([[0.0, 0, 4, 4], [8, 8, 9, 9]], dtype=dtype)
    scores = torch.tensor([0.25, 0.5], dtype=dtype)
    dets = boxes.new_empty(2, 5)
    assert softnms(boxes, scores, dets, 0.3, 0.5, 0.001, 1, 0).tolist() == [1, 0]


def test_a_group_takes_in_an_overlap_of_exactly_the_threshold():
    dets = torch.tensor([[0.0, 0, 10, 1, 0.9], [0, 0, 3, 1, 0.8]])
    assert nms_match(dets, 0.3) == [[0, 1]]


@few
@given(scored_boxes(), thresholds)
def test_groups_contain_every_box_once(scored, threshold):
    boxes, scores = scored
    groups = nms_match(torch.cat([boxes, scores[:, None]], 1), threshold)
    assert sorted(itertools.chain(*groups)) == list(range(len(boxes)))


@few
@given(scored_boxes(), thresholds)
def test_groups_are_headed_by_what_nms_keeps(scored, threshold):
    boxes, scores = scored
    groups = nms_match(torch.cat([boxes, scores[:, None]], 1), threshold)
    # Grouping takes in an overlap equal to the threshold, which NMS lets pass.
    just_below = float(np.nextafter(np.float32(threshold), np.float32(0)))
    assert [group[0] for group in groups] == plain_nms(*scored, just_below, 0)


@few
@given(scored_boxes(), thresholds)
def test_groups_hold_boxes_in_order_of_score(scored, threshold):
    boxes, scores = scored
    for group in nms_match(torch.cat([boxes, scores[:, None]], 1), threshold):
        values = scores[group].tolist()
        assert values == sorted(values, reverse=True)


@pytest.mark.parametrize('kind', ['nms', 'soft_nms'])
def test_batched_nms_keeps_equal_boxes_of_different_classes(kind):
    ops = pytest.importorskip('mmcv.ops')
    boxes, scores = torch.tensor([[0.0, 0, 9, 9]] * 2), torch.tensor([0.9, 0.8])
    config = {'type': kind, 'iou_threshold': 0.5}
    _, kept = ops.batched_nms(boxes, scores, torch.tensor([0, 1]), config)
    assert kept.tolist() == [0, 1]


@pytest.mark.parametrize('kind', ['nms', 'soft_nms'])
def test_batched_nms_in_groups_agrees_with_all_at_once(kind):
    ops = pytest.importorskip('mmcv.ops')
    torch.manual_seed(0)
    corners = torch.rand(40, 2) * 30
    boxes = torch.cat([corners, corners + 5 + torch.rand(40, 2) * 20], 1)
    scores, classes = torch.rand(40), torch.randint(0, 3, (40,))
    config = {'type': kind, 'iou_threshold': 0.4}
    whole, _ = ops.batched_nms(boxes, scores, classes, config)
    split, _ = ops.batched_nms(boxes, scores, classes, {**config, 'split_thr': 1})
    torch.testing.assert_close(split, whole)
