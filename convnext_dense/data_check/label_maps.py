"""Images with label maps, checked pixel by pixel."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from convnext_dense.datasets.images import fault_of_image

from .images import in_parallel, look_at, note_images
from .report import Report

IGNORED = 255


def check_label_maps(
    title: str,
    data: Sequence[Mapping[str, Any]],
    classes: Sequence[str],
    reduce_zero_label: bool,
) -> tuple[Report, dict[str, list[Path]]]:
    """Check images and their label maps.

    Args:
        title: The name of the split.
        data: Records with ``img_path`` and ``seg_map_path``.
        classes: Names in the order of the labels.
        reduce_zero_label: Whether label 0 is ignored and class 0 has label 1.

    Returns:
        The report, and the readable images by their content.
    """
    report = Report(title)
    images = in_parallel(look_at, [Path(d['img_path']) for d in data], title)
    maps = [Path(d['seg_map_path']) for d in data]
    counts: Counter = Counter()
    found = in_parallel(look_at_labels, maps, f'{title} labels')
    for image, path, (fault, size, labels) in zip(images, maps, found, strict=True):
        if fault:
            report.error(f'label maps are unusable: {fault}', [path])
            continue
        if not image.fault and size != image.size:
            report.error('label maps have another size than their image', [path])
        if reduce_zero_label:
            labels = [IGNORED if v in (0, IGNORED) else v - 1 for v in labels]
        wrong = [v for v in labels if v >= len(classes) and v != IGNORED]
        if wrong:
            what = 'label maps have labels outside the classes'
            report.error(what, [f'{path} {wrong[:5]}'])
        counts.update(labels)
    report.counts = dict(images=len(images), classes=len(classes))
    absent = [name for label, name in enumerate(classes) if not counts[label]]
    report.warn('classes never occur', absent)
    return report, note_images(report, images)


def look_at_labels(path: Path) -> tuple[str | None, tuple[int, int], list[int]]:
    """Read a label map; give its fault, size (width, height) and labels."""
    fault = fault_of_image(path)
    if fault:
        return fault, (0, 0), []
    with Image.open(path) as image:
        if image.mode not in ('L', 'P', '1'):
            return f'its mode is {image.mode}, not 8 bits of one channel', (0, 0), []
        return None, image.size, np.unique(np.asarray(image)).tolist()
