"""What a segmentor found, for the page."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import cv2
import numpy as np

from convnext_dense.inference import LabelMap
from convnext_dense.visualization import class_colours

from .view import Row, View, outline, page_scale, resized

BACKGROUND = 'background'


@dataclass(frozen=True)
class Regions:
    """The regions of one image.

    Attributes:
        image: (H, W, 3) RGB in 0..255.
        found: The class of each pixel.
    """

    image: np.ndarray
    found: LabelMap

    columns: ClassVar[tuple[str, ...]] = ('#', 'class', 'share of the image', 'pixels')

    @cached_property
    def small_image(self) -> np.ndarray:
        """The image at the page's size."""
        return resized(self.image, page_scale(*self.found.size))

    @cached_property
    def small(self) -> LabelMap:
        """The classes at the page's size."""
        height, width = self.small_image.shape[:2]
        labels = cv2.resize(
            self.found.labels, (width, height), interpolation=cv2.INTER_NEAREST
        )
        return LabelMap(labels, self.found.classes)

    @cached_property
    def areas(self) -> dict[str, int]:
        """The number of pixels of each class that is there, the largest first."""
        return self.found.areas

    @cached_property
    def outlines(self) -> dict[str, str]:
        """A path around all regions of each class."""
        names = self.found.classes
        return {
            name: outline(self.small.labels == names.index(name)) for name in self.areas
        }

    @property
    def classes(self) -> dict[str, tuple[int, int, int]]:
        """The classes that were found and their colours, the largest first."""
        names = self.found.classes
        colours = class_colours(len(names))
        return {name: colours[names.index(name)] for name in self.areas}

    @property
    def shown_first(self) -> tuple[str, ...]:
        """All but the background, which needs no colour."""
        return tuple(name for name in self.areas if name != BACKGROUND)

    def draw(self, view: View) -> np.ndarray:
        """Draw the page's picture, (H, W, 3) RGB in 0..255."""
        return self._draw(self.small, self.small_image, view, 1)

    def draw_whole(self, view: View) -> np.ndarray:
        """Draw the same at the size of the image, or of the page if that is larger."""
        scale = max(1, page_scale(*self.found.size))
        return self._draw(self.found, self.image, view, scale)

    def _draw(
        self, found: LabelMap, image: np.ndarray, view: View, scale: float
    ) -> np.ndarray:
        return found.draw(image, view.shown, alpha=view.opacity, scale=scale)

    def rows(self, view: View) -> list[Row]:
        """Give all classes, the largest first; the colours are what is switched."""
        total = self.found.labels.size
        return [
            Row(
                number,
                name,
                self.classes[name],
                pixels / total,
                (f'{100 * pixels / total:.1f} %', f'{pixels:,}'),
                self.outlines[name] if name in view.shown else '',
            )
            for number, (name, pixels) in enumerate(self.areas.items(), 1)
        ]

    def to_json(self, view: View, file_name: str) -> dict[str, Any]:  # noqa: ARG002
        """Give the area of each class."""
        height, width = self.found.size
        return dict(
            file_name=file_name,
            height=height,
            width=width,
            classes=[
                dict(
                    name=name,
                    label=self.found.classes.index(name),
                    pixels=pixels,
                    share=round(pixels / (height * width), 6),
                )
                for name, pixels in self.areas.items()
            ],
        )
