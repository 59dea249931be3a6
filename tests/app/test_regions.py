from dataclasses import replace

import pytest

from convnext_dense.app.regions import Regions
from convnext_dense.app.view import View

VIEW = View(0.5, 0.5, ('circle', 'square'))


@pytest.fixture
def regions(colourer, image):
    return Regions(image, colourer(image, threshold=0.05))


def test_the_largest_class_comes_first(regions):
    assert [row.name for row in regions.rows(VIEW)] == [
        'background',
        'square',
        'circle',
    ]


def test_the_areas_are_those_of_the_image(regions):
    assert [row.share for row in regions.rows(VIEW)] == [0.5, 0.375, 0.125]


def test_the_background_is_not_coloured_at_first(regions):
    assert regions.shown_first == ('square', 'circle')


def test_what_is_not_shown_is_in_the_table_without_a_shape(regions):
    shapes = {row.name: bool(row.outline) for row in regions.rows(VIEW)}
    assert shapes == {'background': False, 'square': True, 'circle': True}


@pytest.mark.parametrize(
    'change',
    [dict(opacity=0.9), dict(shown=('square',)), dict(shown=('background',))],
    ids=str,
)
def test_every_control_changes_the_picture(regions, change):
    before, after = regions.draw(VIEW), regions.draw(replace(VIEW, **change))
    assert (before != after).any()


def test_nothing_is_coloured_where_all_is_switched_off(regions):
    assert (regions.draw(replace(VIEW, shown=())) == regions.small_image).all()


def test_the_whole_picture_is_as_large_as_that_of_the_page_or_larger(regions):
    assert regions.draw_whole(VIEW).shape == regions.draw(VIEW).shape


def test_the_data_counts_every_pixel_once(regions):
    content = regions.to_json(VIEW, 'photo.png')
    counted = sum(entry['pixels'] for entry in content['classes'])
    assert counted == content['height'] * content['width'] == 60 * 80
