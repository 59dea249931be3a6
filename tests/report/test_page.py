"""The page of a run, and of two."""

import re

import pytest

from convnext_dense.errors import UserError
from convnext_dense.report import write_report


def headings(text):
    return re.findall('<h2>(.*?)</h2>', text)


def report(*folders):
    return write_report(folders).read_text()


def test_a_detectors_report_has_all_its_parts(detector):
    assert headings(report(detector())) == [
        'Numbers', 'Classes', 'Precision and recall', 'Kinds of error', 'Confusion',
        'Calibration', 'Worst images', 'Best images', 'Training', 'Origin',
        'Resolved config',
    ]  # fmt: skip


def test_a_segmentors_report_has_all_its_parts(segmentor):
    assert headings(report(segmentor())) == [
        'Classes', 'Confusion', 'Calibration', 'Worst images', 'Best images',
        'Training', 'Origin', 'Resolved config',
    ]  # fmt: skip


def test_the_iou_of_a_class_is_intersection_over_union(segmentor):
    text = report(segmentor())
    # sky: 30 of 30 + 10; sea: 8 of 8 + 10
    assert '<b>75.0</b>' in text
    assert '<b>44.4</b>' in text


def test_a_segmentor_without_confidences_says_so(segmentor):
    assert 'Left out: the test kept no confidences' in report(segmentor())


@pytest.mark.parametrize('kind', ['detector', 'segmentor'])
def test_nothing_is_loaded_from_elsewhere(kind, request):
    text = report(request.getfixturevalue(kind)())
    addresses = re.findall(r'(?:src|href|url)\s*[=(]\s*["\']?([^"\')\s>]+)', text)
    assert all(a.startswith(('data:', '#')) for a in addresses)
    assert '@import' not in text


def test_what_a_run_says_of_itself_is_text_not_html(detector):
    assert 'tools/train.py &lt;config&gt;' in report(detector())


@pytest.mark.parametrize('kind', ['detector', 'segmentor'])
def test_two_runs_stand_side_by_side(kind, request):
    write = request.getfixturevalue(kind)
    first, second = write('first'), write('second')
    path = write_report([first, second])
    assert path == second / 'comparison.html'
    text = path.read_text()
    assert 'Difference of configs' in headings(text)
    assert '+lr = 6' in text


def test_of_two_detectors_the_images_that_changed_are_shown(detector):
    better = [dict(image_id=9, category_id=3, bbox=[30, 30, 30, 30], score=0.9)]
    text = report(detector('first'), detector('second', better))
    largest_gain = text[text.index('<h2>Largest gains') :]
    assert '9.png · quality 0 → 100' in largest_gain


def test_losses_are_not_listed_as_gains(detector):
    worse = [dict(image_id=9, category_id=3, bbox=[30, 30, 30, 30], score=0.9)]
    text = report(detector('first', worse), detector('second'))
    assert '9.png' in text[text.index('<h2>Largest losses') :]
    assert '9.png' not in text[text.index('<h2>Largest gains') :]


def test_a_detector_and_a_segmentor_are_not_compared(detector, segmentor):
    with pytest.raises(UserError, match='different tasks: detection and segmentation'):
        write_report([detector('first'), segmentor('second')])


def test_runs_on_other_classes_are_not_compared(segmentor):
    other = segmentor('second', classes=['sky', 'land'])
    with pytest.raises(UserError, match='cannot be compared: one tells sky'):
        write_report([segmentor('first'), other])


def test_an_image_that_is_gone_leaves_a_note(detector, tmp_path):
    folder = detector()
    (tmp_path / '9.png').unlink()
    assert 'the image cannot be read' in report(folder)


def test_a_detector_that_found_nothing_has_a_report(detector):
    assert '<strong>0.0</strong><span>box AP</span>' in report(detector(predictions=[]))


def test_a_file_that_cannot_be_written_is_named(detector, tmp_path):
    with pytest.raises(UserError, match=r'absent/out\.html cannot be written'):
        write_report([detector()], tmp_path / 'absent/out.html')
