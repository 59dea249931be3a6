import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convnext_dense.visualization import class_colours, contact_sheet

sizes = st.tuples(st.integers(1, 60), st.integers(1, 60))


def picture(height, width, colour=(255, 0, 255)):
    return np.full((height, width, 3), colour, dtype=np.uint8)


def count(sheet, colour):
    return int((np.asarray(sheet) == colour).all(-1).sum())


@given(rows=st.lists(st.lists(sizes, min_size=1, max_size=3), min_size=1, max_size=3))
def test_all_pixels_of_all_pictures_are_on_the_sheet(rows):
    pictures = [('row', [picture(*size) for size in row]) for row in rows]
    expected = sum(height * width for row in rows for height, width in row)
    assert count(contact_sheet(pictures, ['cat']), (255, 0, 255)) == expected


def test_a_picture_of_one_pixel_makes_a_sheet():
    sheet = contact_sheet([('truth', [picture(1, 1)])], ['cat'])
    assert min(sheet.size) > 1


def test_a_single_class_has_its_colour_in_the_legend():
    sheet = contact_sheet([('truth', [picture(50, 90)])], ['cat'])
    assert count(sheet, class_colours(1)[0]) == 14 * 14


def test_every_class_has_its_colour_in_the_legend():
    names = [f'class {index}' for index in range(30)]
    sheet = contact_sheet([('truth', [picture(50, 300)])], names)
    assert all(count(sheet, colour) for colour in class_colours(30))


def test_without_classes_there_is_a_sheet():
    sheet = contact_sheet([('truth', [picture(50, 90)])], [])
    assert count(sheet, (255, 0, 255)) == 50 * 90


def test_without_classes_nothing_is_left_for_a_legend():
    sheet = contact_sheet([('truth', [picture(50, 90)])], [])
    last = np.argwhere((np.asarray(sheet) == (255, 0, 255)).all(-1)).max(0)[0]
    assert sheet.height - last < 20


def test_more_classes_make_a_higher_sheet_not_a_wider_one():
    few, many = (
        contact_sheet([('truth', [picture(50, 90)])], ['class'] * number).size
        for number in (1, 40)
    )
    assert (few[0], few[1] < many[1]) == (many[0], True)


def test_pictures_of_one_column_start_at_one_place():
    rows = [('truth', [picture(5, 40, (0, 0, 1)), picture(5, 5, (0, 0, 2))])]
    rows += [('found', [picture(5, 10, (0, 0, 3)), picture(5, 5, (0, 0, 4))])]
    pixels = np.asarray(contact_sheet(rows, ['cat']))
    starts = [
        np.argwhere((pixels == (0, 0, i)).all(-1)).min(0)[1] for i in (1, 2, 3, 4)
    ]
    assert starts[:2] == starts[2:]


@pytest.mark.parametrize('text', ['title', 'row'])
def test_titles_are_written(text):
    def sheet(title, row):
        return np.asarray(contact_sheet([(row, [picture(50, 90)])], [], title=title))

    words = dict(title='before', row='truth')
    assert (sheet(**words) != sheet(**words | {text: 'after'})).any()
