"""Overlays of instances and label maps on an image."""

from collections.abc import Sequence

import cv2
import numpy as np

from .labels import Label, label_size, write_labels
from .masks import MaskCrop, crop_masks
from .palette import class_colours

# Above this many instances names say less than they hide.
MOST_NAMES = 24


def draw_instances(
    image: np.ndarray,
    labels: np.ndarray,
    names: Sequence[str],
    *,
    boxes: np.ndarray | None = None,
    masks: np.ndarray | Sequence[MaskCrop] | None = None,
    scores: np.ndarray | None = None,
    scale: float = 1.0,
    alpha: float = 0.45,
) -> np.ndarray:
    """Draw boxes, masks with outlines, and names.

    Args:
        image: (H, W, 3) RGB in 0..255.
        labels: (N,) indices into ``names``.
        names: Class names.
        boxes: (N, 4) x1, y1, x2, y2 in pixels of ``image``; drawn where there are no
            masks.
        masks: (N, H, W) boolean, or a crop for each.
        scores: (N,) in 0..1, written behind the names.
        scale: Enlarge the picture, so that small images have room for names.
        alpha: Opacity of the masks in 0..1.

    Returns:
        (H * scale, W * scale, 3) RGB in 0..255.
    """
    canvas = _resized(image, scale, cv2.INTER_CUBIC)
    taken = np.zeros(canvas.shape[:2], dtype=bool)
    colours = class_colours(len(names))
    line = max(1, round(min(canvas.shape[:2]) / 200))
    # Low scores first, so that the sure ones end on top.
    order = (
        [*map(int, np.argsort(scores))] if scores is not None else [*range(len(labels))]
    )
    if masks is not None:
        crops = crop_masks(masks) if isinstance(masks, np.ndarray) else masks
        for index in order:
            crop = crops[index].scaled(scale, *canvas.shape[:2])
            _draw_mask(canvas, taken, crop, colours[labels[index]], line, alpha)
    if boxes is None:
        return canvas
    corners = np.asarray(boxes, dtype=float) * scale
    if masks is None:
        for index in order:
            _draw_box(canvas, taken, corners[index], colours[labels[index]], line)
    # A single class needs no name, but its scores.
    if len(labels) > MOST_NAMES or (len(names) == 1 and scores is None):
        return canvas
    # Sure ones first: where names meet, theirs are kept.
    texts = [
        Label(
            ' '.join(
                [names[labels[index]]] * (len(names) > 1)
                + ([f'{scores[index]:.2f}'] if scores is not None else [])
            ),
            tuple(corners[index].tolist()),
            colours[labels[index]],
        )
        for index in order[::-1]
    ]
    return write_labels(canvas, texts, taken)


def draw_label_map(
    image: np.ndarray,
    label_map: np.ndarray,
    num_classes: int,
    *,
    scale: float = 1.0,
    alpha: float = 0.55,
    untinted: Sequence[int] = (),
    names: Sequence[str] = (),
) -> np.ndarray:
    """Draw a label map; values outside ``num_classes`` stay uncoloured.

    Args:
        image: (H, W, 3) RGB in 0..255.
        label_map: (H, W) class indices.
        num_classes: Number of classes.
        scale: Enlarge the picture.
        alpha: Opacity of the colours in 0..1.
        untinted: Classes that stay uncoloured, such as a background.
        names: Class names, written on a region of each class where they fit into it.

    Returns:
        (H * scale, W * scale, 3) RGB in 0..255.
    """
    table = np.zeros((256 if num_classes < 256 else num_classes + 1, 3), np.uint8)
    table[:num_classes] = class_colours(num_classes)
    known = (label_map >= 0) & (label_map < num_classes)
    if untinted:
        known &= ~np.isin(label_map, [*untinted])
    colours = table[np.where(known, label_map, len(table) - 1)]
    mixed = np.ascontiguousarray(image).copy()
    blended = cv2.addWeighted(mixed, 1 - alpha, colours, alpha, 0)
    cv2.copyTo(blended, known.astype(np.uint8), mixed)
    canvas = _resized(mixed, scale, cv2.INTER_NEAREST)
    if not names:
        return canvas
    present = np.bincount(label_map[known].ravel(), minlength=num_classes)
    labels = []
    for index in np.argsort(-present)[: np.count_nonzero(present)]:
        width, height = label_size(names[index], *canvas.shape[:2])
        x, y, depth = _middle(label_map == index, scale)
        if depth >= max(width, height) / 2:
            # So that the first place to be tried is the middle.
            x, y = x - width / 2, y + height / 2 + 1
            labels.append(
                Label(names[index], (x, y, x, y), tuple(table[index].tolist()))
            )
    return write_labels(canvas, labels, np.zeros(canvas.shape[:2], dtype=bool))


def _draw_mask(
    canvas: np.ndarray,
    taken: np.ndarray,
    crop: MaskCrop,
    colour: tuple[int, int, int],
    line: int,
    alpha: float,
) -> None:
    x, y, bits = crop
    if not bits.size:
        return
    window = np.s_[y : y + bits.shape[0], x : x + bits.shape[1]]
    mask = bits.view(np.uint8)
    # A table of 256 values per channel blends in one pass.
    values = np.arange(256)[:, None] * (1 - alpha) + np.array(colour) * alpha
    tinted = cv2.LUT(canvas[window], values.round().astype(np.uint8)[None])
    cv2.copyTo(tinted, mask, canvas[window])
    taken[window] |= bits
    outline, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    cv2.drawContours(canvas, outline, -1, colour, line, cv2.LINE_AA, offset=(x, y))


def _draw_box(
    canvas: np.ndarray,
    taken: np.ndarray,
    corners: np.ndarray,
    colour: tuple[int, int, int],
    line: int,
) -> None:
    x1, y1, x2, y2 = corners.round().astype(int).tolist()
    cv2.rectangle(canvas, (x1, y1), (x2, y2), colour, line)
    taken[max(0, y1) : max(0, y2), max(0, x1) : max(0, x2)] = True


def _middle(mask: np.ndarray, scale: float) -> tuple[float, float, float]:
    """Give the point of a region that is farthest from its border, and how far."""
    step = max(1, round(max(mask.shape) / 256))
    padded = np.pad(mask[::step, ::step].astype(np.uint8), 1)
    depth = cv2.distanceTransform(padded, cv2.DIST_L2, 3)
    y, x = np.unravel_index(depth.argmax(), depth.shape)
    factor = step * scale
    return (x - 1) * factor, (y - 1) * factor, float(depth[y, x]) * factor


def _resized(image: np.ndarray, scale: float, interpolation: int) -> np.ndarray:
    if scale == 1:
        return np.ascontiguousarray(image).copy()
    height, width = (round(side * scale) for side in image.shape[:2])
    return cv2.resize(image, (width, height), interpolation=interpolation)
