"""Parts of the page that do not depend on the task."""

import difflib
from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from convnext_dense.errors import UserError

from .calibration import Calibration
from .charts import Line, columns, lines, matrix, reliability
from .pictures import data_uri
from .section import Section
from .tables import fact_table
from .work_dir import Run

# Endings of the metrics that are drawn, where there are any.
SHOWN_METRICS = ('mAP', 'mAP_50', 'mIoU', 'mAcc', 'aAcc', 'mDice', 'mFscore')
# Rates that are drawn beside losses and metrics.
RATES = ('lr', 'grad_norm')


def check_classes(runs: Sequence[Run], classes: Sequence[Sequence[str]]) -> None:
    """Raise a UserError if two runs do not tell the same classes apart."""
    for run, names in zip(runs, classes, strict=True):
        if [*names] != [*classes[0]]:
            raise UserError(
                f'{runs[0].path} and {run.path} cannot be compared: one tells '
                f'{", ".join(classes[0][:3])} (in all {len(classes[0])}) apart, the '
                f'other {", ".join(names[:3])} ({len(names)}); test both on the same '
                'data'
            )


def confusion_chart(confusion: np.ndarray, names: Sequence[str]) -> Markup:
    """Draw a confusion matrix, truth by prediction, shaded by row."""
    share = confusion / np.maximum(confusion.sum(1, keepdims=True), 1)
    tips = [
        [
            f'{truth} called {found}: {confusion[r, c]:,} ({share[r, c]:.1%})'
            for c, found in enumerate(names)
        ]
        for r, truth in enumerate(names)
    ]
    return matrix(confusion, share, ('truth', 'prediction'), (names, names), tips)


def calibration_section(
    charts: Sequence[tuple[str, Calibration]], what: str
) -> Section:
    """Draw reliability diagrams."""
    title, each = 'Calibration', []
    for name, one in charts:
        chart = reliability(one.count, one.right, one.confidence)
        words = Markup('<p>Expected calibration error: <b>{}</b></p>').format(
            f'{one.error:.3f}'
        )
        each.append((name, words + chart))
    if not each:
        note = (
            'Left out: the test kept no confidences. It does, for more memory, with '
            'tools/test.py ... --cfg-options model.test_cfg.keep_logits=True'
        )
    else:
        note = (
            f'The share of {what}, by confidence. On the dashed line, confidence '
            'means what it says; below it, the model is too sure.'
        )
    return Section(title, each, note, half=True)


def curve_sections(runs: Sequence[Run], names: Sequence[str]) -> list[Section]:
    """Draw losses, metrics and rates over the iterations."""
    keys = [*dict.fromkeys(key for run in runs for key in run.curves)]
    losses = [key for key in keys if 'loss' in key]
    metrics = [key for key in keys if key.endswith(SHOWN_METRICS)]
    if not keys:
        return []
    charts = [('losses', _curves(runs, names, losses))]
    if metrics:
        charts.append(('metrics', _curves(runs, names, metrics)))
    charts += [(key, _curves(runs, names, [key])) for key in RATES if key in keys]
    return [Section('Training', charts)]


def _curves(runs: Sequence[Run], names: Sequence[str], keys: list[str]) -> Markup:
    if len(runs) == 2:
        # Dashes tell the runs apart.
        keys = [key for key in keys if not key.startswith('val_')]
    trained = [key for key in keys if not key.startswith('val_')]
    series = [
        Line(
            f'{key} {name}'.strip(),
            run.curves[key],
            trained.index(key.removeprefix('val_')),
            dashed=number == 1 or key not in trained,
        )
        for key in keys
        for number, (run, name) in enumerate(zip(runs, names, strict=True))
        if key in run.curves
    ]
    return lines(series, 'iteration')


def label_section(runs: Sequence[Run], names: Sequence[str]) -> list[Section]:
    """Show what the training labels are like."""
    known = [(n, r.labels) for n, r in zip(names, runs, strict=True) if r.labels]
    if not known or (len(known) == 2 and known[0][1] == known[1][1]):
        known = [('', labels) for _, labels in known[:1]]
    charts = [
        (f'{name} {title}'.strip(), chart)
        for name, labels in known
        for title, chart in _label_charts(labels)
    ]
    if not charts:
        return []
    counted, images = known[0][1]['counted'], known[0][1]['images']
    some = '' if counted == images else f' of {images:,}, at even distances'
    note = f'Counted in {counted:,} training images{some}.'
    return [Section('Training labels', charts, note)]


def _label_charts(labels: dict) -> list[tuple[str, Markup]]:
    names = labels['classes']
    if 'pixels' in labels:
        total = max(1, sum(labels['pixels']) + labels['unlabelled'])
        known = zip(labels['pixels'], labels['occurs'], names, strict=True)
        shares = [
            (name, f'{100 * pixels / total:.2f} %', f'{occurs:,}')
            for pixels, occurs, name in sorted(known, reverse=True)
        ]
        shares.append(('unlabelled', f'{100 * labels["unlabelled"] / total:.2f} %', ''))
        return [('pixels', fact_table(shares, ('class', 'of all', 'in images')))]
    rows = sorted(zip(labels['objects'], names, strict=True), reverse=True)
    facts = [(name, f'{count:,}') for count, name in rows]
    numbers = {int(key): count for key, count in labels['per_image'].items()}
    edges, counts = _grouped(numbers)
    per_image = columns(
        counts, edges, 'objects in an image',
        [f'{e} objects: {c:,} images' for e, c in zip(edges, counts, strict=True)],
    )  # fmt: skip
    sizes = np.array(labels['sizes'])
    return [
        ('objects', fact_table(facts, ('class', 'objects'))),
        ('objects in an image', per_image),
        ('box sizes', _size_chart(sizes)),
    ]


def _grouped(numbers: dict[int, int]) -> tuple[list[str], list[int]]:
    """Group numbers of objects so that at most twenty bars remain."""
    step = max(1, -(-(max(numbers, default=0) + 1) // 20))
    groups = range(0, max(numbers, default=0) + 1, step)
    counts = [sum(numbers.get(g + i, 0) for i in range(step)) for g in groups]
    edges = [str(g) if step == 1 else f'{g}-{g + step - 1}' for g in groups]
    return edges, counts


def _size_chart(sizes: np.ndarray) -> Markup:
    # Few large boxes should show beside many small ones.
    shades = np.sqrt(sizes / max(1, sizes.max()))
    step = 100 // len(sizes)
    names = [f'{i * step} %' if i % 4 == 0 else '' for i in range(len(sizes))]
    tips = [
        [
            f'height {r * step}-{(r + 1) * step} %, width {c * step}-'
            f'{(c + 1) * step} % of the image: {count:,} boxes'
            for c, count in enumerate(row)
        ]
        for r, row in enumerate(sizes)
    ]
    return matrix(sizes, shades, ('height', 'width'), (names, names), tips)


def batch_section(runs: Sequence[Run], names: Sequence[str]) -> list[Section]:
    """Show the first training batches."""
    each = [
        (name, Markup().join(
            Markup('<img class="sheet" loading="lazy" alt="{}" src="{}">').format(
                path.stem, data_uri(path))
            for path in run.batches))
        for name, run in zip(names, runs, strict=True) if run.batches
    ]  # fmt: skip
    note = 'After all augmentation, as the network sees them; colours are the truth.'
    return [Section('First training batches', each, note)] if each else []


def origin_sections(runs: Sequence[Run], names: Sequence[str]) -> list[Section]:
    """Say how the runs were made."""
    sections = [
        Section(
            'Origin',
            [(n, _facts(run)) for n, run in zip(names, runs, strict=True)],
        )
    ]
    configs = [run.entry.get('config', '') for run in runs]
    if len(runs) == 2:
        changed = difflib.unified_diff(
            configs[0].splitlines(), configs[1].splitlines(), names[0], names[1],
            lineterm='', n=2,
        )  # fmt: skip
        text = '\n'.join(changed) or 'The configs are the same.'
        sections.append(Section('Difference of configs', [('', _code(text))]))
    bodies = [
        (n, Markup('<details><summary>show</summary>{}</details>').format(_code(c)))
        for n, c in zip(names, configs, strict=True)
        if c
    ]
    return [*sections, *([Section('Resolved config', bodies)] if bodies else [])]


def _facts(run: Run) -> Markup:
    entry, results = run.entry, run.results
    where = f'after iteration {results["iter"]:,}' if 'iter' in results else ''
    facts = [
        ('work dir', str(run.path)),
        ('command', entry.get('command', 'not kept')),
        ('started', entry.get('date', 'not kept')),
        ('seed', str(entry.get('seed', 'not kept'))),
        ('device', entry.get('device', 'not kept')),
        ('processes', str(entry.get('processes', 'not kept'))),
        ('results of', f'{results["phase"]} {where}'.strip()),
        ('checkpoint', str(results.get('load_from') or '')),
        *sorted(entry.get('versions', {}).items()),
    ]
    return fact_table([fact for fact in facts if fact[1]])


def _code(text: str) -> Markup:
    return Markup('<pre>{}</pre>').format(text)
