"""Annotation files in COCO format, checked record by record."""

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeGuard

from convnext_dense.datasets.images import check_inside
from convnext_dense.errors import UserError

from .images import Seen, in_parallel, look_at, note_images
from .report import Report


def check_coco(
    title: str, file: Path, folder: Path, classes: Sequence[str], masks: bool
) -> tuple[Report, dict[str, list[Path]]]:
    """Check an annotation file and its images.

    Args:
        title: The name of the split.
        file: The annotation file.
        folder: Where its images lie.
        classes: The names that the config trains; all of the file where it has none.
        masks: Whether objects should have one.

    Returns:
        The report, and the readable images by their content.

    Raises:
        UserError: If the file is no annotation file at all.
    """
    content = read(file)
    report = Report(f'{title} ({file})')
    images = _images(report, content, folder, file)
    names = _categories(report, content, classes)
    counts = _objects(report, content, images, names, masks)
    report.counts = dict(
        images=len(content['images']), objects=sum(counts.values()), classes=len(names)
    )
    if not counts:
        report.error('data set without any object', [file])
    absent = [name for number, name in names.items() if not counts[number]]
    report.warn('classes never occur', absent)
    paths = [folder / str(image['file_name']) for image in images.values()]
    seen = in_parallel(look_at, paths, title)
    _sizes(report, seen, [*images.values()])
    return report, note_images(report, seen)


def read(file: Path) -> dict[str, list[dict]]:
    """Read an annotation file.

    Raises:
        UserError: If it is missing, no JSON, or lacks the three lists.
    """
    try:
        content = json.loads(file.read_text(encoding='utf-8'))
    except FileNotFoundError as error:
        raise UserError(f'annotation file not found: {file}') from error
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f'{file} is no whole JSON file: {error}') from error
    keys = ('images', 'annotations', 'categories')
    lists = isinstance(content, dict) and all(
        isinstance(content.get(key), list)
        and all(isinstance(record, dict) for record in content[key])
        for key in keys
    )
    if not lists:
        raise UserError(
            f'{file} is no COCO annotation file: it should hold the lists '
            f'{", ".join(keys)} of records'
        )
    return content


def _images(
    report: Report, content: dict, folder: Path, file: Path
) -> dict[Any, dict[str, Any]]:
    """Give the images that can be looked for, by id."""
    ids = Counter(_key(image) for image in content['images'])
    report.error('image ids repeat', [i for i, n in ids.items() if n > 1])
    files = Counter(str(image.get('file_name')) for image in content['images'])
    listed_twice = [file for file, n in files.items() if n > 1]
    report.warn('images are listed more than once', listed_twice)
    usable = {}
    for image in content['images']:
        lacking = {'id', 'file_name', 'width', 'height'} - image.keys()
        if lacking:
            report.error(f'images lack {", ".join(sorted(lacking))}', [image])
            continue
        try:
            check_inside(folder / str(image['file_name']), folder, file)
        except UserError:
            report.error('images lie outside of their folder', [image['file_name']])
            continue
        usable[_key(image)] = image
    return usable


def _categories(
    report: Report, content: dict, classes: Sequence[str]
) -> dict[Any, str]:
    names = {_key(one): str(one.get('name')) for one in content['categories']}
    times = Counter(names.values())
    report.error('class names repeat', [name for name, n in times.items() if n > 1])
    missing = [name for name in classes if name not in names.values()]
    report.error('classes of the config are not in the file', missing)
    return names


def _objects(
    report: Report,
    content: dict,
    images: Mapping[Any, dict],
    names: Mapping[Any, str],
    masks: bool,
) -> Counter:
    """Check every object; count them by class."""
    objects = content['annotations']
    ids = Counter(_key(one) for one in objects)
    report.error('object ids repeat', [i for i, n in ids.items() if n > 1])
    counts: Counter = Counter()
    for one in objects:
        name, image = f'id {one.get("id")}', images.get(_key(one, 'image_id'))
        if image is None:
            report.error('objects of images that are not there', [name])
        if _key(one, 'category_id') not in names:
            report.error('objects of classes that are not there', [name])
            continue
        counts[_key(one, 'category_id')] += 1
        fault = fault_of_box(one.get('bbox'), image)
        if fault:
            report.error(f'boxes {fault}', [name])
        area = one.get('area', 0)
        if not _numbers([area]) or area < 0:
            report.error('areas are no number from 0', [name])
        if masks and not one.get('iscrowd'):
            fault = fault_of_mask(one.get('segmentation'), image)
            if fault:
                report.error(f'masks {fault}', [name])
    return counts


def fault_of_box(box: Any, image: Mapping[str, Any] | None) -> str | None:
    """Say what is wrong with a box (x, y, width, height); None if nothing is."""
    if not _numbers(box) or len(box) != 4:
        return 'are not four numbers'
    x, y, width, height = box
    if width <= 0 or height <= 0:
        return 'have no area'
    if image is None or not _numbers([image['width'], image['height']]):
        return None
    right, bottom = x + width, y + height
    if min(image['width'] - x, image['height'] - y, right, bottom) <= 0:
        return 'lie outside of their image'
    # A pixel beyond the edge is a matter of rounding.
    edges = right - image['width'], bottom - image['height'], -x, -y
    return 'reach beyond their image' if max(edges) > 1 else None


def fault_of_mask(mask: Any, image: Mapping[str, Any] | None) -> str | None:
    """Say what is wrong with a mask, polygons or run lengths; None if nothing is."""
    if not mask:
        return 'are not there'
    if isinstance(mask, dict):
        size = mask.get('size')
        if not _numbers(size) or len(size) != 2:
            return 'do not decode'
        if image is not None and [*size] != [image['height'], image['width']]:
            return 'have another size than their image'
        return None if _decodes(mask) else 'do not decode'
    if not isinstance(mask, list) or not all(_numbers(part) for part in mask):
        return 'are no polygons of numbers'
    if any(len(part) < 6 or len(part) % 2 for part in mask):
        return 'are polygons of less than three points'
    return None


def _decodes(mask: dict) -> bool:
    counts, (height, width) = mask.get('counts'), mask['size']
    if isinstance(counts, list):
        return _numbers(counts) and min(counts) >= 0 and sum(counts) == height * width
    if not isinstance(counts, str | bytes):
        return False
    from pycocotools import mask as coco_mask

    try:
        return bool(coco_mask.decode(mask).any())
    except (ValueError, TypeError, MemoryError):
        return False


def _sizes(report: Report, seen: Sequence[Seen], images: Sequence[dict]) -> None:
    for one, image in zip(seen, images, strict=True):
        if not one.fault and one.size != (image['width'], image['height']):
            report.error('images have another size than the file says', [one.path])


def _numbers(values: Any) -> TypeGuard[list]:
    return isinstance(values, list) and all(
        type(value) in (int, float) and math.isfinite(value) for value in values
    )


def _key(record: Mapping[str, Any], name: str = 'id') -> Any:
    """Give an id that can be looked up, whatever the file has there."""
    value = record.get(name)
    return value if isinstance(value, int | str) else repr(value)
