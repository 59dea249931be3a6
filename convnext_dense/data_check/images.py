"""Read every image of a data set, in parallel."""

import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from PIL import Image
from tqdm import tqdm

from convnext_dense.datasets.images import fault_of_image

from .report import Report

Item = TypeVar('Item')
Result = TypeVar('Result')


@dataclass(frozen=True)
class Seen:
    """What reading an image told: its fault, or its size upright and its content."""

    path: Path
    fault: str | None = None
    size: tuple[int, int] = (0, 0)  # width, height
    content: str = ''


def look_at(path: Path) -> Seen:
    """Read one image."""
    fault = fault_of_image(path)
    if fault:
        return Seen(path, fault)
    content = hashlib.sha256(path.read_bytes()).hexdigest()
    with Image.open(path) as image:
        # As OpenCV shows it to the network: turned as its EXIF data says.
        turned = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)
        width, height = image.size
    return Seen(path, None, (height, width) if turned else (width, height), content)


def in_parallel(
    look: Callable[[Item], Result], items: Sequence[Item], title: str
) -> list[Result]:
    """Apply a function to all items, on all cores, showing how far it is."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        # Decoding and hashing leave the interpreter to other threads.
        done = pool.map(look, items)
        return [*tqdm(done, title, total=len(items), unit='image', disable=None)]


def check_images(
    title: str, data: Sequence[Mapping[str, Any]]
) -> tuple[Report, dict[str, list[Path]]]:
    """Check images that have no labels.

    Args:
        title: The name of the split.
        data: Records with ``img_path``.

    Returns:
        The report, and the readable images by their content.
    """
    report = Report(title)
    seen = in_parallel(look_at, [Path(d['img_path']) for d in data], title)
    report.counts = dict(images=len(seen))
    return report, note_images(report, seen)


def note_images(report: Report, seen: Iterable[Seen]) -> dict[str, list[Path]]:
    """Note unreadable and repeated images; give the others by their content."""
    by_content: dict[str, list[Path]] = defaultdict(list)
    for one in seen:
        if one.fault:
            what = one.fault.partition(' (')[0].removeprefix('it ')
            report.error(f'unusable images, where {what}', [one.path])
        else:
            by_content[one.content].append(one.path)
    repeated = [paths[1] for paths in by_content.values() if len(paths) > 1]
    report.warn('images have the content of another', repeated)
    return by_content


def note_leakage(report: Report, train: dict[str, Any], other: dict[str, Any]) -> None:
    """Note images that are in both of two splits."""
    shared = [other[key][0] for key in other if key in train]
    report.error('images are in the training set too', shared)
