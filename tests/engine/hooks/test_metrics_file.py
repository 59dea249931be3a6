"""The latest metrics stand in a file."""

import json
from types import SimpleNamespace

import numpy as np

from convnext_dense.engine.hooks import MetricsFile


def written(tmp_path, event, metrics, iteration=20):
    runner = SimpleNamespace(work_dir=str(tmp_path), epoch=2, iter=iteration)
    getattr(MetricsFile(), event)(runner, metrics)
    return json.loads((tmp_path / 'metrics.json').read_text())


def test_a_validation_tells_when_it_was(tmp_path):
    found = written(tmp_path, 'after_val_epoch', {'mIoU': 80.0})
    assert found == {'mIoU': 80.0, 'epoch': 2, 'iter': 20}


def test_a_test_has_the_metrics_alone(tmp_path):
    assert written(tmp_path, 'after_test_epoch', {'mIoU': 80.0}) == {'mIoU': 80.0}


def test_numpys_numbers_are_written_as_numbers(tmp_path):
    found = written(tmp_path, 'after_test_epoch', {'a': np.float32(0.5)})
    assert found == {'a': 0.5}


def test_no_half_written_file_is_left(tmp_path):
    written(tmp_path, 'after_test_epoch', {'a': 1})
    assert [path.name for path in tmp_path.iterdir()] == ['metrics.json']
