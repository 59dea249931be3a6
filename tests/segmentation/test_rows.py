import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from convnext_dense.segmentation import rows

SIZES = st.tuples(st.integers(1, 40), st.integers(1, 40))
CROPS = st.tuples(st.integers(1, 20), st.integers(1, 20))


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    monkeypatch.setitem(rows.AT_ONCE, 'cpu', 300)


def together(parts):
    # Rows may be overwritten by the next.
    return torch.cat([part.clone() for part in parts], dim=2)


def random(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def network(classes):
    """Make logits that depend on a pixel and on where it is in its window."""
    weight = random(classes, 3)

    def predict(window):
        y, x = (torch.arange(n, dtype=torch.float64) for n in window.shape[2:])
        shift = torch.sin(y[:, None] + 2 * x)
        return torch.einsum('kc,nchw->nkhw', weight, window) + shift

    return predict


def slide_in_full(predict, image, crop, stride):
    """Add whole images, as the host does."""
    total, counts = 0, torch.zeros(image.shape[2:])
    for top in rows.window_starts(image.shape[2], crop[0], stride[0]):
        for left in rows.window_starts(image.shape[3], crop[1], stride[1]):
            window = image[:, :, top : top + crop[0], left : left + crop[1]]
            bottom = image.shape[2] - top - window.shape[2]
            right = image.shape[3] - left - window.shape[3]
            total = total + F.pad(predict(window), (left, right, top, bottom))
            counts[top : top + crop[0], left : left + crop[1]] += 1
    return total / counts


@given(
    size=SIZES,
    crop=CROPS,
    share=st.tuples(st.floats(0.1, 1), st.floats(0.1, 1)),
    classes=st.integers(1, 5),
    batch=st.integers(1, 2),
)
def test_windows_add_up_to_what_whole_images_give(size, crop, share, classes, batch):
    stride = tuple(max(1, int(c * s)) for c, s in zip(crop, share, strict=True))
    image, predict = random(batch, 3, *size), network(classes)
    found = together(rows.slide(predict, image, crop, stride))
    assert torch.equal(found, slide_in_full(predict, image, crop, stride))


def test_windows_laid_out_by_channels_give_the_same(monkeypatch):
    image, predict = random(1, 3, 30, 20), network(4)

    def by_channels(window):
        return predict(window).contiguous(memory_format=torch.channels_last)

    found = together(rows.slide(by_channels, image, (8, 8), (5, 5)))
    assert torch.equal(found, together(rows.slide(predict, image, (8, 8), (5, 5))))


def test_what_is_held_is_no_higher_than_a_window():
    parts = rows.slide(network(4), random(1, 3, 400, 10), (16, 10), (8, 10))
    held = next(parts).untyped_storage().nbytes()
    assert held == 4 * 16 * 10 * 8  # classes x crop x width x float64


@given(
    padding=st.tuples(*[st.integers(0, 5)] * 4),
    size=SIZES,
    pieces=st.integers(1, 9),
)
def test_padding_is_cut_off(padding, size, pieces):
    inner = random(1, 2, *size)
    parts = iter(F.pad(inner, padding).split(pieces, 2))
    height = size[0] + padding[2] + padding[3]
    assert torch.equal(together(rows.crop(parts, padding, height)), inner)
