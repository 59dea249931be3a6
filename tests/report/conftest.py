"""Hand-made work dirs."""

import json

import numpy as np
import pytest
from PIL import Image


def annotation(number, image, category, box, **more):
    x, y, width, height = box
    outline = [x, y, x + width, y, x + width, y + height, x, y + height]
    return dict(
        id=number, image_id=image, category_id=category, bbox=box, iscrowd=0,
        area=width * height, segmentation=[outline],
    ) | more  # fmt: skip


# Two images of 100 x 100 pixels: a cat (category 3) and a dog (5), and another cat.
ANNOTATIONS = [
    annotation(1, 7, 3, [10, 10, 20, 20]),
    annotation(2, 7, 5, [50, 50, 40, 40]),
    annotation(3, 9, 3, [30, 30, 30, 30]),
]
# The cat is found, twice; the dog is called a cat; the other cat is missed, and
# something is found where nothing is.
PREDICTIONS = [
    dict(image_id=7, category_id=3, bbox=[10, 10, 20, 20], score=0.9),
    dict(image_id=7, category_id=3, bbox=[11, 11, 20, 20], score=0.8),
    dict(image_id=7, category_id=3, bbox=[50, 50, 40, 40], score=0.7),
    dict(image_id=9, category_id=5, bbox=[80, 80, 15, 15], score=0.6),
]


@pytest.fixture
def truth_file(tmp_path):
    content = dict(
        images=[
            dict(id=number, file_name=f'{number}.png', width=100, height=100)
            for number in (7, 9)
        ],
        categories=[dict(id=3, name='cat'), dict(id=5, name='dog')],
        annotations=ANNOTATIONS,
    )
    path = tmp_path / 'annotations.json'
    path.write_text(json.dumps(content))
    return path


def fill(folder, results, **files):
    """Write a work dir as the hooks of a run do."""
    (folder / 'results').mkdir(parents=True)
    (folder / 'results/results.json').write_text(json.dumps(results))
    for name, content in files.items():
        (folder / f'results/{name}').write_text(json.dumps(content))
    logs = folder / '20260101_000000/vis_data'
    logs.mkdir(parents=True)
    lines = [
        dict(lr=0.1, loss=2.0, loss_cls=1.5, time=0.1, iter=5, step=5),
        dict(lr=0.05, loss=1.0, loss_cls=0.5, time=0.1, iter=10, step=10),
        {'coco/bbox_mAP': 0.25, 'time': 0.1, 'step': 1},
    ]
    (logs / 'scalars.json').write_text(''.join(json.dumps(x) + '\n' for x in lines))
    entry = dict(
        command='tools/train.py <config>', seed=3, versions={'torch': '9.9'},
        config=f'lr = {len(folder.name)}',
    )  # fmt: skip
    (folder / 'run.json').write_text(json.dumps(dict(train=entry)))
    return folder


@pytest.fixture
def detector(tmp_path, truth_file):
    """Give a function that writes a detector's work dir."""
    for number in (7, 9):
        Image.new('RGB', (100, 100), 'grey').save(tmp_path / f'{number}.png')

    def write(name='run', predictions=PREDICTIONS, **more):
        results = dict(
            task='detection', phase='validation', epoch=1, iter=10,
            classes=['cat', 'dog'], metrics={}, annotations=str(truth_file),
            images=str(tmp_path), image_ids=[7, 9],
            predictions=dict(bbox='predictions.bbox.json'),
        )  # fmt: skip
        files = {'predictions.bbox.json': predictions}
        return fill(tmp_path / name, results | more, **files)

    return write


@pytest.fixture
def segmentor(tmp_path):
    """Give a function that writes a segmentor's work dir."""
    Image.new('RGB', (8, 6), 'grey').save(tmp_path / 'a.png')

    def write(name='run', **more):
        files = ['label_maps/0_truth.png', 'label_maps/0_found.png']
        results = dict(
            task='segmentation', phase='test', classes=['sky', 'sea'], metrics={},
            confusion=[[30, 10], [0, 8]], calibration=None,
            images=[dict(path=str(tmp_path / 'a.png'), iou=0.6, label_maps=files),
                    dict(path='gone.png', iou=None)],
        )  # fmt: skip
        folder = fill(tmp_path / name, results | more)
        (folder / 'results/label_maps').mkdir()
        for file in files:
            labels = np.zeros((6, 8), dtype=np.uint8)
            Image.fromarray(labels).save(folder / 'results' / file)
        return folder

    return write
