"""One model, loaded once: images in any form in, plain arrays out."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from PIL import Image

from convnext_dense.errors import UserError
from convnext_dense.inference import Detections, LabelMap, Predictor

KINDS = ['detector', 'segmentor']
kinds = pytest.mark.parametrize('kind', KINDS)


@pytest.fixture
def predictor(kind, request):
    return request.getfixturevalue(kind)


def arrays(result):
    """List everything that a result holds, to be compared."""
    if isinstance(result, LabelMap):
        return [result.labels]
    return [result.boxes, result.scores, result.labels, result.masks]


def same(one, other):
    pairs = zip(arrays(one), arrays(other), strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


@kinds
def test_a_checkpoint_alone_knows_its_classes(predictor, kind):
    assert predictor.classes[-3:] == ('circle', 'square', 'triangle')


def test_a_detector_gives_boxes_scores_labels_and_masks(detector, photo):
    found = detector(photo(48, 80), threshold=0)
    number = len(found)
    assert number > 0
    assert isinstance(found, Detections)
    assert found.boxes.shape == (number, 4)
    assert found.scores.shape == found.labels.shape == (number,)
    assert found.masks.shape == (number, 48, 80)
    assert found.names == [detector.classes[label] for label in found.labels]


def test_boxes_are_in_pixels_of_the_image(detector, photo):
    found = detector(photo(160, 320), threshold=0)
    assert (found.boxes >= 0).all()
    assert (found.boxes <= [320, 160, 320, 160]).all()
    assert found.boxes[:, 2].max() > 64


def test_the_surest_objects_come_first(detector, photo):
    scores = detector(photo(), threshold=0).scores
    assert (np.diff(scores) <= 0).all()


def test_a_segmentor_gives_the_class_of_every_pixel(segmentor, photo):
    found = segmentor(photo(50, 70))
    assert isinstance(found, LabelMap)
    assert found.labels.shape == (50, 70)
    assert found.labels.max() < len(segmentor.classes)


@kinds
def test_the_form_of_an_image_changes_nothing(predictor, photo, tmp_path):
    Image.fromarray(photo()).save(tmp_path / 'a.png')
    path = tmp_path / 'a.png'
    expected = predictor(photo(), threshold=0)
    for form in (path, str(path), Image.open(path), path.open('rb')):
        assert same(predictor(form, threshold=0), expected)


@kinds
@pytest.mark.parametrize('batch_size', [1, 2, 5])
def test_a_batch_gives_what_its_images_give_alone(predictor, photo, batch_size):
    images = [photo(), photo(seed=1), photo(40, 64), photo(seed=2)]
    together = predictor(images, threshold=0.3, batch_size=batch_size)
    for image, result in zip(images, together, strict=True):
        for a, b in zip(
            arrays(result), arrays(predictor(image, threshold=0.3)), strict=True
        ):
            assert a.shape == b.shape
            assert np.mean(np.abs(a.astype(float) - b) > 1e-3) < 1e-3


def test_an_array_of_images_gives_a_list(segmentor, photo):
    assert len(segmentor(np.stack([photo(), photo(seed=1)]))) == 2


def test_a_stream_is_read_as_it_is_asked_for(segmentor, photo):
    read = []

    def stream():
        for seed in range(5):
            read.append(seed)
            yield photo(seed=seed)

    results = segmentor(stream())
    next(results)
    assert len(read) < 4
    assert len([*results]) == 4


@kinds
def test_an_empty_list_gives_an_empty_list(predictor):
    assert predictor([]) == []


@kinds
def test_threads_find_what_one_finds(predictor, photo):
    images = [photo(seed=seed) for seed in range(6)]
    alone = predictor(images, threshold=0)
    with ThreadPoolExecutor(4) as pool:
        found = [*pool.map(lambda image: predictor(image, threshold=0), images * 2)]
    assert all(same(a, b) for a, b in zip(alone * 2, found, strict=True))


def test_objects_below_the_threshold_are_left_out(detector, photo):
    everything = detector(photo(), threshold=0)
    middle = float(np.median(everything.scores))
    assert same(detector(photo(), threshold=middle), everything.select(middle))


def test_an_image_without_objects_gives_empty_arrays(detector, photo):
    found = detector(photo(), threshold=1)
    assert [a.shape for a in arrays(found)] == [(0, 4), (0,), (0,), (0, 64, 64)]


def test_only_the_classes_that_are_asked_for_are_found(detector, photo):
    everything = detector(photo(), threshold=0)
    name = everything.names[0]
    found = detector(photo(), threshold=0, classes=[name])
    assert found.names == [name] * everything.names.count(name)


def test_a_class_that_the_model_lacks_is_named(detector, photo):
    with pytest.raises(UserError, match=r"no class 'cat'.*circle, square"):
        detector(photo(), classes=['cat'])


@pytest.mark.parametrize('threshold', [-0.1, 1.5, 50])
def test_a_threshold_outside_of_the_scores_is_refused(detector, photo, threshold):
    with pytest.raises(UserError, match='scores are in'):
        detector(photo(), threshold=threshold)


def test_what_is_no_image_is_refused(detector):
    with pytest.raises(UserError, match='a int is no image'):
        detector(7)


# --- as the host predicts -----------------------------------------------------------


@pytest.mark.parametrize('size', [(64, 64), (50, 90), (130, 70)])
def test_a_detector_finds_what_the_host_finds(checkpoints, detector, photo, size):
    from mmdet.structures import DetDataSample

    from convnext_dense.inference.loading import load_model

    host = load_model(None, checkpoints['detector'], 'cpu').model
    pixels, meta = detector.prepare(photo(*size))
    batch = dict(inputs=[pixels], data_samples=[DetDataSample(metainfo=meta)])
    with torch.inference_mode():
        expected = host.test_step(batch)[0].pred_instances
    order = expected.scores.argsort(descending=True)
    found = detector(photo(*size), threshold=0)
    assert np.array_equal(found.boxes, expected.bboxes[order].numpy())
    assert (found.masks != expected.masks[order].numpy()).mean() < 1e-5


@pytest.mark.parametrize('size', [(64, 64), (50, 90), (130, 70)])
def test_a_segmentor_labels_as_the_host_does(checkpoints, segmentor, photo, size):
    from mmseg.structures import SegDataSample

    pixels, meta = segmentor.prepare(photo(*size))
    batch = dict(inputs=[pixels], data_samples=[SegDataSample(metainfo=meta)])
    with torch.inference_mode():
        expected = segmentor.network.model.test_step(batch)[0].pred_sem_seg.data[0]
    assert np.array_equal(segmentor(photo(*size)).labels, expected.numpy())


# --- windows ------------------------------------------------------------------------


@kinds
def test_windows_cover_an_image_at_its_full_size(checkpoints, kind, photo):
    predictor = Predictor(checkpoints[kind], window=64)
    found = predictor(photo(100, 150), threshold=0)
    assert found.size == (100, 150)
    if kind == 'detector':
        assert found.boxes[:, 2].max() > 128
        assert found.masks.shape == (len(found), 100, 150)


@kinds
def test_an_image_of_one_window_is_predicted_as_without(
    checkpoints, predictor, kind, photo
):
    windowed = Predictor(checkpoints[kind], window=64)
    assert same(windowed(photo(), threshold=0), predictor(photo(), threshold=0))


def test_a_window_too_small_to_see_anything_is_refused(checkpoints):
    with pytest.raises(UserError, match='window of 8'):
        Predictor(checkpoints['detector'], window=8)


# --- what it needs ------------------------------------------------------------------


def test_nothing_of_training_is_imported(checkpoints, run_python):
    heavy = run_python(
        'import json, sys\n'
        'from convnext_dense.inference import Predictor\n'
        f'for path in {[str(path) for path in checkpoints.values()]}:\n'
        '    Predictor(path)\n'
        'parts = ("datasets", "evaluation", "engine", "visualization")\n'
        'hosts = [f"{h}.{p}" for h in ("mmdet", "mmseg") for p in parts]\n'
        'ours = [f"convnext_dense.{p}" for p in\n'
        '        ("datasets", "detection.coco", "segmentation.label_maps", "optim")]\n'
        'print(json.dumps([name for name in hosts + ours if name in sys.modules]))'
    )
    assert heavy == []
