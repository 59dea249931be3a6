"""Names beside what they name."""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

# What lies under a name counts once if it is an object and more if it is a name.
NAME_ON_NAME = 8.0
# A name that would lie on others by more than this share of its area is left out.
MOST_ON_NAMES = 0.25
# Objects are looked up on a grid of this many cells along the longer side.
GRID = 512


class Label(NamedTuple):
    """A text for a box ``x1, y1, x2, y2`` in pixels, in RGB."""

    text: str
    box: tuple[float, float, float, float]
    colour: tuple[int, int, int]


class Cover:
    """How much of a rectangle is taken, by objects and by names."""

    def __init__(self, taken: np.ndarray):
        height, width = taken.shape
        self.scale = min(1.0, GRID / max(height, width))
        size = (max(1, round(width * self.scale)), max(1, round(height * self.scale)))
        shrunk = cv2.resize(
            taken.astype(np.float32), size, interpolation=cv2.INTER_AREA
        )
        self.objects = cv2.integral(shrunk)
        self.names: list[tuple[int, int, int, int]] = []

    def objects_under(self, x: int, y: int, width: int, height: int) -> float:
        """Give the share of a rectangle that objects take, in 0..1."""
        rows, columns = self.objects.shape
        left, right = np.clip(np.array([x, x + width]) * self.scale, 0, columns - 1)
        top, bottom = np.clip(np.array([y, y + height]) * self.scale, 0, rows - 1)
        left, top = int(left), int(top)
        right, bottom = max(int(np.ceil(right)), left), max(int(np.ceil(bottom)), top)
        table = self.objects
        total = (
            table[bottom, right] - table[top, right]
            - table[bottom, left] + table[top, left]
        )  # fmt: skip
        return float(total) / max(1, (right - left) * (bottom - top))

    def names_under(self, x: int, y: int, width: int, height: int) -> float:
        """Give the share of a rectangle that the names so far take, at most 1."""
        shared = 0
        for left, top, w, h in self.names:
            across = min(x + width, left + w) - max(x, left)
            down = min(y + height, top + h) - max(y, top)
            shared += max(0, across) * max(0, down)
        return min(1.0, shared / (width * height))


def write_labels(
    canvas: np.ndarray, labels: Sequence[Label], taken: np.ndarray
) -> np.ndarray:
    """Write each label where it covers least, near its box and inside the picture.

    Args:
        canvas: (H, W, 3) RGB in 0..255.
        labels: What to write; of two that meet, the later one may be left out.
        taken: (H, W) boolean, where objects are.

    Returns:
        (H, W, 3) RGB in 0..255.
    """
    if not labels:
        return canvas
    height, width = canvas.shape[:2]
    picture = Image.fromarray(canvas)
    draw = ImageDraw.Draw(picture)
    font = _font(height, width)
    cover = Cover(taken)
    for text, box, colour in labels:
        left, top, *_ = font.getbbox(text)
        size = label_size(text, height, width)
        x, y = _best_place(box, size, cover, height, width)
        if cover.names_under(x, y, *size) > MOST_ON_NAMES:
            continue
        cover.names.append((x, y, *size))
        draw.rectangle((x, y, x + size[0], y + size[1]), fill=colour)
        draw.text((x + 3 - left, y + 3 - top), text, fill=ink_on(colour), font=font)
    return np.array(picture)


def label_size(text: str, height: int, width: int) -> tuple[int, int]:
    """Give width and height in pixels that a label takes in a picture."""
    left, top, right, bottom = _font(height, width).getbbox(text)
    return int(right - left) + 6, int(bottom - top) + 6


@cache
def _font(height: int, width: int) -> ImageFont.FreeTypeFont:
    size = min(28, max(10, min(height, width) // 26))
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font


def ink_on(colour: tuple[int, int, int]) -> tuple[int, int, int]:
    """Give black or white, whichever is read more easily on a colour."""
    red, green, blue = colour
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    return (20, 20, 20) if luma > 140 else (255, 255, 255)


def _best_place(
    box: tuple[float, float, float, float],
    size: tuple[int, int],
    cover: Cover,
    height: int,
    width: int,
) -> tuple[int, int]:
    """Try places around the box, the usual one first, and inside it, the last."""
    w, h = size
    x1, y1, x2, y2 = box
    places = [
        (x1, y1 - h - 1), (x2 - w, y1 - h - 1), (x1, y2 + 2), (x2 - w, y2 + 2),
        (x2 + 2, y1), (x1 - w - 2, y1), (x2 + 2, y2 - h), (x1 - w - 2, y2 - h),
        (x1, y1), (x2 - w, y1), (x1, y2 - h), (x2 - w, y2 - h),
    ]  # fmt: skip
    best, least = (0, 0), float('inf')
    for x, y in places:
        inside = (
            int(np.clip(x, 0, max(0, width - w - 1))),
            int(np.clip(y, 0, max(0, height - h - 1))),
        )
        cost = cover.objects_under(*inside, w, h)
        cost += NAME_ON_NAME * cover.names_under(*inside, w, h)
        if cost < least - 0.02:  # a place that is hardly better is not worth the move
            best, least = inside, cost
    return best
