"""Names stand beside what they name."""

import numpy as np
import pytest

from convnext_dense.visualization.labels import Label, ink_on, write_labels

BLACK = np.zeros((200, 300, 3), np.uint8)
COLOUR = (250, 190, 40)


def written(labels, taken):
    """Tell where a picture changed."""
    return (write_labels(BLACK, labels, taken) != BLACK).any(-1)


def taken_by(*boxes):
    taken = np.zeros(BLACK.shape[:2], bool)
    for x1, y1, x2, y2 in boxes:
        taken[y1:y2, x1:x2] = True
    return taken


@pytest.mark.parametrize(
    'box',
    [(100, 80, 160, 130), (0, 0, 90, 60), (220, 150, 300, 200), (0, 0, 300, 150)],
    ids=['middle', 'upper left', 'lower right', 'upper three quarters'],
)
def test_a_name_does_not_cover_its_object(box):
    changed = written([Label('dog', box, COLOUR)], taken_by(box))
    assert changed.any()
    assert not (changed & taken_by(box)).any()


def test_a_name_does_not_cover_a_neighbour():
    box, above = (100, 80, 160, 130), (90, 30, 170, 79)
    changed = written([Label('dog', box, COLOUR)], taken_by(box, above))
    assert not (changed & taken_by(above)).any()


def test_an_object_that_fills_the_picture_has_its_name_inside():
    box = (0, 0, 300, 200)
    assert written([Label('dog', box, COLOUR)], taken_by(box)).any()


def test_names_do_not_cover_each_other():
    one = [Label('dog', (100, 80, 160, 130), COLOUR)]
    both = [*one, Label('cat', (100, 80, 160, 130), (35, 170, 120))]
    first = write_labels(BLACK, one, taken_by())
    second = write_labels(BLACK, both, taken_by())
    assert (second[first.any(-1)] == first[first.any(-1)]).all()
    assert (second != first).any()


def test_names_without_room_are_left_out():
    many = [Label('elephant', (5, 5, 6, 6), COLOUR)] * 50
    small = np.zeros((40, 60, 3), np.uint8)
    few = write_labels(small, many[:6], np.zeros((40, 60), bool))
    assert (write_labels(small, many, np.zeros((40, 60), bool)) == few).all()


@pytest.mark.parametrize(
    ('colour', 'ink'), [((250, 240, 90), (20, 20, 20)), ((30, 20, 90), (255,) * 3)]
)
def test_ink_stands_out(colour, ink):
    assert ink_on(colour) == ink
