"""Masks cut to the part of the image where they are.

A hundred instances of a 3-megapixel image take 300 MB as whole masks, and most of what
is done with them would visit pixels where nothing is.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import cv2
import numpy as np


class MaskCrop(NamedTuple):
    """A part of a mask; outside of it, the mask is empty.

    ``x`` and ``y`` place the upper left corner of ``bits``, (h, w) boolean, in the
    image.
    """

    x: int
    y: int
    bits: np.ndarray

    def paste(self, height: int, width: int) -> np.ndarray:
        """Give the whole mask, (height, width) boolean."""
        mask = np.zeros((height, width), dtype=bool)
        self.draw(mask)
        return mask

    def draw(self, mask: np.ndarray) -> None:
        """Write the crop into a mask of the whole image, (height, width) boolean."""
        bottom, right = self.y + self.bits.shape[0], self.x + self.bits.shape[1]
        mask[self.y : bottom, self.x : right] = self.bits

    def rle(self, height: int, width: int) -> dict[str, Any]:
        """Encode the whole mask, of (height, width), as COCO does.

        Returns:
            ``size`` and ``counts``: lengths of runs, column by column, as text.
        """
        from pycocotools.mask import frPyObjects

        rows, columns = self.bits.shape
        # A zero before each column and after the last: runs end within columns.
        line = np.zeros(columns * (rows + 1) + 1, np.uint8)
        if self.bits.size:
            within = line[1:].reshape(columns, rows + 1)
            within[:, :rows] = cv2.transpose(self.bits.view(np.uint8))
        column, row = np.divmod(np.flatnonzero(line[1:] != line[:-1]), rows + 1)
        bounds = (self.x + column) * height + self.y + row
        # A run to the last row goes on where the next column begins with one.
        apart = np.diff(bounds, prepend=-1, append=-1) != 0
        bounds = bounds[apart[1:] & apart[:-1]]
        counts = np.diff(bounds, prepend=0, append=height * width).tolist()
        if counts[-1] == 0:
            counts.pop()
        size = [height, width]
        text = frPyObjects(dict(size=size, counts=counts), height, width)['counts']
        return dict(size=size, counts=text.decode('ascii'))

    def scaled(self, scale: float, height: int, width: int) -> 'MaskCrop':
        """Give the crop for an image that is ``scale`` times as large.

        Args:
            scale: The factor.
            height: Height of the image after scaling, which the crop stays within.
            width: Its width.
        """
        if scale == 1:
            return self
        h, w = self.bits.shape
        left, top = int(self.x * scale), int(self.y * scale)
        right = min(width, int(np.ceil((self.x + w) * scale)))
        bottom = min(height, int(np.ceil((self.y + h) * scale)))
        # Centres of pixels lie at halves: scaled = scale * (pixel + 0.5) - 0.5.
        shift_x = scale * (self.x + 0.5) - 0.5 - left
        shift_y = scale * (self.y + 0.5) - 0.5 - top
        matrix = np.array([[scale, 0, shift_x], [0, scale, shift_y]])
        size = (max(0, right - left), max(0, bottom - top))
        if not h or not w or not all(size):
            return MaskCrop(0, 0, np.zeros((0, 0), dtype=bool))
        enlarged = cv2.warpAffine(self.bits.astype(np.uint8) * 255, matrix, size)
        return MaskCrop(left, top, enlarged > 127)


def crop_masks(masks: Iterable[np.ndarray]) -> list[MaskCrop]:
    """Cut each (H, W) boolean mask to the rectangle around its pixels."""
    crops = []
    for mask in masks:
        rows = np.flatnonzero(mask.any(1))
        columns = np.flatnonzero(mask.any(0))
        if len(rows):
            y, x = int(rows[0]), int(columns[0])
            bits = mask[y : rows[-1] + 1, x : columns[-1] + 1].astype(bool)
        else:
            y, x, bits = 0, 0, np.zeros((0, 0), dtype=bool)
        crops.append(MaskCrop(x, y, bits))
    return crops
