"""ONNX files agree with torch at sizes that the tracing did not see."""

import numpy as np
import pytest

pytest.importorskip('onnx', reason='the extra export is not installed')
pytest.importorskip('onnxscript', reason='the extra export is not installed')
pytest.importorskip('onnxruntime', reason='the extra export is not installed')
pytest.importorskip('mmdet', reason='mmdet is not installed')
pytest.importorskip('mmseg', reason='mmseg is not installed')

from convnext_dense.cli import main
from convnext_dense.export.checking import compare, load_runtime
from convnext_dense.inference.loading import load_model
from convnext_dense.inference.networks import Detector, Segmentor
from convnext_dense.inference.preparing import Preparation

NETWORKS = dict(detector=Detector, segmentor=Segmentor)
SIZES = [(64, 64), (65, 129), (200, 130), (256, 256)]


@pytest.fixture(scope='module')
def files(checkpoints, tmp_path_factory):
    folder = tmp_path_factory.mktemp('onnx')
    for kind in NETWORKS:
        path = folder / f'{kind}.onnx'
        assert main(['export', str(checkpoints[kind]), '--out', str(path)]) == 0
    return folder


@pytest.fixture(scope='module')
def agreement(files, checkpoints, photo):
    """Give a function from a kind to how far its file is from its model."""

    def compared(kind):
        network = NETWORKS[kind](load_model(None, checkpoints[kind], 'cpu').model)
        images = [Preparation([])(photo(*size, seed=i)) for i, size in enumerate(SIZES)]
        return compare(network, load_runtime(files / f'{kind}.onnx'), images)

    return compared


def test_a_detector_finds_the_same_in_onnxruntime(agreement):
    found = agreement('detector')
    assert found.objects > 0
    assert found.other_objects == 0
    assert found.box < 0.1
    assert found.score < 1e-3
    assert found.mask < 1e-3


def test_a_segmentor_labels_the_same_in_onnxruntime(agreement):
    assert agreement('segmentor').pixels < 1e-3


@pytest.mark.parametrize('kind', NETWORKS)
def test_only_standard_operators_are_used(files, kind):
    import onnx

    graph = onnx.load(files / f'{kind}.onnx').graph
    assert {node.domain for node in graph.node} == {''}


@pytest.mark.parametrize('number', [1, 3])
def test_a_batch_may_have_any_number_of_images(files, photo, number):
    images = np.stack([photo(96, 70, seed=s).transpose(2, 0, 1) for s in range(number)])
    (labels,) = load_runtime(files / 'segmentor.onnx')(images.astype(np.float32))
    assert labels.shape == (number, 96, 70)
    image, *_ = load_runtime(files / 'detector.onnx')(images.astype(np.float32))
    assert {*image.tolist()} == {*range(number)}
