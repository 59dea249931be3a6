import re

import numpy as np
import pytest

from convnext_dense.app import markup
from convnext_dense.app.view import Row

EVIL = '<img src=x onerror=alert(1)>"'
PICTURE = np.zeros((4, 6, 3), np.uint8)


def row(number, name='circle', outline='M0 0L1 0L1 1Z'):
    return Row(number, name, (1, 2, 3), 0.5, ('0.500', '1 x 1'), outline)


@pytest.mark.parametrize(
    'html',
    [
        markup.figure(PICTURE, [row(1, EVIL)], 'key', EVIL),
        markup.table(['#', EVIL], [row(1, EVIL)], 'key'),
        markup.line(EVIL),
        markup.complaint(EVIL),
        markup.heading(EVIL, EVIL),
    ],
    ids=['figure', 'table', 'line', 'complaint', 'heading'],
)
def test_text_from_files_and_models_is_never_markup(html):
    assert '<img' not in html
    assert 'alert(1)&gt;&quot;' in html


def test_a_line_and_its_shape_are_found_by_one_name():
    names = [
        set(re.findall('data-row="([^"]+)"', html))
        for html in (
            markup.figure(PICTURE, [row(1), row(7)], 'key', ''),
            markup.table(['#'], [row(1), row(7)], 'key'),
        )
    ]
    assert names == [{'key-1', 'key-7'}] * 2


def test_the_shape_of_the_surest_object_lies_on_top():
    html = markup.figure(PICTURE, [row(1), row(2)], 'key', '')
    assert html.index('key-2') < html.index('key-1')


def test_what_has_no_outline_has_no_shape():
    assert 'data-row' not in markup.figure(PICTURE, [row(1, outline='')], 'key', '')


def test_an_empty_table_says_what_to_do():
    assert 'lower the threshold' in markup.table(['#'], [], 'key')


def test_switches_have_the_colours_of_their_classes_in_order():
    style = markup.legend_colours({'a': (1, 2, 3), 'b': (4, 5, 6)})
    assert re.findall(r'nth-of-type\((\d)\).*?rgb(\(.*?\))', style) == [
        ('1', '(1, 2, 3)'), ('2', '(4, 5, 6)'),
    ]  # fmt: skip
