"""What a prediction is: plain arrays, and what is done with them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from convnext_dense.errors import UserError
from convnext_dense.visualization import MaskCrop, draw_instances, draw_label_map


@dataclass(frozen=True)
class Detections:
    """The objects found in one image, the surest first.

    Attributes:
        size: Height and width of the image.
        boxes: (N, 4) float32, x1, y1, x2, y2 in pixels of the image.
        scores: (N,) float32 in 0..1.
        labels: (N,) int64, indices into ``classes``.
        classes: The names of all classes.
        crops: A mask for each object, cut to where it is; ``None`` where the model
            finds boxes alone.
    """

    size: tuple[int, int]
    boxes: np.ndarray
    scores: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]
    crops: tuple[MaskCrop, ...] | None = None

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def names(self) -> list[str]:
        """The class name of each object."""
        return [self.classes[label] for label in self.labels]

    @property
    def masks(self) -> np.ndarray | None:
        """The whole masks, (N, H, W) boolean, made when they are asked for."""
        if self.crops is None:
            return None
        if not self.crops:
            return np.zeros((0, *self.size), dtype=bool)
        return np.stack([crop.paste(*self.size) for crop in self.crops])

    def select(
        self, threshold: float = 0.0, classes: Collection[str] | None = None
    ) -> 'Detections':
        """Keep what is sure enough and of some classes.

        Args:
            threshold: Lowest score, in 0..1.
            classes: Names to keep; all without it.

        Raises:
            UserError: If a name is no class of the model.
        """
        kept = self.scores >= threshold
        if classes is not None:
            kept &= np.isin(self.labels, indices_of(classes, self.classes))
        (index,) = np.nonzero(kept)
        crops = self.crops
        return replace(
            self,
            boxes=self.boxes[index],
            scores=self.scores[index],
            labels=self.labels[index],
            crops=crops if crops is None else tuple(crops[i] for i in index),
        )

    def draw(self, image: np.ndarray, **options: Any) -> np.ndarray:
        """Draw them on their image; options as for ``draw_instances``."""
        return draw_instances(
            image,
            self.labels,
            self.classes,
            boxes=self.boxes,
            masks=self.crops,
            scores=self.scores,
            **options,
        )

    def to_coco(
        self, image_id: int, category_ids: Mapping[str, int] | None = None
    ) -> list[dict]:
        """Give them in COCO's result format: boxes x, y, width, height; RLE masks.

        Args:
            image_id: The image's id.
            category_ids: The id of each class name; 1, 2, ... in the order of the
                classes without it.
        """
        if category_ids is None:
            category_ids = {name: i for i, name in enumerate(self.classes, 1)}
        corners = self.boxes.astype(float)
        sides = corners[:, 2:] - corners[:, :2]
        entries: list[dict[str, Any]] = [
            dict(
                image_id=image_id,
                category_id=category_ids[name],
                bbox=[round(value, 3) for value in (*corner[:2], *side)],
                score=round(float(score), 6),
            )
            for name, corner, side, score in zip(
                self.names, corners.tolist(), sides.tolist(), self.scores, strict=True
            )
        ]
        for entry, crop in zip(entries, self.crops or (), strict=False):
            entry['segmentation'] = crop.rle(*self.size)
        return entries

    def to_supervision(self) -> Any:
        """Give them as ``supervision.Detections``.

        Raises:
            UserError: If supervision is not installed.
        """
        return _supervision().Detections(
            xyxy=self.boxes,
            confidence=self.scores,
            class_id=self.labels,
            mask=self.masks,
            data={'class_name': np.array(self.names, dtype=str)},
        )


@dataclass(frozen=True)
class LabelMap:
    """The class of each pixel of one image.

    Attributes:
        labels: (H, W) indices into ``classes``; uint8, or uint16 above 256 classes.
        classes: The names of all classes.
    """

    labels: np.ndarray
    classes: tuple[str, ...]

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the image."""
        height, width = self.labels.shape
        return height, width

    @property
    def areas(self) -> dict[str, int]:
        """The number of pixels of each class that is there, the largest first."""
        counts = np.bincount(self.labels.ravel(), minlength=len(self.classes))
        order = np.argsort(-counts, kind='stable')
        return {self.classes[i]: int(counts[i]) for i in order if counts[i]}

    def draw(
        self,
        image: np.ndarray,
        classes: Collection[str] | None = None,
        **options: Any,
    ) -> np.ndarray:
        """Draw them on their image; options as for ``draw_label_map``.

        A class called ``background`` and all that are not in ``classes`` stay
        uncoloured.

        Raises:
            UserError: If a name is no class of the model.
        """
        shown = self.classes if classes is None else [*classes]
        indices_of(shown, self.classes)
        hidden = [
            index
            for index, name in enumerate(self.classes)
            if name not in shown or (name == 'background' and classes is None)
        ]
        return draw_label_map(
            image,
            self.labels,
            len(self.classes),
            untinted=hidden,
            **dict(names=self.classes) | options,
        )

    def to_supervision(self) -> Any:
        """Give a ``supervision.Detections`` with one mask for each class that is there.

        Raises:
            UserError: If supervision is not installed.
        """
        present = np.unique(self.labels)
        masks = np.stack([self.labels == label for label in present])
        boxes = []
        for mask in masks:
            rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
            boxes.append((columns[0], rows[0], columns[-1] + 1, rows[-1] + 1))
        return _supervision().Detections(
            xyxy=np.array(boxes, dtype=np.float32),
            class_id=present.astype(np.int64),
            mask=masks,
            data={
                'class_name': np.array([self.classes[i] for i in present], dtype=str)
            },
        )


def indices_of(names: Iterable[str], classes: Sequence[str]) -> list[int]:
    """Give the index of each class name.

    Raises:
        UserError: Naming those that are no classes, and the classes.
    """
    names = [names] if isinstance(names, str) else [*names]
    unknown = [name for name in names if name not in classes]
    if unknown:
        raise UserError(
            f'the model has no class {", ".join(map(repr, unknown))}; its classes: '
            f'{", ".join(classes[:20])}{", ..." * (len(classes) > 20)}'
        )
    return [classes.index(name) for name in names]


def _supervision() -> Any:
    try:
        import supervision
    except ImportError as error:
        raise UserError(
            f'supervision cannot be imported: {error}; pip install supervision'
        ) from error
    return supervision
