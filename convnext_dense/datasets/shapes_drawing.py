"""Draw one picture of circles, squares and triangles, with the mask of each.

Every shape is a signed distance in pixels. Its mask is where the distance at the
pixel's centre is at most zero and its antialiased paint is the same distance clipped,
so that picture and labels cannot disagree.
"""

from collections.abc import Callable
from math import cos, pi, sqrt
from typing import NamedTuple

import numpy as np
from numpy.random import Generator

Array = np.ndarray
# From coordinates in diameters (2, H, W), and a length in diameters, to about -1..1.
Pattern = Callable[[Generator, Array, float], Array]


class Outline(NamedTuple):
    """A regular outline, in units of the largest distance across it."""

    sides: int  # 0 for a circle
    circumradius: float
    area: float


OUTLINES = {
    'circle':   Outline(0, 1 / 2,       pi / 4),
    'square':   Outline(4, 1 / 2,       1 / 2),
    'triangle': Outline(3, 1 / sqrt(3), sqrt(3) / 4),
}  # fmt: skip
CLASSES = tuple(OUTLINES)

MAX_OBJECTS = 5
TILT = pi / 8  # either way from upright
DIAMETERS = (0.15, 0.5)  # of the picture's shorter side
MIN_DIAMETER = 12.0  # pixels: below it a triangle and a circle look the same
MIN_VISIBLE = 0.4  # of the whole area: less leaves too little to tell the class
MIN_PIXELS = 32
MIN_CONTRAST = 60.0  # see `contrast`
PLACEMENTS = 12  # places tried before an object is given up

BACKGROUNDS = np.array([
    (243, 235, 221), (202, 210, 197), (201, 214, 223), (216, 207, 224),
    (226, 206, 181), (240, 214, 208), (92, 107, 118), (34, 51, 64),
    (58, 62, 92), (66, 84, 72), (84, 66, 74), (150, 160, 165),
], dtype=float)  # fmt: skip
# Each kind has colours of its own, as things in photographs do. Without them only a
# network that sees whole outlines could name a pixel, which takes longer to learn than
# a demonstration lasts.
FILLS = {
    'circle':   [(239, 101, 96), (244, 162, 89), (233, 150, 170), (176, 58, 72)],
    'square':   [(42, 157, 143), (78, 165, 217), (74, 84, 170), (30, 62, 84)],
    'triangle': [(242, 201, 76), (120, 176, 92), (200, 220, 90), (90, 140, 60)],
}  # fmt: skip


class Shape(NamedTuple):
    """One placed object; lengths in pixels, angle in radians, colour in 0..255."""

    kind: int
    y: float
    x: float
    diameter: float
    angle: float
    colour: Array

    @property
    def outline(self) -> Outline:
        """The outline of this kind of shape."""
        return OUTLINES[CLASSES[self.kind]]

    @property
    def area(self) -> float:
        """Whole area in pixels, hidden and cut-off parts included."""
        return self.outline.area * self.diameter**2

    def local(self, grid: Array) -> Array:
        """Turn pixel centres (2, H, W) into coordinates along the shape's axes."""
        y, x = grid[0] - self.y, grid[1] - self.x
        c, s = np.cos(self.angle), np.sin(self.angle)
        return np.stack([c * y - s * x, s * y + c * x])

    def distance(self, grid: Array) -> Array:
        """Signed distance (H, W) to the outline, negative inside."""
        v, u = self.local(grid)
        radius, sides = self.outline.circumradius * self.diameter, self.outline.sides
        if not sides:
            return np.hypot(u, v) - radius
        turns = 2 * pi * np.arange(sides) / sides  # from below: triangles point up
        across = [v * np.cos(turn) + u * np.sin(turn) for turn in turns]
        return np.max(across, axis=0) - radius * cos(pi / sides)


def contrast(a: Array, b: Array) -> float:
    """Distance between two RGB colours (3,) in 0..255, weighted as the eye does."""
    return float(np.sqrt(np.dot((0.299, 0.587, 0.114), (a - b) ** 2)))


def draw_image(
    rng: Generator, height: int, width: int, *, max_objects: int = MAX_OBJECTS
) -> tuple[Array, list[tuple[int, Array]]]:
    """Draw one picture; a pure function of the generator's state and the arguments.

    Args:
        rng: Source of every choice made.
        height: In pixels, at least 32.
        width: In pixels, at least 32.
        max_objects: Between 1 and this many objects are tried; one without room or a
            colour that stands out is left away.

    Returns:
        The RGB picture, uint8 (H, W, 3), and for each object, from the farthest to
        the nearest, its index into `CLASSES` and its visible part, bool (H, W). The
        visible parts are disjoint, and none is under 40 % of its shape or 32 pixels.

    Raises:
        ValueError: If a side is under 32 pixels or `max_objects` is under 1.
    """
    if min(height, width) < 32:
        raise ValueError(f'an image needs sides of 32 or more, not {height} x {width}')
    if max_objects < 1:
        raise ValueError(f'max_objects must be 1 or more, not {max_objects}')
    grid = np.mgrid[:height, :width] + 0.5
    backdrop = BACKGROUNDS[rng.integers(len(BACKGROUNDS))] + rng.uniform(-8, 8, 3)
    placed = _place(rng, grid, backdrop, int(rng.integers(1, max_objects + 1)))

    canvas = backdrop * _backdrop_shading(rng, grid)[..., None]
    light = rng.uniform(0, 2 * pi)
    for shape, _ in placed:
        canvas = _paint(rng, canvas, grid, shape, light)
    canvas += rng.uniform(-1, 1, (height, width, 1)) * rng.uniform(3, 9)
    canvas += rng.uniform(-4, 4, canvas.shape)
    image = np.clip(np.rint(canvas), 0, 255).astype(np.uint8)
    return image, [(shape.kind, mask) for shape, mask in placed]


def _place(
    rng: Generator, grid: Array, backdrop: Array, count: int
) -> list[tuple[Shape, Array]]:
    """Choose up to `count` shapes, each later one in front, with visible masks.

    A place that would hide too much of anything is refused before it is drawn: were
    an object dropped afterwards, its pixels would stay in the picture unlabelled.
    """
    placed: list[tuple[Shape, Array]] = []
    for _ in range(count):
        kind = int(rng.integers(len(CLASSES)))
        for _ in range(PLACEMENTS):
            shape = _random_shape(rng, kind, grid.shape[1:])
            distance = shape.distance(grid)
            mask = distance <= 0
            after = [(s, m & ~mask) for s, m in placed] + [(shape, mask)]
            if not all(_is_visible(s, m) for s, m in after):
                continue
            touched = [s.colour for s, m in placed if (m & (distance <= 2)).any()]
            colour = _pick_colour(rng, kind, [backdrop, *touched])
            if colour is not None:
                placed = [*after[:-1], (shape._replace(colour=colour), mask)]
                break
    return placed


def _random_shape(rng: Generator, kind: int, size: tuple[int, ...]) -> Shape:
    """A shape with its centre far enough inside that most of it shows."""
    low = max(DIAMETERS[0] * min(size), MIN_DIAMETER)
    diameter = rng.uniform(low, max(DIAMETERS[1] * min(size), low))
    y, x = (rng.uniform(0.25 * diameter, side - 0.25 * diameter) for side in size)
    return Shape(kind, y, x, diameter, rng.uniform(-TILT, TILT), np.zeros(3))


def _is_visible(shape: Shape, mask: Array) -> bool:
    return mask.sum() >= max(MIN_VISIBLE * shape.area, MIN_PIXELS)


def _pick_colour(rng: Generator, kind: int, others: list[Array]) -> Array | None:
    """A fill of this kind that stands out from all `others`; None if it has none."""
    for fill in rng.permutation(FILLS[CLASSES[kind]]):
        colour = np.clip(fill + rng.uniform(-8, 8, 3), 0, 255)
        if all(contrast(colour, other) >= MIN_CONTRAST for other in others):
            return colour
    return None


def _paint(
    rng: Generator, canvas: Array, grid: Array, shape: Shape, light: float
) -> Array:
    """Lay a soft shadow and then the textured shape over the canvas (H, W, 3)."""
    reach = 0.06 * shape.diameter
    shadow = shape._replace(
        y=shape.y + reach * np.sin(light), x=shape.x + reach * np.cos(light)
    ).distance(grid)
    canvas = canvas * (1 - 0.3 * np.clip(0.5 - shadow / (3 * reach), 0, 1))[..., None]

    distance = shape.distance(grid)
    # Shorter than 5 pixels a pattern is only noise.
    period = max(rng.uniform(0.15, 0.3), 5 / shape.diameter)
    pattern = PATTERNS[CLASSES[shape.kind]]
    local = shape.local(grid) / shape.diameter
    shade = 1 + rng.uniform(0.12, 0.24) * pattern(rng, local, period)
    rim = 1 - 0.12 * np.clip(distance + 2, 0, 1)
    paint = shape.colour * (shade * rim)[..., None]
    coverage = np.clip(0.5 - distance, 0, 1)[..., None]
    return canvas + coverage * (paint - canvas)


def _backdrop_shading(rng: Generator, grid: Array) -> Array:
    """Factors (H, W) close to one: a slow slope, clouds and sometimes faint lines."""
    height, width = grid.shape[1:]
    down, right = rng.uniform(-0.1, 0.1, 2)
    slope = down * (grid[0] / height - 0.5) + right * (grid[1] / width - 0.5)
    clouds = _waves(rng, grid / min(height, width), count=8, frequency=4.0)
    shading = 1 + slope + 0.06 * clouds
    if rng.random() < 0.5:
        angle, period = rng.uniform(0, pi), rng.uniform(5, 12)
        along = np.cos(angle) * grid[0] + np.sin(angle) * grid[1]
        shading += 0.03 * np.sin(2 * pi * along / period)
    return shading


def _waves(rng: Generator, grid: Array, count: int, frequency: float) -> Array:
    """Smooth noise (H, W) of about unit spread: a sum of random plane waves."""
    total = np.zeros(grid.shape[1:])
    for _ in range(count):
        down, right = rng.uniform(-frequency, frequency, 2)
        total += np.sin(2 * pi * (down * grid[0] + right * grid[1] + rng.random()))
    return total * sqrt(2 / count)


def _stripes(rng: Generator, local: Array, period: float) -> Array:
    return np.clip(2 * np.sin(2 * pi * (local[0] / period + rng.random())), -1, 1)


def _checks(rng: Generator, local: Array, period: float) -> Array:
    v, u = np.sin(2 * pi * (local / (1.5 * period) + rng.random()))
    return np.clip(4 * u * v, -1, 1)


def _dots(rng: Generator, local: Array, period: float) -> Array:
    v, u = np.cos(2 * pi * (local / period + rng.random()))
    return np.clip(3 * (u + v - 0.6), -0.5, 1)


PATTERNS: dict[str, Pattern] = {
    'circle': _dots,
    'square': _checks,
    'triangle': _stripes,
}
