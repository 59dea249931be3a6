"""What our own checkpoints hold is read without trust, and nothing else is."""

import os

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer

from convnext_dense.checkpoints import CheckpointError, read_file


class Harmful:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_the_history_of_a_run_is_read(tmp_path):
    buffer = HistoryBuffer([1.0, 2.0], [1, 1])
    content = dict(history=buffer, best=np.float64(0.5), ids=np.arange(3))
    torch.save(content, tmp_path / 'a.pth')
    found = read_file(tmp_path / 'a.pth')
    assert found['history'].mean() == 1.5
    assert found['best'] == 0.5


def test_code_in_a_checkpoint_is_named_and_not_run(tmp_path):
    torch.save(dict(meta=Harmful(tmp_path / 'made')), tmp_path / 'a.pth')
    with pytest.raises(CheckpointError, match='mkdir'):
        read_file(tmp_path / 'a.pth')
    assert not (tmp_path / 'made').exists()


class Reaching:
    """Asks for an attribute that is no statistic of a history."""

    def __reduce__(self):
        return getattr, (HistoryBuffer, '__subclasses__')


def test_an_attribute_beyond_the_statistics_is_refused(tmp_path):
    torch.save(dict(meta=Reaching()), tmp_path / 'a.pth')
    with pytest.raises(CheckpointError, match='getattr'):
        read_file(tmp_path / 'a.pth')
