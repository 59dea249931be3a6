"""Annotations and predictions, and what is said where they do not fit."""

import json

import numpy as np
import pytest

from convnext_dense.errors import UserError
from convnext_dense.report.objects import encode, mask_api, read_predictions, read_truth


@pytest.fixture
def truth(truth_file):
    return read_truth(truth_file, ['cat', 'dog'], [7, 9])


def test_objects_stand_by_image_id_with_the_labels_of_the_config(truth_file):
    objects = read_truth(truth_file, ['dog', 'cat'], [9, 7]).objects
    assert objects.image.tolist() == [0, 0, 1]
    assert objects.label.tolist() == [1, 0, 1]


def test_detections_of_an_image_stand_by_falling_score(tmp_path, truth):
    path = tmp_path / 'found.json'
    entries = [dict(image_id=9, category_id=3, bbox=[0, 0, 1, 1], score=s)
               for s in (0.1, 0.9, 0.5)]  # fmt: skip
    path.write_text(json.dumps(entries))
    found = read_predictions(path, truth)
    assert found.score.tolist() == [0.9, 0.5, 0.1]
    assert (found.of(0), found.of(1)) == (slice(0, 0), slice(0, 3))


@pytest.mark.parametrize('change', [dict(image_id=8), dict(category_id=4)])
def test_results_of_other_data_are_refused(tmp_path, truth, change):
    path = tmp_path / 'found.json'
    entry = dict(image_id=9, category_id=3, bbox=[0, 0, 1, 1], score=1.0) | change
    path.write_text(json.dumps([entry]))
    with pytest.raises(UserError, match='does not belong to'):
        read_predictions(path, truth)


@pytest.mark.parametrize('content', ['[{', ''])
def test_damaged_results_are_named(tmp_path, truth, content):
    path = tmp_path / 'found.json'
    path.write_text(content)
    with pytest.raises(UserError, match=r'found\.json is no whole JSON'):
        read_predictions(path, truth)


def test_missing_results_are_named(tmp_path, truth):
    with pytest.raises(UserError, match=r'found\.json is missing'):
        read_predictions(tmp_path / 'found.json', truth)


def test_missing_annotations_are_named(tmp_path):
    with pytest.raises(UserError, match=r'are gone: .*gone\.json'):
        read_truth(tmp_path / 'gone.json', ['cat'], [7])


@pytest.mark.parametrize(('names', 'ids'), [(['cow'], [7]), (['cat'], [8])])
def test_annotations_of_other_data_are_refused(truth_file, names, ids):
    with pytest.raises(UserError, match=r"'cow'|image id 8"):
        read_truth(truth_file, names, ids)


def test_polygons_and_all_encodings_mean_the_same_mask():
    outline = [2, 1, 6, 1, 6, 4, 2, 4]
    compressed = encode([outline], 8, 9)
    mask = mask_api.decode(compressed)
    flat = mask.T.reshape(-1)
    changes = np.flatnonzero(np.diff(np.concatenate([[0], flat])))
    counts = np.diff([0, *changes, len(flat)]).tolist()
    plain = encode(dict(size=[8, 9], counts=counts), 8, 9)
    assert (mask_api.decode(plain) == mask).all()
    assert (mask_api.decode(encode(compressed, 8, 9)) == mask).all()
