"""Pictures inside the page."""

import base64
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from markupsafe import Markup, escape
from PIL import Image, ImageOps, UnidentifiedImageError

# The longer side, in pixels: enough to see a mask's outline, small enough for mail.
SIDE = 420


def read_image(path: Path) -> np.ndarray | None:
    """Read an image as (H, W, 3) RGB, upright; None where it is gone or damaged."""
    try:
        with Image.open(path) as image:
            return np.asarray(ImageOps.exif_transpose(image).convert('RGB'))
    except (OSError, UnidentifiedImageError):
        return None


def scale_of(image: np.ndarray) -> float:
    """Give the factor at which an image is drawn."""
    return SIDE / max(image.shape[:2])


def data_uri(picture: np.ndarray | Path, quality: int = 82) -> str:
    """Write a picture, or a file as it is, as a ``data:`` address."""
    if isinstance(picture, Path):
        content = picture.read_bytes()
    else:
        buffer = io.BytesIO()
        Image.fromarray(picture).save(buffer, 'JPEG', quality=quality)
        content = buffer.getvalue()
    return f'data:image/jpeg;base64,{base64.b64encode(content).decode()}'


def side_by_side(
    caption: str, pictures: Sequence[tuple[str, np.ndarray | None]]
) -> Markup:
    """Show pictures of one image beside each other.

    Args:
        caption: What stands below.
        pictures: A title and (H, W, 3) RGB each; None for an image that is gone.
    """
    parts = []
    for title, picture in pictures:
        if picture is None:
            parts.append('<div class="gone">the image cannot be read</div>')
            continue
        height, width = picture.shape[:2]
        parts.append(
            f'<div><img loading="lazy" width="{width}" height="{height}" '
            f'alt="{escape(title)}" src="{data_uri(picture)}">'
            f'<small>{escape(title)}</small></div>'
        )
    return Markup(
        f'<figure><div class="pair">{"".join(parts)}</div>'
        f'<figcaption>{escape(caption)}</figcaption></figure>'
    )
