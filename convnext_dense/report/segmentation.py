"""What a segmentor's label maps say."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup
from PIL import Image

from convnext_dense.visualization import draw_label_map

from .calibration import Calibration
from .common import calibration_section, check_classes, confusion_chart
from .pictures import read_image, scale_of, side_by_side
from .section import Section
from .tables import bar_table, fact_table, percent
from .work_dir import Run

PICTURES = 6


@dataclass(frozen=True)
class Analysis:
    """Numbers of one run, in 0..1; nan for a class that does not occur.

    Args:
        run: The run.
        names: Class names.
        confusion: (C, C) pixels, truth by prediction.
        iou: (C,) intersection over union.
        recall: (C,) share of a class's pixels that were found.
        precision: (C,) share of the pixels called so that are.
        calibration: Pixels by confidence; None where it was not kept.
    """

    run: Run
    names: list[str]
    confusion: np.ndarray
    iou: np.ndarray
    recall: np.ndarray
    precision: np.ndarray
    calibration: Calibration | None


def analyse(run: Run) -> Analysis:
    """Work out a segmentor's numbers."""
    confusion = np.array(run.results['confusion'])
    right = np.diag(confusion).astype(float)
    real, called = confusion.sum(1), confusion.sum(0)
    binned = run.results['calibration']
    return Analysis(
        run,
        run.results['classes'],
        confusion,
        _ratio(right, real + called - right),
        _ratio(right, real),
        _ratio(right, called),
        Calibration(*map(np.array, binned)) if binned else None,
    )


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.where(whole > 0, part / np.maximum(whole, 1), np.nan)


def headline(one: Analysis) -> list[tuple[str, str]]:
    """Give the numbers that stand first."""
    total = max(1, one.confusion.sum())
    return [
        ('mIoU', percent(float(np.nanmean(one.iou)))),
        ('pixel accuracy', percent(float(np.diag(one.confusion).sum() / total))),
        ('mean class accuracy', percent(float(np.nanmean(one.recall)))),
    ]


def sections(analyses: Sequence[Analysis], names: Sequence[str]) -> list[Section]:
    """Give the parts of the page for one run, or for two side by side."""
    first, last = analyses[0], analyses[-1]
    check_classes([one.run for one in analyses], [one.names for one in analyses])
    each = [*zip(names, analyses, strict=True)]
    share = last.confusion.sum(1) / max(1, last.confusion.sum())
    per_class = bar_table(
        first.names,
        [one.iou for one in analyses],
        more=[
            ('recall', last.recall),
            ('precision', last.precision),
            ('pixels', share),
        ],
        title='IoU',
    )
    summaries = [(n or 'this run', *(v for _, v in headline(one))) for n, one in each]
    heads = ('', *(label for label, _ in headline(first)))
    charts = [(n, one.calibration) for n, one in each if one.calibration]
    return [
        *([Section('Numbers', [('', fact_table(summaries, heads))])]
          if len(analyses) > 1 else []),
        Section(
            'Classes',
            [('', per_class)],
            'In hundredths; the last column is the share of all labelled pixels.',
        ),
        Section(
            'Confusion',
            [(n, confusion_chart(one.confusion, one.names)) for n, one in each],
            'Pixels; shade: share of the row.',
            half=True,
        ),
        calibration_section(charts, 'pixels that have the right label'),
        *(_pictures(each, reverse) for reverse in (False, True)),
    ]  # fmt: skip


def _pictures(each: Sequence[tuple[str, Analysis]], reverse: bool) -> Section:
    title = 'Best images' if reverse else 'Worst images'
    columns = []
    for name, one in each:
        kept = [i for i in one.run.results['images'] if 'label_maps' in i]
        kept.sort(key=lambda image: image['iou'], reverse=reverse)
        # What is kept is half the best and half the worst.
        rows = [_row(one, image) for image in kept[: min(PICTURES, -(-len(kept) // 2))]]
        body = Markup('<div class="figures">{}</div>').format(Markup().join(rows))
        columns.append((name, body))
    return Section(title, columns, 'Ranked by the mean IoU of the classes in an image.')


def _row(one: Analysis, entry: dict[str, Any]) -> Markup:
    path = Path(entry['path'])
    image = read_image(path)
    background = [i for i, name in enumerate(one.names) if name == 'background']
    pictures: list[tuple[str, np.ndarray | None]] = []
    titles = ('truth', 'prediction')
    for title, file in zip(titles, entry['label_maps'], strict=True):
        with Image.open(one.run.path / 'results' / file) as stored:
            labels = np.asarray(stored)
        if image is None or image.shape[:2] != labels.shape:
            pictures.append((title, None))
            continue
        drawn = draw_label_map(
            image, labels, len(one.names), scale=scale_of(image), untinted=background
        )
        pictures.append((title, drawn))
    return side_by_side(f'{path.name} · IoU {100 * entry["iou"]:.1f}', pictures)
