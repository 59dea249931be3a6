"""What a detector's predictions say."""

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from .calibration import Calibration, calibration_of
from .charts import Line, lines
from .common import calibration_section, check_classes, confusion_chart
from .detection_analysis import Analysis, analyse
from .detection_pictures import picture_sections
from .matching import IGNORED, RIGHT, SHOWN
from .precision import NUMBERS, SIZES
from .section import Section
from .tables import bar, bar_table, fact_table, percent

__all__ = ['Analysis', 'analyse', 'headline', 'sections']

# Curves of more classes than these cannot be told apart: the best and the worst.
MOST_CURVES = 7
WORDS = {'bbox': 'box', 'segm': 'mask'}


def headline(one: Analysis) -> list[tuple[str, str]]:
    """Give the numbers that stand first."""
    return [
        (f'{WORDS[kind]} {name}', percent(numbers[key]))
        for kind, numbers in reversed(one.numbers.items())
        for name, key in (('AP', 'mAP'), ('AP50', 'mAP_50'))
    ]


def sections(analyses: Sequence[Analysis], names: Sequence[str]) -> list[Section]:
    """Give the parts of the page for one run, or for two side by side."""
    first = analyses[0]
    check_classes([one.run for one in analyses], [one.truth.names for one in analyses])
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
            f'{what.capitalize()} AP, the mean over IoU 0.5 to 0.95; then AP by size.',
        ),
        Section(
            'Precision and recall',
            [(name, _curves(one)) for name, one in each],
            f'At {what} IoU 0.5, by class. The mean counts a class as 0 from where its '
            'recall ends, as AP does.',
            half=True,
        ),
        Section(
            'Kinds of error',
            [('', _errors(analyses, names))],
            'As in TIDE (Bolya et al. 2020): what would be gained in AP50 if all '
            'errors of a kind were mended. Localisation: the right class, IoU 0.1 to '
            '0.5. Class: IoU over 0.5, another class. Both: the two together. '
            'Duplicate: the object is found already. Background: IoU under 0.1 with '
            'everything. Missed: an object that no detection is about.',
            half=len(analyses) == 1,
        ),
        Section(
            'Confusion',
            [(name, _confusion(one)) for name, one in each],
            f'Detections from score {SHOWN} on, paired with objects at IoU 0.5 '
            'whatever their classes; shade: share of the row.',
            half=True,
        ),
        calibration_section([(name, _calibration(one)) for name, one in each],
                            'detections that find an object of their class'),
        *picture_sections(analyses, names),
    ]  # fmt: skip


def _numbers(analyses: Sequence[Analysis], names: Sequence[str]) -> Markup:
    rows = [
        (
            f'{name} {WORDS[kind]}'.strip(),
            *(percent(numbers[key]) for key in NUMBERS),
        )
        for name, one in zip(names, analyses, strict=True)
        for kind, numbers in one.numbers.items()
    ]
    heads = [key.replace('mAP', 'AP').replace('_', ' ') for key in NUMBERS]
    return fact_table(rows, ('', *heads))


def _curves(one: Analysis) -> Markup:
    order = [i for i in np.argsort(one.main.ap50) if not np.isnan(one.main.ap50[i])]
    if len(order) > MOST_CURVES:
        order = order[: MOST_CURVES // 2 + 1] + order[-(MOST_CURVES // 2) :]
    # A class keeps its colour from run to run where there are colours enough.
    few = len(one.truth.names) <= MOST_CURVES
    series = [
        Line(one.truth.names[c], [*_points(one.main.curves[c])], (c if few else n) + 1)
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
            bar(number, values[index] / most, f'{100 * values[index]:.2f}')
            for number, values in enumerate(costs)
        )
        counts = [f'{one.costs[index].count:,}' for one in analyses]
        rows.append((cost.name, bars, *counts))
    titles = [f'{name} errors'.strip() for name in names]
    return fact_table(rows, ('kind', 'AP50 lost', *titles))


def _confusion(one: Analysis) -> Markup:
    names = [*one.truth.names, 'background']
    return confusion_chart(one.matches.confusion, names)


def _calibration(one: Analysis) -> Calibration:
    counted = one.matches.kind != IGNORED
    right = one.matches.kind[counted] == RIGHT
    return calibration_of(one.found.score[counted], right)
