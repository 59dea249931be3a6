from itertools import combinations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convnext_dense.visualization import class_colours


# The numbers of classes of COCO and ADE20K, and what lies around the chosen ones.
@pytest.mark.parametrize('number', [9, 10, 11, 80, 150])
def test_no_two_classes_share_a_colour(number):
    assert len(set(class_colours(number))) == number


@pytest.mark.parametrize(('number', 'least'), [(10, 100), (20, 25), (150, 10)])
def test_colours_differ_visibly(number, least):
    pairs = combinations(class_colours(number), 2)
    assert min(sum(abs(a - b) for a, b in zip(*p, strict=True)) for p in pairs) >= least


# A difference of 2.3 in CIELAB is just seen side by side; classes lie far apart.
@pytest.mark.parametrize(('number', 'least'), [(10, 40), (80, 20), (150, 15)])
def test_colours_differ_to_the_eye(number, least):
    pixels = np.array(class_colours(number), np.float32)[None] / 255
    lab = cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB)[0]
    apart = np.linalg.norm(lab[:, None] - lab[None], axis=-1)
    assert apart[~np.eye(number, dtype=bool)].min() >= least


@given(number=st.integers(0, 300))
def test_every_class_has_a_colour(number):
    assert len(class_colours(number)) == number


@given(number=st.integers(0, 300))
def test_colours_are_triples_of_bytes(number):
    colours = class_colours(number)
    assert all(len(c) == 3 and all(0 <= value <= 255 for value in c) for c in colours)


@given(fewer=st.integers(0, 200))
def test_more_classes_do_not_change_the_colours_of_the_first(fewer):
    assert class_colours(201)[:fewer] == class_colours(fewer)
