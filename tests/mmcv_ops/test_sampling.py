import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from convnext_dense.mmcv_ops.sampling import candidates, neighbours

few = settings(max_examples=30, deadline=None)
sizes = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=5)


@few
@given(sizes)
def test_every_place_of_every_grid_is_visited_once(grids):
    heights, widths = (torch.tensor([g[i] for g in grids]).long() for i in (0, 1))
    visited = [
        (region, row, col)
        for row, col, active in candidates(heights, widths)
        for region in active.tolist()
    ]
    expected = {
        (region, row, col)
        for region, (height, width) in enumerate(grids)
        for row in range(height)
        for col in range(width)
    }
    assert sorted(visited) == sorted(expected)


def test_places_come_in_reading_order():
    walk = candidates(torch.tensor([2]), torch.tensor([3]))
    places = [(row, col) for row, col, _ in walk]
    assert places == sorted(places)


@pytest.mark.parametrize('position', [-1.0, -0.5, 0.0, 1.25, 3.0, 3.5, 4.0])
def test_weights_within_a_pixel_of_the_axis_sum_to_one(position):
    (_, low), (_, high) = neighbours(torch.tensor([position]), 4)
    assert low + high == 1


@pytest.mark.parametrize('position', [-1.01, 4.01, -50.0, 50.0])
def test_weights_further_out_are_zero(position):
    (_, low), (_, high) = neighbours(torch.tensor([position]), 4)
    assert low == high == 0


@few
@given(st.floats(-10, 10))
def test_neighbours_lie_on_the_axis(position):
    for pixel, _ in neighbours(torch.tensor([position]), 4):
        assert 0 <= pixel <= 3


@few
@given(st.floats(0, 3))
def test_weights_reproduce_the_position(position):
    pairs = neighbours(torch.tensor([position], dtype=torch.float64), 4)
    mean = sum(pixel * weight for pixel, weight in pairs)
    assert mean.item() == pytest.approx(position)
