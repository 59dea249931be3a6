"""What the controls of the page say, and what it shows for them."""

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Protocol

import cv2
import numpy as np

# Pictures on the page have sides between these, so that small images have room for
# names, and large ones are redrawn and sent in a fraction of a second.
SHORTEST_SIDE = 480
LONGEST_SIDE = 1280
# Corners of outlines are left out where that moves the line by fewer pixels.
OUTLINE_TOLERANCE = 0.7


@dataclass(frozen=True)
class View:
    """What the controls say.

    Attributes:
        threshold: Lowest score of an object, in 0..1.
        opacity: Of the colours, in 0..1.
        shown: Names of the classes that are switched on.
    """

    threshold: float
    opacity: float
    shown: tuple[str, ...]


class Row(NamedTuple):
    """A line of the table, and what it highlights.

    ``share`` in 0..1 is shown as a bar before the first cell. ``colour`` is RGB.
    ``outline`` is the data of an SVG path in pixels of the page's picture, empty for
    what is not shown.
    """

    number: int
    name: str
    colour: tuple[int, int, int]
    share: float
    cells: tuple[str, ...]
    outline: str


class Finding(Protocol):
    """What a model found in one image, ready to be shown in many ways."""

    # Titles of the table's columns: the number, the name, and the cells.
    columns: ClassVar[tuple[str, ...]]

    @property
    def image(self) -> np.ndarray:
        """The image, (H, W, 3) RGB in 0..255."""

    @property
    def found(self) -> Any:
        """The prediction."""

    @property
    def small_image(self) -> np.ndarray:
        """The image at the page's size, (H, W, 3) RGB in 0..255."""

    @property
    def classes(self) -> dict[str, tuple[int, int, int]]:
        """The classes that were found and their colours, the most frequent first."""

    @property
    def shown_first(self) -> tuple[str, ...]:
        """The classes that are switched on at first."""

    def draw(self, view: View) -> np.ndarray:
        """Draw the page's picture, (H, W, 3) RGB in 0..255."""

    def draw_whole(self, view: View) -> np.ndarray:
        """Draw the same at the size of the image, or of the page if that is larger."""

    def rows(self, view: View) -> list[Row]:
        """Give the lines of the table."""

    def to_json(self, view: View, file_name: str) -> dict[str, Any]:
        """Give what is shown as data."""


def page_scale(height: int, width: int) -> float:
    """Give the factor from an image to the page's picture."""
    if max(height, width) > LONGEST_SIDE:
        return LONGEST_SIDE / max(height, width)
    whole = round(SHORTEST_SIDE / min(height, width))
    return max(1, min(whole, LONGEST_SIDE // max(height, width)))


def resized(image: np.ndarray, scale: float) -> np.ndarray:
    """Give an image, (H, W, 3), at the page's size."""
    if scale == 1:
        return image
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    height, width = (max(1, round(side * scale)) for side in image.shape[:2])
    return cv2.resize(image, (width, height), interpolation=way)


def outline(mask: np.ndarray, x: int = 0, y: int = 0) -> str:
    """Give the data of an SVG path around a mask, holes included.

    Args:
        mask: (H, W) boolean.
        x: Where its left column lies in the picture.
        y: Where its upper row lies.
    """
    if not mask.size:
        return ''
    found, _ = cv2.findContours(
        mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE, offset=(x, y)
    )
    parts = (cv2.approxPolyDP(line, OUTLINE_TOLERANCE, True)[:, 0] for line in found)
    return ''.join(
        'M' + 'L'.join(f'{across} {down}' for across, down in part.tolist()) + 'Z'
        for part in parts
        if len(part) > 2
    )
