import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convnext_dense.app.view import (
    LONGEST_SIDE,
    SHORTEST_SIDE,
    outline,
    page_scale,
    resized,
)

sides = st.integers(1, 8000)


@given(height=sides, width=sides)
def test_a_picture_is_never_too_long_for_the_page(height, width):
    assert max(height, width) * page_scale(height, width) <= LONGEST_SIDE + 1e-6


@given(height=sides, width=sides)
def test_only_images_that_are_too_long_are_shrunk(height, width):
    assert (page_scale(height, width) < 1) == (max(height, width) > LONGEST_SIDE)


def test_a_small_image_is_enlarged_by_a_whole_number():
    assert page_scale(128, 128) == round(SHORTEST_SIDE / 128)


@pytest.mark.parametrize('size', [(60, 80), (1500, 2000), (3, 2000)])
def test_an_image_gets_the_size_of_its_scale(size):
    scale = page_scale(*size)
    picture = resized(np.zeros((*size, 3), np.uint8), scale)
    assert picture.shape[:2] == tuple(max(1, round(side * scale)) for side in size)


def test_a_square_has_four_corners_where_it_lies():
    found = outline(np.ones((3, 4), dtype=bool), x=10, y=20)
    corners = set(found.removeprefix('M').removesuffix('Z').split('L'))
    assert corners == {'10 20', '13 20', '13 22', '10 22'}


def test_a_hole_is_outlined_too():
    ring = np.ones((20, 20), dtype=bool)
    ring[5:15, 5:15] = False
    assert outline(ring).count('M') == 2


def test_a_mask_without_pixels_has_no_outline():
    assert outline(np.zeros((0, 0), dtype=bool)) == ''
