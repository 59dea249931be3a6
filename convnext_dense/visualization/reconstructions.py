"""Input, masked input and reconstruction of a masked autoencoder."""

import numpy as np
from PIL import Image

from .sheet import contact_sheet

REMOVED = 128  # grey


def draw_reconstructions(
    images: np.ndarray,
    reconstructions: np.ndarray,
    masks: np.ndarray,
    *,
    title: str = '',
) -> Image.Image:
    """Lay three rows out: input, what stays of it, and the reconstruction.

    Args:
        images: (N, H, W, 3) RGB in 0..255.
        reconstructions: The same, with removed patches as predicted.
        masks: (N, h, w) boolean, True where a patch is removed.
        title: A line above everything.

    Returns:
        The sheet; input ``i`` stands above its masked self and its reconstruction.
    """
    cell = np.ones(
        (images.shape[1] // masks.shape[1], images.shape[2] // masks.shape[2])
    )
    removed = np.kron(masks, cell).astype(bool)[..., None]
    rows = [
        ('input', images),
        ('masked input', np.where(removed, np.uint8(REMOVED), images)),
        ('reconstruction', reconstructions),
    ]
    return contact_sheet([(name, [*row]) for name, row in rows], (), title=title)


def to_pixels(images: np.ndarray, mean: np.ndarray, std: np.ndarray) -> np.ndarray:
    """Map normalised (N, 3, H, W) back to (N, H, W, 3) RGB in 0..255."""
    pixels = images.transpose(0, 2, 3, 1) * std.reshape(-1) + mean.reshape(-1)
    return pixels.round().clip(0, 255).astype(np.uint8)
