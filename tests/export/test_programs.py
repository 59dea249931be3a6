"""Programs of torch.export agree with their model, also where there is nothing."""

import numpy as np
import pytest
import torch

pytest.importorskip('mmdet', reason='mmdet is not installed')
pytest.importorskip('mmseg', reason='mmseg is not installed')

from convnext_dense.cli import main
from convnext_dense.export.checking import compare
from convnext_dense.export.command import _load_program
from convnext_dense.inference.loading import load_model
from convnext_dense.inference.networks import Detector
from convnext_dense.inference.preparing import Preparation

SIZES = [(70, 70), (65, 129), (200, 130)]


@pytest.fixture(scope='module')
def run(checkpoints, tmp_path_factory):
    path = tmp_path_factory.mktemp('programs') / 'detector.pt2'
    command = ['export', str(checkpoints['detector']), '--format', 'torch']
    assert main([*command, '--out', str(path)]) == 0
    return _load_program(path)


@pytest.fixture
def network(checkpoints):
    return Detector(load_model(None, checkpoints['detector'], 'cpu').model)


def test_a_detector_finds_the_same(run, network, photo):
    images = [Preparation([])(photo(*size, seed=i)) for i, size in enumerate(SIZES)]
    found = compare(network, run, images)
    assert found.objects > 0
    assert (found.other_objects, found.box < 0.1, found.mask < 1e-3) == (0, True, True)


@pytest.mark.parametrize('number', [0, 1])
def test_few_objects_are_no_mistake(run, number):
    # Of a small image there are few proposals on most levels.
    boxes = run(np.full((1, 3, 66, 66), 255.0 * number, np.float32))[1]
    assert boxes.shape[1] == 4
    assert torch.from_numpy(boxes).isfinite().all()
