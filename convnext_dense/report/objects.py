"""Annotated and predicted objects of a data set, as arrays."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from faster_coco_eval import COCO
from faster_coco_eval.core import mask as mask_api

from convnext_dense.errors import UserError

KINDS = ('bbox', 'segm')


@dataclass(frozen=True)
class Objects:
    """Objects ordered by image, and predictions within an image by falling score.

    Args:
        image: (N,) index of the image.
        label: (N,) index of the class.
        score: (N,) in 0..1; ones for the truth.
        crowd: (N,) whether it stands for many objects, which do not count.
        shapes: (N, 4) boxes x, y, width, height in pixels, or N run-length encodings.
        boxes: (N, 4) boxes, also where the shapes are masks.
    """

    image: np.ndarray
    label: np.ndarray
    score: np.ndarray
    crowd: np.ndarray
    shapes: Any
    boxes: np.ndarray

    def of(self, image: int) -> slice:
        """Give the place of an image's objects."""
        start, stop = np.searchsorted(self.image, [image, image + 1])
        return slice(int(start), int(stop))


@dataclass(frozen=True)
class Truth:
    """Annotations, for the images and classes that were tested.

    Args:
        path: The annotation file.
        images: COCO's entries of the tested images, by their ids.
        names: Class names, in the order of the labels.
        categories: COCO's category id of each class.
        coco: Everything, as faster-coco-eval reads it.
        objects: The objects, with boxes as shapes.
    """

    path: Path
    images: list[dict]
    names: list[str]
    categories: list[int]
    coco: COCO
    objects: Objects


def read_truth(path: Path, names: list[str], image_ids: list[int]) -> Truth:
    """Read a COCO annotation file.

    Raises:
        UserError: If the file is missing or damaged, or lacks an image or a class.
    """
    if not path.is_file():
        raise UserError(
            f'the annotations of the test are gone: {path}; put them back, or test '
            'again with tools/test.py'
        )
    try:
        coco = COCO(str(path))
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise UserError(f'{path} is no COCO annotation file: {error!r}') from error
    by_name = {category['name']: category['id'] for category in coco.cats.values()}
    absent = [name for name in names if name not in by_name]
    strange = [number for number in image_ids if number not in coco.imgs]
    if absent or strange:
        what = f'class {absent[0]!r}' if absent else f'image id {strange[0]}'
        raise UserError(
            f'{path} is not what was tested: it has no {what}; test again with '
            'tools/test.py'
        )
    # COCO's order, which decides between equal scores.
    image_ids = sorted(image_ids)
    images = [coco.imgs[number] for number in image_ids]
    categories = [by_name[name] for name in names]
    annotations = [
        annotation for number in image_ids for annotation in coco.imgToAnns[number]
    ]
    objects = _objects(annotations, image_ids, categories)
    return Truth(path, images, names, categories, coco, objects)


def read_predictions(path: Path, truth: Truth) -> Objects:
    """Read predictions in COCO's result format.

    Raises:
        UserError: If the file is missing or damaged, or belongs to other annotations.
    """
    if not path.is_file():
        raise UserError(f'{path} is missing: test again with tools/test.py')
    try:
        entries = json.loads(path.read_text(encoding='utf-8'))
    except json.JSONDecodeError as error:
        raise UserError(
            f'{path} is no whole JSON file ({error}); test again with tools/test.py'
        ) from error
    image_ids = [image['id'] for image in truth.images]
    known, classes = {*image_ids}, {*truth.categories}
    for entry in entries:
        if entry['image_id'] not in known or entry['category_id'] not in classes:
            raise UserError(
                f'{path} does not belong to {truth.path}: it has an object of image '
                f'{entry["image_id"]} and category {entry["category_id"]}; test again '
                'with tools/test.py'
            )
    return _objects(entries, image_ids, truth.categories)


def _objects(
    entries: list[dict], image_ids: list[int], categories: list[int]
) -> Objects:
    place = {number: index for index, number in enumerate(image_ids)}
    label_of = {number: index for index, number in enumerate(categories)}
    kept = [entry for entry in entries if entry['category_id'] in label_of]
    image = np.array([place[entry['image_id']] for entry in kept], dtype=int)
    score = np.array([entry.get('score', 1.0) for entry in kept], dtype=float)
    order = np.lexsort((-score, image))
    kept = [kept[index] for index in order]
    boxes = np.array([_box(entry) for entry in kept], dtype=float).reshape(-1, 4)
    masks = [entry.get('segmentation') for entry in kept]
    return Objects(
        image[order],
        np.array([label_of[entry['category_id']] for entry in kept], dtype=int),
        score[order],
        np.array([bool(entry.get('iscrowd')) for entry in kept], dtype=bool),
        masks if masks and all(masks) else boxes,
        boxes,
    )


def _box(entry: dict) -> Any:
    # Results of masks need not have boxes.
    return entry['bbox'] if 'bbox' in entry else mask_api.toBbox(entry['segmentation'])


def shapes_of(objects: Objects, images: list[dict], kind: str, part: slice) -> Any:
    """Give the shapes of some objects of one image as the mask interface takes them.

    Args:
        objects: All objects.
        images: All images.
        kind: ``'bbox'`` or ``'segm'``.
        part: The objects, all of one image.
    """
    if kind == 'bbox' or part.start == part.stop:
        return objects.boxes[part]
    if not isinstance(objects.shapes, list):
        raise UserError('masks were predicted, and the annotations have none')
    image = images[objects.image[part.start]]
    return [encode(s, image['height'], image['width']) for s in objects.shapes[part]]


def encode(shape: Any, height: int, width: int) -> dict:
    """Turn polygons or any run-length encoding into a compressed one."""
    if isinstance(shape, dict) and not isinstance(shape['counts'], list):
        return shape
    found = mask_api.frPyObjects(shape, height, width)
    return mask_api.merge(found) if isinstance(found, list) else found
