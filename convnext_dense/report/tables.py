"""Tables as HTML."""

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup, escape


def bar_table(
    names: Sequence[str],
    values: Sequence[np.ndarray],
    *,
    more: Sequence[tuple[str, np.ndarray]] = (),
    title: str = '',
) -> Markup:
    """List classes, the best first, with a bar each; of two runs, also the difference.

    Args:
        names: What is listed.
        values: (N,) in 0..1 for one or two runs; nan for what does not occur.
        more: Further columns of the last run: a title, and (N,) in 0..1.
        title: What the values are.
    """
    order = sorted(
        range(len(names)), key=lambda i: -np.nan_to_num(values[0][i], nan=-1)
    )
    difference = '<th>change</th>' if len(values) == 2 else ''
    whose = ', second run' * (len(values) == 2)
    heads = ''.join(f'<th>{escape(name)}{whose}</th>' for name, _ in more)
    rows = []
    for index in order:
        bars = ''.join(_bar(float(v[index]), n) for n, v in enumerate(values))
        cells = f'<td>{escape(names[index])}</td><td class="wide">{bars}</td>'
        if len(values) == 2:
            cells += _change(float(values[1][index] - values[0][index]))
        cells += ''.join(f'<td>{percent(float(v[index]))}</td>' for _, v in more)
        rows.append(f'<tr>{cells}</tr>')
    head = f'<tr><th>class</th><th class="wide">{escape(title)}</th>{difference}{heads}'
    return Markup(
        f'<div class="scroll"><table class="bars">{head}</tr>{"".join(rows)}</table>'
        '</div>'
    )


def fact_table(facts: Sequence[Sequence[str]], head: Sequence[str] = ()) -> Markup:
    """List facts, one a row: a name and its values."""
    rows = [''.join(f'<th>{escape(cell)}</th>' for cell in head)] if head else []
    rows += [''.join(f'<td>{escape(cell)}</td>' for cell in row) for row in facts]
    body = ''.join(f'<tr>{row}</tr>' for row in rows)
    return Markup(f'<div class="scroll"><table class="facts">{body}</table></div>')


def percent(value: float) -> str:
    """Write a value in 0..1 as COCO's tables do, in hundredths."""
    return '-' if np.isnan(value) or value < 0 else f'{100 * value:.1f}'


def _bar(value: float, run: int) -> str:
    return bar(run, 0.0 if np.isnan(value) else value, percent(value))


def bar(run: int, share: float, text: str) -> Markup:
    """Draw a bar in a run's colour, a share in 0..1 of the place, with its value."""
    return Markup(
        '<div class="bar"><i class="b{}" style="--share:{:.3f}"></i><b>{}</b></div>'
    ).format(run, share, text)


def _change(value: float) -> str:
    if np.isnan(value):
        return '<td>-</td>'
    kind = 'up' if value > 0 else 'down' if value < 0 else ''
    return f'<td class="{kind}">{100 * value:+.1f}</td>'
