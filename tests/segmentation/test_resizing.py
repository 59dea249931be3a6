import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from convnext_dense.segmentation import rows, spans
from convnext_dense.segmentation.resizing import resize, resized_labels

SIZES = st.tuples(st.integers(1, 40), st.integers(1, 40))
PIECES = st.integers(1, 9)


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    monkeypatch.setitem(rows.AT_ONCE, 'cpu', 300)


def together(parts):
    # Rows may be overwritten by the next.
    return torch.cat([part.clone() for part in parts], dim=2)


def random(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def smooth(classes, size, seed=0):
    """Make logits whose labels come in areas, as a network's do."""
    coarse = random(2, classes, 3, 4, seed=seed)
    return F.interpolate(coarse, size, mode='bicubic')


def in_full(logits, size, align_corners=False):
    return F.interpolate(logits, size, mode='bilinear', align_corners=align_corners)


@given(
    source=SIZES,
    size=SIZES,
    align_corners=st.booleans(),
    dtype=st.sampled_from([torch.float32, torch.float64]),
    pieces=PIECES,
)
def test_resizing_by_rows_is_interpolate(source, size, align_corners, dtype, pieces):
    logits = random(2, 3, *source).to(dtype)
    parts = resize(iter(logits.split(pieces, 2)), source, size, align_corners)
    expected = in_full(logits, size, align_corners)
    torch.testing.assert_close(together(parts), expected)


@given(source=SIZES, middle=SIZES, size=SIZES)
def test_resizing_twice_is_interpolate_twice(source, middle, size):
    logits = random(1, 3, *source)
    parts = resize(rows.split(logits), source, middle, False)
    found = together(resize(parts, middle, size, False))
    torch.testing.assert_close(found, in_full(in_full(logits, middle), size))


@given(
    size=SIZES,
    target=SIZES,
    pieces=PIECES,
    align_corners=st.booleans(),
    make=st.sampled_from([smooth, lambda classes, size: random(2, classes, *size)]),
)
def test_labels_are_those_of_the_whole(size, target, pieces, align_corners, make):
    logits = make(5, size)
    parts = iter(logits.split(pieces, 2))
    expected = in_full(logits, target, align_corners).argmax(1)
    assert torch.equal(resized_labels(parts, size, target, align_corners), expected)


@given(size=SIZES, middle=SIZES, target=SIZES)
def test_labels_behind_another_resizing_are_those_of_the_whole(size, middle, target):
    logits = smooth(5, size)
    parts = resize(rows.split(logits), size, middle, False)
    expected = in_full(in_full(logits, middle), target).argmax(1)
    assert torch.equal(resized_labels(parts, middle, target, False), expected)


def test_a_class_that_wins_only_between_pixels_is_found():
    # The third is second to the first at the left, and to the second at the right.
    logits = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.9, 0.9]]).reshape(1, 3, 1, 2)
    logits = logits.repeat(1, 1, 2, 10)
    found = resized_labels(iter([logits]), (2, 20), (8, 80), False)
    assert 2 in found
    assert torch.equal(found, in_full(logits, (8, 80)).argmax(1))


def test_within_areas_only_borders_are_computed(monkeypatch):
    logits = smooth(5, (30, 30))
    counted = []
    one_by_one = spans.Span._label

    def count(self, image, row, column):
        counted.append(len(row))
        return one_by_one(self, image, row, column)

    monkeypatch.setattr(spans.Span, '_label', count)
    monkeypatch.setattr(spans.Span, 'resized', None)
    monkeypatch.setattr(spans, 'MANY', 1.0)
    found = resized_labels(rows.split(logits), (30, 30), (120, 120), False)
    assert torch.equal(found, in_full(logits, (120, 120)).argmax(1))
    assert 0 < sum(counted) < 0.3 * found.numel()


@pytest.mark.parametrize('place', [(0, 0), (3, 5), (7, 7)])
def test_logits_that_are_no_numbers_give_the_labels_of_the_whole(place):
    logits = smooth(3, (8, 8)).float()
    logits[0, 1, place[0], place[1]] = torch.nan
    found = resized_labels(rows.split(logits), (8, 8), (20, 20), False)
    assert torch.equal(found, in_full(logits, (20, 20)).argmax(1))
