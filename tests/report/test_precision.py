"""COCO's numbers, against faster-coco-eval and the published ones of pycocotools."""

import json

import numpy as np
import pytest

from convnext_dense.report.error_costs import mean_ap
from convnext_dense.report.matching import IGNORED, RIGHT, match
from convnext_dense.report.objects import read_predictions, read_truth
from convnext_dense.report.precision import NUMBERS, precision_of


@pytest.fixture(scope='module')
def reference(shared):
    folder = shared / 'data/coco_eval_reference'
    if not folder.is_dir():
        pytest.skip('the reference results are not here')
    return folder


@pytest.fixture(scope='module')
def truth(reference):
    path = reference / 'gt/instances_val2014_100.json'
    content = json.loads(path.read_text())
    names = [category['name'] for category in content['categories']]
    # In another order than the file's: labels are the config's, not COCO's.
    ids = [image['id'] for image in content['images']]
    return read_truth(path, names[::-1], ids)


@pytest.fixture(scope='module')
def found(reference, truth):
    def read(kind):
        name = f'instances_val2014_fake{kind}100_results.json'
        return read_predictions(reference / 'results' / name, truth)

    return read


@pytest.mark.parametrize('kind', ['bbox', 'segm'])
def test_the_twelve_numbers_are_those_of_pycocotools(reference, truth, found, kind):
    expected = json.loads((reference / 'expected_full_precision.json').read_text())
    numbers = precision_of(truth, found(kind), kind).numbers
    assert [*numbers] == [*NUMBERS]
    np.testing.assert_allclose([*numbers.values()], expected[kind], atol=1e-12)


@pytest.mark.parametrize('kind', ['bbox', 'segm'])
def test_the_matches_give_the_ap50_of_faster_coco_eval(truth, found, kind):
    detections = found(kind)
    precision = precision_of(truth, detections, kind)
    matches = match(truth, detections, kind)
    counted = matches.kind != IGNORED
    objects = truth.objects
    positives = np.bincount(objects.label[~objects.crowd], minlength=80)
    for label in np.flatnonzero(~np.isnan(precision.ap50)):
        mine = counted & (detections.label == label)
        ours = mean_ap(
            detections.score[mine], np.zeros(mine.sum(), dtype=int),
            (matches.kind == RIGHT)[mine], positives[[label]],
        )  # fmt: skip
        assert ours == pytest.approx(precision.ap50[label], abs=1e-9)


def test_classes_keep_the_order_of_their_labels(truth, found):
    precision = precision_of(truth, found('bbox'), 'bbox')
    present = {truth.objects.label[i] for i in np.flatnonzero(~truth.objects.crowd)}
    assert {*np.flatnonzero(~np.isnan(precision.ap50)).tolist()} == present
