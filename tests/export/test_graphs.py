"""The graphs that are exported find what the hosts' models find."""

import numpy as np
import pytest
import torch
from torch import nn

from convnext_dense.errors import UserError

pytest.importorskip('mmdet', reason='mmdet is not installed')
pytest.importorskip('mmseg', reason='mmseg is not installed')

from convnext_dense.export.boxes import first_of_each, suppress
from convnext_dense.export.checking import compare
from convnext_dense.export.detector import DetectorGraph
from convnext_dense.export.segmentor import MatrixPool, SegmentorGraph
from convnext_dense.export.writing import HalfLayer, halve
from convnext_dense.inference.loading import load_model
from convnext_dense.inference.networks import Detector, Segmentor
from convnext_dense.inference.preparing import Preparation

GRAPHS = dict(detector=DetectorGraph, segmentor=SegmentorGraph)
NETWORKS = dict(detector=Detector, segmentor=Segmentor)


@pytest.fixture(scope='module')
def pair(checkpoints):
    """Give a function from a kind to its graph and the host's model."""

    def build(kind, half=False):
        graph = GRAPHS[kind](load_model(None, checkpoints[kind], 'cpu').model).eval()
        if half:
            halve(graph)
        return graph, NETWORKS[kind](load_model(None, checkpoints[kind], 'cpu').model)

    return build


def runner(graph):
    def run(images):
        with torch.inference_mode():
            outputs = graph(torch.from_numpy(images))
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        return [output.numpy() for output in outputs]

    return run


SIZES = [(64, 64), (96, 70), (65, 129), (200, 130)]


def prepared(photo, sizes=SIZES):
    return [Preparation([])(photo(*size, seed=i)) for i, size in enumerate(sizes)]


def test_a_detector_finds_what_the_host_finds_at_any_size(pair, photo):
    graph, network = pair('detector')
    found = compare(network, runner(graph), prepared(photo))
    assert found.objects > 0
    assert found.other_objects == 0
    assert found.box < 1e-3
    assert found.score < 1e-5
    assert found.mask < 1e-4


def test_a_segmentor_labels_as_the_host_does_at_any_size(pair, photo):
    graph, network = pair('segmentor')
    assert compare(network, runner(graph), prepared(photo)).pixels < 1e-4


def test_half_precision_hardly_moves_the_labels(pair, photo):
    graph, network = pair('segmentor', half=True)
    assert compare(network, runner(graph), prepared(photo)).pixels < 0.02


def test_only_convolutions_and_linear_layers_are_halved(pair):
    graph, _ = pair('detector', half=True)
    for module in graph.modules():
        kinds = {p.dtype for p in module.parameters(recurse=False)}
        half = isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear)
        assert kinds <= {torch.float16 if half else torch.float32}
    assert any(isinstance(module, HalfLayer) for module in graph.modules())


def test_a_batch_of_a_detector_is_its_images(pair, photo):
    graph, _ = pair('detector')
    run = runner(graph)
    images = np.stack([photo(96, 70, seed=s).transpose(2, 0, 1) for s in range(3)])
    images = images.astype(np.float32)
    image, _, scores, *_ = run(images)
    for index in range(3):
        _, alone, sure, *_ = run(images[index : index + 1])
        assert np.allclose(np.sort(scores[image == index]), np.sort(sure), atol=1e-4)
        assert (image == index).sum() == len(alone)


def test_an_image_without_objects_gives_none(pair, photo):
    graph, _ = pair('detector')
    graph.model.test_cfg.rcnn.score_thr = 2.0
    images = photo(96, 70).transpose(2, 0, 1)[None].astype(np.float32)
    _, boxes, scores, labels, masks = runner(graph)(images)
    assert [len(a) for a in (boxes, scores, labels, masks)] == [0, 0, 0, 0]


def test_soft_nms_is_refused_with_what_to_set(checkpoints):
    model = load_model(None, checkpoints['detector'], 'cpu').model
    model.test_cfg.rcnn.nms.type = 'soft_nms'
    with pytest.raises(UserError, match='soft_nms has no standard operator'):
        DetectorGraph(model)


@pytest.mark.parametrize('cells', [1, 2, 3, 6])
@pytest.mark.parametrize('size', [(3, 5), (6, 6), (17, 32), (64, 7)])
def test_pooling_by_matrices_is_adaptive_average_pooling(cells, size):
    x = torch.rand(2, 4, *size, dtype=torch.float64)
    expected = nn.AdaptiveAvgPool2d(cells)(x)
    assert torch.allclose(MatrixPool(cells)(x), expected, atol=1e-12)


def test_only_the_first_of_each_image_stay():
    image = torch.tensor([1, 0, 1, 1, 0, 2])
    assert first_of_each(image, 3, 2).tolist() == [0, 1, 2, 4, 5]


def test_boxes_of_other_groups_do_not_suppress_each_other():
    boxes = torch.tensor([[0.0, 0, 9, 9], [0, 0, 9, 9], [1, 1, 9, 9]])
    scores = torch.tensor([0.9, 0.8, 0.7])
    kept = suppress(boxes, scores, torch.tensor([0, 1, 0]), 0.5)
    assert kept.tolist() == [0, 1]


def test_no_boxes_are_suppressed_to_none():
    none = torch.zeros(0)
    assert suppress(torch.zeros(0, 4), none, none.long(), 0.5).tolist() == []
