"""What a detector's predictions say."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from faster_coco_eval.core import mask as mask_api
from markupsafe import Markup

from convnext_dense.errors import UserError
from convnext_dense.visualization import draw_instances

from .calibration import calibration_of
from .charts import Line, lines
from .common import calibration_section, confusion_chart
from .error_costs import Cost, error_costs
from .matching import IGNORED, RIGHT, SHOWN, Matches, match
from .objects import KINDS, Objects, Truth, read_predictions, read_truth, shapes_of
from .pictures import read_image, scale_of, side_by_side
from .precision import NUMBERS, SIZES, Precision, precision_of
from .section import Section
from .tables import bar_table, fact_table, percent
from .work_dir import Run

PICTURES = 6
# Curves of more classes than these cannot be told apart: the best and the worst.
MOST_CURVES = 7
WORDS = {'bbox': 'box', 'segm': 'mask'}


@dataclass(frozen=True)
class Analysis:
    """A run's predictions against the truth; masks, or boxes where there are none."""

    run: Run
    kind: str
    truth: Truth
    found: Objects
    matches: Matches
    costs: list[Cost]
    precision: dict[str, Precision]

    @property
    def main(self) -> Precision:
        """COCO's numbers of the main kind."""
        return self.precision[self.kind]


def analyse(run: Run) -> Analysis:
    """Read and compare the predictions of a detector.

    Raises:
        UserError: If files are missing or do not belong together.
    """
    results = run.results
    truth = read_truth(
        Path(results['annotations']), results['classes'], results['image_ids']
    )
    precision = {}
    kinds = [kind for kind in KINDS if kind in results['predictions']]
    for kind in kinds:
        path = run.path / 'results' / results['predictions'][kind]
        found = read_predictions(path, truth)
        precision[kind] = precision_of(truth, found, kind)
    matches = match(truth, found, kind)
    costs = error_costs(truth.objects, found, matches)
    return Analysis(run, kind, truth, found, matches, costs, precision)


def headline(one: Analysis) -> list[tuple[str, str]]:
    """Give the numbers that stand first."""
    return [
        (f'{WORDS[kind]} {name}', percent(precision.numbers[key]))
        for kind, precision in reversed(one.precision.items())
        for name, key in (('AP', 'mAP'), ('AP50', 'mAP_50'))
    ]


def sections(analyses: Sequence[Analysis], names: Sequence[str]) -> list[Section]:
    """Give the parts of the page for one run, or for two side by side."""
    first = analyses[0]
    if any(one.truth.names != first.truth.names for one in analyses):
        raise UserError('the runs were tested on different classes: compare one data')
    what = WORDS[first.kind]
    each = [*zip(names, analyses, strict=True)]
    per_class = bar_table(
        first.truth.names,
        [one.main.ap[:, 0] for one in analyses],
        more=[
            ('AP50', analyses[-1].main.ap50),
            *((s, analyses[-1].main.ap[:, i]) for i, s in enumerate(SIZES) if i),
        ],
        title=f'{what} AP',
    )
    return [
        Section(
            'Numbers',
            [('', _numbers(analyses, names))],
            "COCO's twelve, in hundredths; small objects have an area under 32², large "
            'ones one from 96² pixels. A dash: no such object is annotated.',
        ),
        Section(
            'Classes',
            [('', per_class)],
            f'{what} AP, the mean over IoU 0.5 to 0.95, and that of objects by size.',
        ),
        Section(
            'Precision and recall',
            [(name, _curves(one)) for name, one in each],
            f'At {what} IoU 0.5, by class.',
            half=True,
        ),
        Section(
            'Kinds of error',
            [('', _errors(analyses, names))],
            'As in TIDE (Bolya et al. 2020): what would be gained in AP50 if all errors '
            'of a kind were mended. Localisation: the right class, IoU 0.1 to 0.5. '
            'Class: IoU over 0.5, another class. Both: the two together. Duplicate: the '
            'object is found already. Background: IoU under 0.1 with everything. '
            'Missed: an object that no detection is about.',
            half=True,
        ),
        Section(
            'Confusion',
            [(name, _confusion(one)) for name, one in each],
            f'Detections from score {SHOWN} on, paired with objects at IoU 0.5 whatever '
            'their classes; shade: share of the row.',
            half=True,
        ),
        calibration_section([(name, _calibration(one)) for name, one in each],
                            'detections that find an object of their class'),
        *_pictures(analyses, names),
    ]  # fmt: skip


def _numbers(analyses: Sequence[Analysis], names: Sequence[str]) -> Markup:
    rows = [
        (
            f'{name} {WORDS[kind]}'.strip(),
            *(percent(precision.numbers[key]) for key in NUMBERS),
        )
        for name, one in zip(names, analyses, strict=True)
        for kind, precision in one.precision.items()
    ]
    heads = [key.replace('mAP', 'AP').replace('_', ' ') for key in NUMBERS]
    return fact_table(rows, ('', *heads))


def _curves(one: Analysis) -> Markup:
    order = [i for i in np.argsort(one.main.ap50) if not np.isnan(one.main.ap50[i])]
    if len(order) > MOST_CURVES:
        order = order[: MOST_CURVES // 2 + 1] + order[-(MOST_CURVES // 2) :]
    series = [
        Line(one.truth.names[c], [*_points(one.main.curves[c])], n + 1)
        for n, c in enumerate(reversed(order))
    ]
    if len(order) > 1:
        mean = np.nanmean(one.main.curves, 0)
        series.append(Line('mean of all', [*_points(mean)], 0, dashed=True))
    return lines(series, 'recall', x_range=(0, 1), y_range=(0, 1))


def _points(curve: np.ndarray) -> list[tuple[float, float]]:
    """Give the points of a curve up to the highest recall that was reached."""
    return [(i / 100, float(y)) for i, y in enumerate(curve) if y > 0]


def _errors(analyses: Sequence[Analysis], names: Sequence[str]) -> Markup:
    costs = [np.array([cost.cost for cost in one.costs]) for one in analyses]
    most = max(0.01, *(float(cost.max()) for cost in costs))
    rows = []
    for index, cost in enumerate(analyses[0].costs):
        bars = Markup().join(
            Markup(
                '<div class="bar"><i class="b{}" style="width:{:.1f}%"></i>'
                '<b>{:.2f}</b></div>'
            ).format(number, 100 * values[index] / most, 100 * values[index])
            for number, values in enumerate(costs)
        )
        counts = [f'{one.costs[index].count:,}' for one in analyses]
        rows.append((cost.name, bars, *counts))
    titles = [f'{name} errors'.strip() for name in names]
    return fact_table(rows, ('kind', 'AP50 lost', *titles))


def _confusion(one: Analysis) -> Markup:
    names = [*one.truth.names, 'background']
    return confusion_chart(one.matches.confusion, names)


def _calibration(one: Analysis):  # noqa: ANN202
    counted = one.matches.kind != IGNORED
    right = one.matches.kind[counted] == RIGHT
    return calibration_of(one.found.score[counted], right)


def _pictures(analyses: Sequence[Analysis], names: Sequence[str]) -> list[Section]:
    first, last = analyses[0], analyses[-1]
    same = [one.run.results['image_ids'] for one in analyses]
    note = (
        f'Ranked by panoptic quality of the detections from score {SHOWN} on: the IoUs '
        'of the right ones, by the mean number of detections and objects.'
    )
    if len(analyses) == 1 or same[0] != same[1]:
        found = []
        for title, reverse in (('Worst images', False), ('Best images', True)):
            columns = [
                (name, _rows([one], [''], _ranked(one.matches.quality, reverse)))
                for name, one in zip(names, analyses, strict=True)
            ]
            found.append(Section(title, columns, note))
        return found
    gain = last.matches.quality - first.matches.quality
    return [
        Section(f'Images that {what}', [('', _rows(analyses, names, _ranked(gain, up)))])
        for what, up in (('lose most', False), ('gain most', True))
    ]


def _ranked(quality: np.ndarray, reverse: bool) -> list[int]:
    known = np.flatnonzero(~np.isnan(quality))
    order = known[np.argsort(quality[known], kind='stable')].tolist()
    return order[::-1][:PICTURES] if reverse else order[:PICTURES]


def _rows(
    analyses: Sequence[Analysis], names: Sequence[str], images: Sequence[int]
) -> Markup:
    rows = []
    for index in images:
        first = analyses[0]
        entry = first.truth.images[index]
        image = read_image(Path(first.run.results['images'], entry['file_name']))
        if image is not None and image.shape[:2] != (entry['height'], entry['width']):
            image = None
        pictures = [('truth', _draw(first, image, index, first.truth.objects))]
        pictures += [
            (f'{name} prediction'.strip(), _draw(one, image, index, one.found))
            for name, one in zip(names, analyses, strict=True)
        ]
        values = ' → '.join(f'{100 * one.matches.quality[index]:.0f}' for one in analyses)
        rows.append(side_by_side(f'{entry["file_name"]} · quality {values}', pictures))
    return Markup('<div class="figures">{}</div>').format(Markup().join(rows))


def _draw(
    one: Analysis, image: np.ndarray | None, index: int, objects: Objects
) -> np.ndarray | None:
    if image is None:
        return None
    part = objects.of(index)
    kept = np.flatnonzero(objects.score[part] >= SHOWN)
    masks = None
    if one.kind == 'segm' and len(kept):
        encoded = shapes_of(objects, one.truth.images, 'segm', part)
        decoded = mask_api.decode([encoded[i] for i in kept])
        masks = np.moveaxis(decoded, -1, 0).astype(bool)
    boxes = objects.boxes[part][kept]
    return draw_instances(
        image,
        objects.label[part][kept],
        one.truth.names,
        boxes=np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], 1),
        masks=masks,
        scores=objects.score[part][kept] if objects is one.found else None,
        scale=scale_of(image),
    )
