"""Charts are well-formed, and show what they are given."""

import json
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convnext_dense.report.charts import (
    MOST_POINTS,
    Line,
    columns,
    lines,
    matrix,
    reliability,
    short,
    ticks,
)

numbers = st.floats(-1e6, 1e6)


def parsed(markup):
    return ElementTree.fromstring(f'<div>{markup}</div>')


def data_of(markup):
    return json.loads(parsed(markup).find('svg').get('data-lines'))


@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=20))
def test_any_points_make_a_chart(points):
    ((name, drawn),) = data_of(lines([Line('<a & "b">', points)], 'x'))
    assert name == '<a & "b">'
    assert [(x, y) for _, x, y in drawn] == points


def test_points_that_are_not_numbers_are_left_out():
    chart = lines([Line('a', [(0, 1.0), (1, float('nan')), (2, 3.0)])], 'x')
    assert len(data_of(chart)[0][1]) == 2


def test_without_points_the_chart_says_so():
    assert 'nothing was logged' in lines([Line('a', [])], 'x')


def test_a_long_line_is_thinned_and_keeps_its_ends():
    points = [(x, float(x)) for x in range(10_000)]
    drawn = data_of(lines([Line('a', points)], 'x'))[0][1]
    assert len(drawn) == MOST_POINTS
    assert (drawn[0][1], drawn[-1][1]) == (0, 9999)


def test_one_line_needs_no_legend():
    assert 'legend' not in lines([Line('a', [(0, 1), (1, 2)])], 'x')
    two = lines([Line('a', [(0, 1)]), Line('b', [(0, 2)])], 'x')
    assert parsed(two).findtext("div[@class='legend']/span") is not None


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_ticks_lie_between_the_ends_and_are_few(low, span):
    found = ticks(low, low + span)
    assert 2 <= len(found) <= 11
    slack = 1e-6 * max(1, abs(low), span)
    assert low - slack <= found[0] <= found[-1] <= low + span + slack


def test_ticks_are_round():
    assert ticks(0, 1) == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1.0])


def test_bars_are_as_high_as_their_values():
    chart = parsed(columns([1, 4, 0], ['a', 'b', ''], 'x', ['1', '4', '<0>']))
    heights = [float(r.get('height')) for r in chart.iter('rect')]
    assert heights[0] * 4 == pytest.approx(heights[1], abs=0.5)
    assert heights[2] == 0


def test_empty_bins_of_confidence_are_not_drawn():
    count = np.array([0, 10, 20])
    chart = reliability(count, np.array([0, 5, 20]), np.array([0, 5.0, 18.0]))
    tips = [r.get('data-tip') for r in parsed(chart).iter('rect')]
    assert tips == ['10 at 0.50: 50.0% right', '20 at 0.90: 100.0% right']


def test_a_matrix_leaves_out_what_is_zero():
    cells = np.array([[5, 0], [1, 4]])
    tips = [['a', 'b'], ['c & d', 'e']]
    chart = matrix(cells, cells / 5, ('truth', 'found'), (['<x>', 'y'],) * 2, tips)
    drawn = [rect.get('data-tip') for rect in parsed(chart).iter('rect')]
    assert drawn == ['a', 'c & d', 'e']


@pytest.mark.parametrize(
    ('number', 'text'),
    [(0, '0'), (999, '999'), (1300, '1.3k'), (137_000, '137k'), (2_100_000, '2.1M')],
)
def test_large_numbers_are_written_short(number, text):
    assert short(number) == text
