import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip('mmseg')
from mmseg.evaluation import IoUMetric as HostIoUMetric

from convnext_dense.errors import UserError
from convnext_dense.registry import METRICS
from convnext_dense.segmentation.iou_metric import IoUMetric, confusion


@given(
    classes=st.integers(2, 200),  # with one, the host's histogram spans its data
    ignore_index=st.sampled_from([255, 0, 3, -1]),
    seed=st.integers(0, 2**20),
    dtypes=st.tuples(*[st.sampled_from([torch.uint8, torch.int64])] * 2),
)
def test_areas_are_the_hosts(classes, ignore_index, seed, dtypes):
    generator = torch.Generator().manual_seed(seed)

    def labels(dtype):
        # Some are outside the classes, on both sides where the type allows it.
        low = 0 if dtype == torch.uint8 else -3
        high = min(classes + 5, 255)
        return torch.randint(low, high, (9, 11), generator=generator).to(dtype)

    predicted, truth = labels(dtypes[0]), labels(dtypes[1])
    truth[:2] = ignore_index % 256 if dtypes[1] == torch.uint8 else ignore_index
    arguments = (predicted, truth, classes, ignore_index)
    ours = IoUMetric.intersect_and_union(*arguments)
    host = HostIoUMetric.intersect_and_union(*arguments)
    for found, expected in zip(ours, host, strict=True):
        assert torch.equal(found, expected.double())


def test_places_in_the_largest_tables_are_right(monkeypatch):
    # The table itself is too large for a test.
    places = []
    monkeypatch.setattr(torch, 'bincount', lambda x, minlength: places.append(x))
    with pytest.raises(AttributeError):
        confusion(torch.tensor([49_999]), torch.tensor([49_999]), 50_000, 49_999)
    assert places[0].tolist() == [50_002**2 + 50_000 * 50_002 + 50_000]


def test_every_pixel_that_counts_is_counted_once():
    truth = torch.tensor([0, 1, 255, 7, 1])
    counts = confusion(torch.tensor([0, 0, 0, 1, 1]), truth, 2, 255)
    assert counts.tolist() == [[0] * 4, [0, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 0]]


def test_the_numbers_are_the_hosts():
    torch.manual_seed(0)
    found = []
    for metric in (
        METRICS.build(dict(type='convnext_dense.IoUMetric', iou_metrics=['mIoU'])),
        HostIoUMetric(iou_metrics=['mIoU']),
    ):
        torch.manual_seed(0)
        metric.dataset_meta = dict(classes=[*'abcd'])
        for _ in range(3):
            truth, predicted = torch.randint(0, 4, (2, 1, 20, 30))
            truth[:, :3] = 255
            sample = dict(
                pred_sem_seg=dict(data=predicted), gt_sem_seg=dict(data=truth)
            )
            metric.process({}, [sample])
        found.append(metric.evaluate(3))
    assert found[0] == pytest.approx(found[1])


@pytest.mark.parametrize('names', [['foo'], 'foo', ['mIoU', 'foo'], []])
def test_scores_that_are_not_known_are_refused(names):
    with pytest.raises(UserError, match='some of mIoU, mDice, mFscore'):
        IoUMetric(iou_metrics=names)
