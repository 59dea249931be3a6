"""What the training labels are like."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner
from PIL import Image

from convnext_dense.registry import HOOKS

# Sides of the table of box sizes, each bin a 20th of the image's side.
SIZE_BINS = 20


@HOOKS.register_module()
class LabelStatistics(Hook):
    """Count the training labels into ``labels.json`` in the work dir.

    Detection: objects by class, images by number of objects, and boxes by width and
    height. Segmentation: pixels by class, and images in which a class occurs. Of a
    large data set, images at even distances are counted.

    Args:
        images: Most images that are read, of annotations.
        label_maps: Most label maps that are read.
    """

    def __init__(self, images: int = 20_000, label_maps: int = 500):
        self.images = images
        self.label_maps = label_maps

    def before_train(self, runner: Runner) -> None:
        """Count the labels and write them."""
        dataset = runner.train_dataloader.dataset
        names = getattr(dataset, 'metainfo', {}).get('classes')
        if not is_main_process() or not names or not hasattr(dataset, 'get_data_info'):
            return
        first = dataset.get_data_info(0)
        if 'instances' in first:
            found = count_objects(_even(dataset, self.images), len(names))
        elif 'seg_map_path' in first:
            found = count_pixels(_even(dataset, self.label_maps), len(names))
        else:
            return
        content = dict(classes=[*names], images=len(dataset)) | found
        path = Path(runner.work_dir, 'labels.json')
        path.write_text(json.dumps(content) + '\n', encoding='utf-8')


def _even(dataset: Any, most: int) -> list[dict]:
    """Take at most so many of a data set's samples, at even distances."""
    number = min(most, len(dataset))
    places = np.linspace(0, len(dataset) - 1, number).round().astype(int)
    return [dataset.get_data_info(int(place)) for place in places]


def count_objects(samples: Sequence[dict], num_classes: int) -> dict[str, Any]:
    """Count boxes.

    Args:
        samples: Each with ``instances`` (of ``bbox`` x1, y1, x2, y2 in pixels,
            ``bbox_label`` and ``ignore_flag``), ``width`` and ``height``.
        num_classes: Number of classes.

    Returns:
        ``counted`` images; ``objects`` by class; ``per_image``, the number of images
        by number of objects; ``sizes``, boxes by height (rows) and width (columns)
        in 20ths of the image's.
    """
    labels, sizes, numbers = [], [], []
    for sample in samples:
        kept = [i for i in sample['instances'] if not i.get('ignore_flag')]
        numbers.append(len(kept))
        for instance in kept:
            x1, y1, x2, y2 = instance['bbox']
            labels.append(instance['bbox_label'])
            sizes.append(((y2 - y1) / sample['height'], (x2 - x1) / sample['width']))
    shares = np.clip(np.array(sizes).reshape(-1, 2), 0, 1)
    places = np.minimum((shares * SIZE_BINS).astype(int), SIZE_BINS - 1)
    table = np.zeros((SIZE_BINS, SIZE_BINS), dtype=int)
    np.add.at(table, tuple(places.T), 1)
    return dict(
        counted=len(samples),
        objects=np.bincount(labels, minlength=num_classes).tolist(),
        per_image=dict(sorted(Counter(numbers).items())),
        sizes=table.tolist(),
    )


def count_pixels(samples: Sequence[dict], num_classes: int) -> dict[str, Any]:
    """Count the pixels of label maps.

    Args:
        samples: Each with ``seg_map_path`` and, where labels count from one,
            ``reduce_zero_label``.
        num_classes: Number of classes; other labels are ``unlabelled``.

    Returns:
        ``counted`` images; ``pixels`` by class and ``unlabelled``; ``occurs``, the
        number of images by class.
    """
    pixels = np.zeros(256, dtype=np.int64)
    occurs = np.zeros(256, dtype=np.int64)
    for sample in samples:
        with Image.open(sample['seg_map_path']) as image:
            counts = np.bincount(np.asarray(image, dtype=int).ravel(), minlength=256)
        counts = counts[:256]
        if sample.get('reduce_zero_label'):
            counts = np.roll(counts, -1)
        pixels += counts
        occurs += counts > 0
    return dict(
        counted=len(samples),
        pixels=pixels[:num_classes].tolist(),
        unlabelled=int(pixels[num_classes:].sum()),
        occurs=occurs[:num_classes].tolist(),
    )
