"""Overlays of instances and label maps on an image."""

from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from .palette import class_colours

# Above this many instances, names would hide what they name; a single class needs none.
MOST_NAMES = 12


def draw_instances(
    image: np.ndarray,
    labels: np.ndarray,
    names: Sequence[str],
    *,
    boxes: np.ndarray | None = None,
    masks: np.ndarray | None = None,
    scores: np.ndarray | None = None,
    scale: float = 1.0,
    alpha: float = 0.45,
) -> np.ndarray:
    """Draw boxes, masks with outlines, and names.

    Args:
        image: (H, W, 3) RGB in 0..255.
        labels: (N,) indices into ``names``.
        names: Class names.
        boxes: (N, 4) x1, y1, x2, y2 in pixels of ``image``.
        masks: (N, H, W) boolean.
        scores: (N,) in 0..1, written behind the names.
        scale: Enlarge the picture, so that small images have room for names.
        alpha: Opacity of the masks in 0..1.

    Returns:
        (H * scale, W * scale, 3) RGB in 0..255.
    """
    canvas = _resized(image, scale, cv2.INTER_CUBIC)
    colours = class_colours(len(names))
    line = max(1, round(min(canvas.shape[:2]) / 200))
    # Low scores first, so that the sure ones end on top.
    order = np.argsort(scores) if scores is not None else np.arange(len(labels))
    for index in order:
        if masks is None:
            break
        mask = _resized(masks[index].astype(np.uint8), scale, cv2.INTER_LINEAR) > 0
        colour = np.array(colours[labels[index]])
        canvas[mask] = ((1 - alpha) * canvas[mask] + alpha * colour).astype(np.uint8)
        outline, _ = cv2.findContours(
            mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE
        )
        cv2.drawContours(canvas, outline, -1, colour.tolist(), line, cv2.LINE_AA)
    if boxes is None:
        return canvas
    corners = (np.asarray(boxes, dtype=float) * scale).round().astype(int)
    for index in order if masks is None else ():
        x1, y1, x2, y2 = corners[index].tolist()
        cv2.rectangle(canvas, (x1, y1), (x2, y2), colours[labels[index]], line)
    if len(labels) > MOST_NAMES or len(names) == 1:
        return canvas
    texts = [
        names[labels[index]] + (f' {scores[index]:.2f}' if scores is not None else '')
        for index in order
    ]
    return _write(canvas, texts, corners[order], [colours[labels[i]] for i in order])


def draw_label_map(
    image: np.ndarray,
    label_map: np.ndarray,
    num_classes: int,
    *,
    scale: float = 1.0,
    alpha: float = 0.55,
    untinted: Sequence[int] = (),
) -> np.ndarray:
    """Draw a label map; values outside ``num_classes`` stay uncoloured.

    Args:
        image: (H, W, 3) RGB in 0..255.
        label_map: (H, W) class indices.
        num_classes: Number of classes.
        scale: Enlarge the picture.
        alpha: Opacity of the colours in 0..1.
        untinted: Classes that stay uncoloured, such as a background.

    Returns:
        (H * scale, W * scale, 3) RGB in 0..255.
    """
    table = np.zeros((256 if num_classes < 256 else num_classes + 1, 3))
    table[:num_classes] = class_colours(num_classes)
    known = (label_map >= 0) & (label_map < num_classes)
    known &= ~np.isin(label_map, [*untinted])
    colours = table[np.where(known, label_map, len(table) - 1)]
    mixed = np.where(known[..., None], (1 - alpha) * image + alpha * colours, image)
    return _resized(mixed.astype(np.uint8), scale, cv2.INTER_NEAREST)


def _resized(image: np.ndarray, scale: float, interpolation: int) -> np.ndarray:
    if scale == 1:
        return image.copy()
    height, width = (round(side * scale) for side in image.shape[:2])
    return cv2.resize(image, (width, height), interpolation=interpolation)


def _write(
    canvas: np.ndarray,
    texts: Sequence[str],
    corners: np.ndarray,
    colours: Sequence[tuple[int, int, int]],
) -> np.ndarray:
    """Write each text on a chip at its box's upper left corner, inside the picture."""
    picture = Image.fromarray(canvas)
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(max(10, min(canvas.shape[:2]) // 26))
    for text, (x1, y1, *_), colour in zip(texts, corners, colours, strict=True):
        left, top, right, bottom = draw.textbbox((0, 0), text, font=font)
        width, height = right - left + 6, bottom - top + 6
        x = int(np.clip(x1, 0, max(0, canvas.shape[1] - width)))
        y = int(np.clip(y1 - height, 0, max(0, canvas.shape[0] - height)))
        draw.rectangle((x, y, x + width, y + height), fill=colour)
        light = sum(colour) > 420
        ink = (20, 20, 20) if light else (255, 255, 255)
        draw.text((x + 3 - left, y + 3 - top), text, fill=ink, font=font)
    return np.array(picture)
