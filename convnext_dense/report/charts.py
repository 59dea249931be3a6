"""Charts as SVG, drawn with the colours and the script of ``page.html``.

Values show when the pointer is over them: ``data-tip`` is the text of an element,
``data-lines`` the points of a chart of lines.
"""

import json
import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from markupsafe import Markup, escape

WIDTH, HEIGHT = 520, 280
LEFT, RIGHT, TOP, BOTTOM = 48, 12, 10, 40
INNER_WIDTH, INNER_HEIGHT = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
COLOURS = 8  # the page's --c0 to --c7
MOST_POINTS = 400


class Line(NamedTuple):
    """A line of a chart: its name, points, colour number, and whether it is dashed."""

    name: str
    points: Sequence[tuple[float, float]]
    colour: int = 0
    dashed: bool = False


def lines(
    series: Sequence[Line],
    x_title: str,
    *,
    x_range: tuple[float, float] | None = None,
    y_range: tuple[float, float] | None = None,
) -> Markup:
    """Draw lines, with a legend above.

    Args:
        series: The lines; points that are not finite are left out.
        x_title: What the horizontal axis is.
        x_range: Its ends; those of the points without it.
        y_range: The ends of the vertical axis, likewise.
    """
    kept = [
        line._replace(points=_thin([p for p in line.points if np.isfinite(p).all()]))
        for line in series
    ]
    kept = [line for line in kept if line.points]
    if not kept:
        return Markup('<p class="none">nothing was logged</p>')
    xs = [x for line in kept for x, _ in line.points]
    ys = [y for line in kept for _, y in line.points]
    low_x, high_x = x_range or (min(xs), max(xs))
    low_y, high_y = y_range or (min(0.0, *ys) if len(ys) > 1 else 0.0, max(ys))
    x_scale, y_scale = _scale(low_x, high_x), _scale(low_y, high_y)
    body, data = _axes((low_x, high_x), (low_y, high_y), x_title), []
    for line in kept:
        places = [
            (LEFT + INNER_WIDTH * x_scale(x), TOP + INNER_HEIGHT * (1 - y_scale(y)))
            for x, y in line.points
        ]
        data.append([line.name, [[round(px, 1), x, y] for (px, _), (x, y) in
                                 zip(places, line.points, strict=True)]])  # fmt: skip
        dash = ' stroke-dasharray="5 4"' * line.dashed
        body += f'<polyline class="s{line.colour % COLOURS}"{dash} points="'
        body += ' '.join(f'{x:.1f},{y:.1f}' for x, y in places) + '"/>'
        if len(places) == 1:
            x, y = places[0]
            body += f'<circle class="f{line.colour % COLOURS}" '
            body += f'cx="{x:.1f}" cy="{y:.1f}" r="3"/>'
    return legend(kept) + _svg(body, f' data-lines="{escape(json.dumps(data))}"')


def legend(series: Sequence[Line]) -> Markup:
    """Name the lines beside their colours."""
    if len(series) == 1:
        return Markup()
    items = ''.join(
        f'<span><i class="b{line.colour % COLOURS}{" dashed" * line.dashed}"></i>'
        f'{escape(line.name)}</span>'
        for line in series
    )
    return Markup(f'<div class="legend">{items}</div>')


def columns(
    values: Sequence[float], labels: Sequence[str], x_title: str, tips: Sequence[str]
) -> Markup:
    """Draw upright bars that stand side by side.

    Args:
        values: Their heights.
        labels: What stands below each; an empty string for nothing.
        x_title: What the horizontal axis is.
        tips: What each shows under the pointer.
    """
    high = max([*values, 1e-9])
    body = _axes(None, (0, high), x_title)
    step = INNER_WIDTH / max(1, len(values))
    for index, (value, label, tip) in enumerate(zip(values, labels, tips, strict=True)):
        height = INNER_HEIGHT * value / high
        x, y = LEFT + index * step, TOP + INNER_HEIGHT - height
        body += f'<rect class="f0" x="{x + step * 0.08:.1f}" y="{y:.1f}" '
        body += f'width="{step * 0.84:.1f}" height="{height:.1f}" '
        body += f'data-tip="{escape(tip)}"/>'
        body += _text(x + step / 2, TOP + INNER_HEIGHT + 14, label, 'middle')
    return _svg(body)


def reliability(count: np.ndarray, right: np.ndarray, confidence: np.ndarray) -> Markup:
    """Draw the share that is right by confidence; the diagonal is what is claimed.

    Args:
        count: (B,) predictions.
        right: (B,) those that are right.
        confidence: (B,) sum of their confidences.
    """
    body = _axes((0, 1), (0, 1), 'confidence')
    step = INNER_WIDTH / len(count)
    for index, number in enumerate(count):
        if not number:
            continue
        share, claimed = right[index] / number, confidence[index] / number
        tip = f'{number:,.0f} at {claimed:.2f}: {share:.1%} right'
        height = INNER_HEIGHT * share
        body += f'<rect class="f0" x="{LEFT + index * step + 1:.1f}" '
        body += f'y="{TOP + INNER_HEIGHT - height:.1f}" width="{step - 2:.1f}" '
        body += f'height="{height:.1f}" data-tip="{escape(tip)}"/>'
    body += f'<line class="diagonal" x1="{LEFT}" y1="{TOP + INNER_HEIGHT}" '
    body += f'x2="{LEFT + INNER_WIDTH}" y2="{TOP}"/>'
    return _svg(body)


def matrix(
    cells: np.ndarray,
    shades: np.ndarray,
    titles: tuple[str, str],
    names: tuple[Sequence[str], Sequence[str]],
    tips: Sequence[Sequence[str]],
) -> Markup:
    """Draw a table of shaded cells; those without a shade are left out.

    Args:
        cells: (R, C) numbers, written where there is room.
        shades: (R, C) in 0..1.
        titles: What rows and columns are.
        names: Names of rows and columns.
        tips: What each cell shows under the pointer.
    """
    rows, across = cells.shape
    side = max(9.0, min(56.0, 440 / max(rows, across)))
    room = 8 + 6.2 * max((min(len(n), 18) for n in names[0]), default=0)
    left, top = room + 18, 22
    written = side >= 34
    body = _text(left + side * across / 2, 12, titles[1], 'middle')
    middle = top + side * rows / 2
    body += f'<g transform="rotate(-90 10 {middle:.0f})">'
    body += _text(10, middle, titles[0], 'middle') + '</g>'
    for row, column in zip(*np.nonzero(shades > 0), strict=True):
        x, y, shade = left + column * side, top + row * side, shades[row, column]
        body += f'<rect class="cell" fill-opacity="{0.06 + 0.94 * shade:.2f}" '
        body += f'x="{x:.1f}" y="{y:.1f}" width="{side - 1:.1f}" '
        body += f'height="{side - 1:.1f}" data-tip="{escape(tips[row][column])}"/>'
        if written:
            kind = 'middle on' if shade > 0.55 else 'middle'
            number = short(int(cells[row, column]))
            body += _text(x + side / 2, y + side / 2 + 4, number, kind)
    for row, name in enumerate(names[0]):
        body += _text(left - 5, top + row * side + side / 2 + 4, name[:18], 'end')
    for column, name in enumerate(names[1]):
        x, y = left + column * side + side / 2 + 3, top + rows * side + 6
        body += f'<g transform="rotate(-45 {x:.0f} {y:.0f})">'
        body += _text(x, y + 4, name[:18], 'end') + '</g>'
    width, height = left + across * side + 8, top + rows * side + room * 0.75 + 8
    style = f' style="max-width:{max(width, 320):.0f}px"'
    return _svg(body, style, (width, height))


def short(number: int) -> str:
    """Write a number in at most four characters: 950, 1.3k, 137k, 2.1M."""
    for unit, size in (('G', 10**9), ('M', 10**6), ('k', 10**3)):
        if number >= size:
            digits = 1 if number < 10 * size else 0
            return f'{number / size:.{digits}f}{unit}'
    return str(number)


def _svg(
    body: str, more: str = '', size: tuple[float, float] = (WIDTH, HEIGHT)
) -> Markup:
    box = f'0 0 {size[0]:.0f} {size[1]:.0f}'
    return Markup(f'<svg viewBox="{box}" role="img"{more}>{body}</svg>')


def _text(x: float, y: float, words: str, kind: str) -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}">{escape(words)}</text>'


def _axes(
    x_range: tuple[float, float] | None, y_range: tuple[float, float], x_title: str
) -> str:
    """Draw the grid and the numbers of both axes."""
    body, floor = '', TOP + INNER_HEIGHT
    scale = _scale(*y_range)
    for tick in ticks(*y_range):
        y = TOP + INNER_HEIGHT * (1 - scale(tick))
        body += f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" '
        body += f'y1="{y:.1f}" y2="{y:.1f}"/>'
        body += _text(LEFT - 6, y + 4, f'{tick:.4g}', 'end')
    if x_range:
        scale = _scale(*x_range)
        for tick in ticks(*x_range):
            x = LEFT + INNER_WIDTH * scale(tick)
            body += _text(x, floor + 15, f'{tick:,.4g}' if tick < 1e4 else
                          f'{tick / 1000:,.4g}k', 'middle')  # fmt: skip
    return body + _text(LEFT + INNER_WIDTH / 2, HEIGHT - 6, x_title, 'middle')


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Choose round numbers between two ends."""
    if high <= low:
        return [low]
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * f for f in (1, 2, 2.5, 5, 10) if power * f >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    count = math.floor(high / step + 1e-9) - first + 1
    return [(first + index) * step for index in range(count)]


def _scale(low: float, high: float) -> Callable[[float], float]:
    span = high - low or 1.0
    return lambda value: (value - low) / span


def _thin(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Take points at even distances, the last included."""
    if len(points) <= MOST_POINTS:
        return points
    places = np.linspace(0, len(points) - 1, MOST_POINTS).round().astype(int)
    return [points[place] for place in places]
