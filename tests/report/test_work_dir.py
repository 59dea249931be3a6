"""What a work dir tells, and what is said of one that does not."""

import json

import pytest

from convnext_dense.errors import UserError
from convnext_dense.report.work_dir import read_curves, read_run


def log(path, *lines):
    path.write_text(''.join(json.dumps(line) + '\n' for line in lines))
    return path


def train(iteration, loss):
    return dict(iter=iteration, step=iteration, loss=loss, time=0.1)


def test_a_validation_stands_at_the_last_iteration_before_it(tmp_path):
    file = log(tmp_path / 'a', train(50, 2.0), {'coco/bbox_mAP': 0.5, 'step': 1})
    assert read_curves([file]) == {'loss': [(50, 2.0)], 'bbox_mAP': [(50, 0.5)]}


def test_a_test_is_no_part_of_a_curve(tmp_path):
    assert read_curves([log(tmp_path / 'a', {'mIoU': 80.0, 'step': 0})]) == {}


def test_a_resumed_run_replaces_what_it_repeats(tmp_path):
    first = log(tmp_path / 'a', train(10, 3.0), train(20, 2.0), train(30, 9.0))
    second = log(tmp_path / 'b', train(30, 1.0))
    expected = [(10, 3.0), (20, 2.0), (30, 1.0)]
    assert read_curves([first, second]) == {'loss': expected}


def test_a_run_that_starts_over_replaces_everything(tmp_path):
    first = log(tmp_path / 'a', train(10, 3.0), {'mIoU': 1.0, 'step': 10})
    second = log(tmp_path / 'b', train(5, 1.0))
    assert read_curves([first, second]) == {'loss': [(5, 1.0)]}


def test_a_line_cut_off_by_the_end_of_a_run_is_left_out(tmp_path):
    file = log(tmp_path / 'a', train(10, 3.0))
    file.write_text(file.read_text() + '{"iter": 2')
    assert read_curves([file]) == {'loss': [(10, 3.0)]}


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UserError, match=r'no such folder: .*absent'):
        read_run(tmp_path / 'absent')


def test_a_folder_without_a_run_is_named(tmp_path):
    with pytest.raises(UserError, match='holds no run'):
        read_run(tmp_path)


def test_a_run_without_test_results_is_told_how_to_get_them(tmp_path):
    (tmp_path / 'run.json').write_text('{}')
    with pytest.raises(UserError, match=r'no test results yet: run tools/test\.py'):
        read_run(tmp_path)


def test_a_damaged_file_is_named(detector):
    folder = detector()
    (folder / 'run.json').write_text('{"train"')
    with pytest.raises(UserError, match=r'run\.json is no whole JSON file'):
        read_run(folder)


def test_the_training_is_told_rather_than_the_test(detector):
    assert read_run(detector()).entry['seed'] == 3
