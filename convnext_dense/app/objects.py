"""What a detector found, for the page."""

from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from convnext_dense.inference import Detections
from convnext_dense.visualization import class_colours

from .view import Row, View, outline, page_scale, resized


@dataclass(frozen=True)
class Objects:
    """The objects of one image.

    Attributes:
        image: (H, W, 3) RGB in 0..255.
        found: All objects, also those that the threshold hides.
    """

    image: np.ndarray
    found: Detections

    columns: ClassVar[tuple[str, ...]] = ('#', 'class', 'score', 'size', 'area')

    @cached_property
    def small_image(self) -> np.ndarray:
        """The image at the page's size."""
        return resized(self.image, page_scale(*self.found.size))

    @cached_property
    def small(self) -> Detections:
        """The objects at the page's size."""
        height, width = self.small_image.shape[:2]
        scale = page_scale(*self.found.size)
        crops = self.found.crops
        if crops is not None:
            crops = tuple(crop.scaled(scale, height, width) for crop in crops)
        boxes = self.found.boxes * np.float32(scale)
        return replace(self.found, size=(height, width), boxes=boxes, crops=crops)

    @cached_property
    def outlines(self) -> list[str]:
        """A path around each object; around its box, where there are no masks."""
        if self.small.crops is not None:
            return [outline(crop.bits, crop.x, crop.y) for crop in self.small.crops]
        boxes = self.small.boxes.round().astype(int).tolist()
        return [f'M{x1} {y1}H{x2}V{y2}H{x1}Z' for x1, y1, x2, y2 in boxes]

    @property
    def classes(self) -> dict[str, tuple[int, int, int]]:
        """The classes that were found and their colours, the most frequent first."""
        colours = class_colours(len(self.found.classes))
        counted = Counter(self.found.labels.tolist()).most_common()
        return {self.found.classes[label]: colours[label] for label, _ in counted}

    @property
    def shown_first(self) -> tuple[str, ...]:
        """All of them."""
        return tuple(self.classes)

    def draw(self, view: View) -> np.ndarray:
        """Draw the page's picture, (H, W, 3) RGB in 0..255."""
        some = self.small.select(view.threshold, view.shown)
        return some.draw(self.small_image, alpha=view.opacity)

    def draw_whole(self, view: View) -> np.ndarray:
        """Draw the same at the size of the image, or of the page if that is larger."""
        some = self.found.select(view.threshold, view.shown)
        scale = max(1, page_scale(*self.found.size))
        return some.draw(self.image, alpha=view.opacity, scale=scale)

    def rows(self, view: View) -> list[Row]:
        """Give the objects that are shown, the surest first."""
        colours = self.classes
        names = self.found.names
        return [
            Row(
                index + 1,
                names[index],
                colours[names[index]],
                float(score),
                (f'{score:.3f}', _size(self.found.boxes[index]), self._area(index)),
                self.outlines[index],
            )
            for index, score in enumerate(self.found.scores)
            if score >= view.threshold and names[index] in view.shown
        ]

    def to_json(self, view: View, file_name: str) -> dict[str, Any]:
        """Give what is shown in COCO's format: an image, categories, annotations."""
        height, width = self.found.size
        some = self.found.select(view.threshold, view.shown)
        return dict(
            images=[dict(id=1, file_name=file_name, height=height, width=width)],
            categories=[
                dict(id=number, name=name)
                for number, name in enumerate(self.found.classes, 1)
            ],
            annotations=[
                dict(id=number, iscrowd=0, area=_pixels(some, number - 1)) | entry
                for number, entry in enumerate(some.to_coco(1), 1)
            ],
        )

    def _area(self, index: int) -> str:
        pixels = _pixels(self.found, index)
        return f'{100 * pixels / np.prod(self.found.size):.1f} %'


def _pixels(found: Detections, index: int) -> float:
    """Count an object's pixels, as COCO counts them: of its mask, or else its box."""
    if found.crops is not None:
        return int(found.crops[index].bits.sum())
    x1, y1, x2, y2 = found.boxes[index].tolist()
    return round((x2 - x1) * (y2 - y1), 1)


def _size(box: np.ndarray) -> str:
    width, height = (box[2:] - box[:2]).round().astype(int)
    return f'{width} x {height}'
