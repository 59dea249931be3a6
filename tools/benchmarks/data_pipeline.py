#!/usr/bin/env python
"""Reading and augmenting images with masks for training, beside mmdet's pipeline.

One worker's time for the images of a data set, with the augmentation of the published
configs; both sides draw the same random numbers and must give the same images, boxes
and masks.
"""

import copy
import pickle
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
import torch
from suite import Suite

from convnext_dense.engine.config import load_config
from convnext_dense.engine.hosts import import_host
from convnext_dense.errors import UserError

CONFIGS = {
    'resize or crop': 'configs/convnext/mask-rcnn_convnext-tiny_3x_coco.py',
    'large-scale jitter': 'configs/convnext_v2/mask-rcnn_convnext-v2-base_3x_coco.py',
}


def built(settings: dict, steps: list[dict]) -> object:
    """Build a data set with a pipeline."""
    from mmdet.registry import DATASETS

    return DATASETS.build(copy.deepcopy(settings) | dict(pipeline=steps))


def as_the_host(steps: list[dict]) -> list[dict]:
    """Put mmdet's own transforms in the place of ours."""
    steps = copy.deepcopy(steps)
    steps[1]['type'] = 'LoadAnnotations'
    steps[-1]['type'] = 'PackDetInputs'
    return steps


def read_all(dataset: object, seed: int) -> list[dict]:
    """Read all images with a seed."""
    np.random.seed(seed)
    return [dataset[i] for i in range(len(dataset))]


def sent_bytes(sample: dict) -> int:
    """Count what a worker sends beside the image."""
    return len(pickle.dumps(sample['data_samples']))


def equal(a: dict, b: dict) -> bool:
    """Compare two samples."""
    one, two = a['data_samples'].gt_instances, b['data_samples'].gt_instances
    return (
        torch.equal(a['inputs'], b['inputs'])
        and torch.equal(one.bboxes.tensor, two.bboxes.tensor)
        and torch.equal(one.labels, two.labels)
        and np.array_equal(one.masks.masks, two.masks.masks)
    )


def main() -> int:
    """Measure one worker."""
    suite = Suite(
        __doc__,
        'data_pipeline',
        images=(24, 'images of 640x640 that are generated where no data are given'),
        data=(
            '',
            "a folder with COCO's data, in the place of generated images; has goals",
        ),
        annotations=('annotations/instances_train.json', 'the file in it'),
        prefix=('images/train', 'the folder of images in it'),
    )
    args = suite.args
    file = Path(args.data, args.annotations)
    if args.data and not file.is_file():
        raise UserError(f'{file} not found: set --data and --annotations')
    import_host('mmdet')
    from mmengine.registry import init_default_scope

    init_default_scope('mmdet')
    cv2.setNumThreads(1)
    temporary = tempfile.TemporaryDirectory()
    folder = suite.args.data
    classes = None
    if not folder:
        from convnext_dense.datasets.shapes import CLASSES, write_shapes

        folder, classes = temporary.name, CLASSES
        write_shapes(Path(folder), train=suite.args.images, val=1, size=640)
    for name, config in CONFIGS.items():
        settings = load_config(config, []).train_dataloader.dataset
        settings.update(
            data_root=folder,
            ann_file=suite.args.annotations,
            data_prefix=dict(img=suite.args.prefix),
            **(dict(metainfo=dict(classes=classes)) if classes else {}),
        )
        steps = settings.pop('pipeline')
        sides = {
            'ours': built(settings, steps),
            'mmdet': built(settings, as_the_host(steps)),
        }
        read = {side: read_all(dataset, 0) for side, dataset in sides.items()}
        number = len(read['ours'])
        # Before masks are compared, which draws them.
        sent = {side: sum(map(sent_bytes, samples)) for side, samples in read.items()}
        row = suite.compare(
            f'{name}: {number} images',
            {
                side: lambda dataset=dataset: read_all(dataset, 1)
                for side, dataset in sides.items()
            },
            goal=1 / 1.5 if suite.args.data else None,  # of photos
            equal=all(map(equal, *read.values())),
        )
        for side in sides:
            speed = number / row.sides[side].median
            print(
                f'  {side:6} {speed:6.1f} images/s, annotations sent: '
                f'{sent[side] / number / 2**20:.2f} MiB an image'
            )
    temporary.cleanup()
    return suite.finish()


if __name__ == '__main__':
    sys.exit(main())
