"""Tables list the best first."""

import re

import numpy as np
import pytest

from convnext_dense.report.tables import bar_table, fact_table, percent


def first_cells(markup):
    return re.findall(r'<tr><td>([^<]*)</td>', markup)


def test_classes_are_sorted_and_those_that_do_not_occur_are_last():
    values = np.array([0.2, np.nan, 0.9])
    assert first_cells(bar_table(['a', 'b', 'c'], [values])) == ['c', 'a', 'b']


def test_of_two_runs_the_change_is_told():
    table = bar_table(['a'], [np.array([0.5]), np.array([0.25])])
    assert '<td class="down">-25.0</td>' in table


@pytest.mark.parametrize(
    ('value', 'text'), [(0.8402, '84.0'), (-1.0, '-'), (float('nan'), '-')]
)
def test_numbers_are_in_hundredths(value, text):
    assert percent(value) == text


def test_names_are_text_not_html():
    assert '<b>' not in bar_table(['<b>'], [np.array([1.0])]).replace('<b>100.0', '')
    assert '&lt;i&gt;' in fact_table([('<i>', '1')])
