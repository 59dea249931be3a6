"""Counts of training labels, against labels counted by hand."""

import json
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest
from PIL import Image

from convnext_dense.engine.hooks import LabelStatistics
from convnext_dense.engine.hooks.label_statistics import count_objects, count_pixels


def instance(label, *box, **more):
    return dict(bbox=[*box], bbox_label=label, ignore_flag=0) | more


def sample(*instances):
    return dict(instances=[*instances], width=200, height=100)


SAMPLES = [
    sample(instance(0, 0, 0, 100, 10), instance(2, 0, 0, 200, 100)),
    sample(),
    sample(instance(0, 0, 0, 9, 4), instance(1, 0, 0, 9, 9, ignore_flag=1)),
]


def test_objects_are_counted_by_class_and_crowds_are_not():
    assert count_objects(SAMPLES, 4)['objects'] == [2, 0, 1, 0]


def test_images_are_counted_by_their_number_of_objects():
    assert count_objects(SAMPLES, 4)['per_image'] == {0: 1, 1: 1, 2: 1}


def test_boxes_are_counted_by_height_and_width():
    sizes = np.array(count_objects(SAMPLES, 4)['sizes'])
    assert sizes.sum() == 3
    # Heights of 10, 100 and 4 % of the image, widths of 50, 100 and 4.5 %.
    assert [sizes[2, 10], sizes[19, 19], sizes[0, 0]] == [1, 1, 1]


def test_data_without_objects_is_counted():
    assert count_objects([sample()], 2)['objects'] == [0, 0]


@pytest.fixture
def label_maps(tmp_path):
    paths = []
    for index, labels in enumerate(([[0, 0], [1, 255]], [[0, 2], [2, 2]])):
        paths.append(tmp_path / f'{index}.png')
        Image.fromarray(np.array(labels, dtype=np.uint8)).save(paths[-1])
    return [dict(seg_map_path=str(path)) for path in paths]


def test_pixels_are_counted_by_class(label_maps):
    found = count_pixels(label_maps, 3)
    assert (found['pixels'], found['unlabelled']) == ([3, 1, 3], 1)
    assert found['occurs'] == [2, 1, 1]


def test_labels_that_count_from_one_are_moved_down(label_maps):
    samples = [dict(one, reduce_zero_label=True) for one in label_maps]
    found = count_pixels(samples, 2)
    assert (found['pixels'], found['unlabelled']) == ([1, 3], 4)


class Data(list):
    metainfo: ClassVar = dict(classes=('a', 'b', 'c'))

    def get_data_info(self, index):
        return self[index]


def test_of_many_images_some_at_even_distances_are_counted(tmp_path):
    data = Data([sample(*[instance(0, 0, 0, 1, 1)] * n) for n in range(101)])
    loader = SimpleNamespace(dataset=data)
    runner = SimpleNamespace(work_dir=str(tmp_path), train_dataloader=loader)
    LabelStatistics(images=3).before_train(runner)
    found = json.loads((tmp_path / 'labels.json').read_text())
    assert (found['images'], found['counted']) == (101, 3)
    assert found['per_image'] == {'0': 1, '50': 1, '100': 1}
