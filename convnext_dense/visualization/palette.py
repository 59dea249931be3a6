"""Colours for classes."""

from functools import lru_cache

import cv2
import numpy as np

# Bright hues that differ in lightness too, so that neighbours stay apart on
# photographs and for most colour-blind readers.
FIRST = (
    (230, 85, 60), (55, 126, 235), (250, 190, 40), (35, 170, 120), (190, 90, 220),
    (85, 205, 235), (240, 130, 185), (150, 200, 50), (160, 110, 70), (120, 120, 140),
)  # fmt: skip

# What the others are chosen from: a grid over RGB without what is lost on a
# photograph, the nearly black, the nearly white and the grey.
STEPS = 20
LIGHTNESS = (32, 92)  # of CIELAB, 0..100
LEAST_CHROMA = 22


def class_colours(number: int) -> list[tuple[int, int, int]]:
    """Give one RGB colour in 0..255 per class.

    The first ten are chosen by hand; each further one is, of all candidates, the
    farthest from those before it in CIELAB, where distances are those that are seen.
    So any number of classes is as far apart as the order allows, and more classes
    change nothing for the first.
    """
    return list(_colours(max(number, 256))[:number])


@lru_cache(maxsize=8)
def _colours(number: int) -> tuple[tuple[int, int, int], ...]:
    axis = np.linspace(0, 255, STEPS).round().astype(np.uint8)
    grid = np.stack(np.meshgrid(axis, axis, axis, indexing='ij'), -1).reshape(-1, 3)
    seen = _lab(grid)
    chroma = np.hypot(seen[:, 1], seen[:, 2])
    dark, light = LIGHTNESS
    visible = (seen[:, 0] > dark) & (seen[:, 0] < light) & (chroma > LEAST_CHROMA)
    grid, seen = grid[visible], seen[visible]
    chosen = [np.array(colour, dtype=np.uint8) for colour in FIRST]
    apart = np.min([_distances(seen, _lab(colour)) for colour in chosen], axis=0)
    while len(chosen) < number and apart.max() > 0:
        index = int(apart.argmax())
        chosen.append(grid[index])
        apart = np.minimum(apart, _distances(seen, seen[index]))
    colours = [(int(r), int(g), int(b)) for r, g, b in chosen]
    # Thousands of classes share colours.
    return tuple(colours[index % len(colours)] for index in range(number))


def _lab(colours: np.ndarray) -> np.ndarray:
    pixels = colours.reshape(1, -1, 3).astype(np.float32) / 255
    return cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB).reshape(-1, 3)


def _distances(colours: np.ndarray, colour: np.ndarray) -> np.ndarray:
    return np.linalg.norm(colours - colour.reshape(1, 3), axis=1)
