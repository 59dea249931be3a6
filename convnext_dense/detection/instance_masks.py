"""Masks of instances that cost what the instances cover, until they are looked at."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import mmcv
import numpy as np
import torch
from mmcv.ops import roi_align
from mmdet.structures.bbox import HorizontalBoxes
from mmdet.structures.mask import BitmapMasks
from pycocotools import mask as rle_codec


class Patch(NamedTuple):
    """A mask inside its bounding box, whose corner is at ``x``, ``y`` in the image.

    ``pixels`` is (h, w), of 0 and 1 as uint8.
    """

    x: int
    y: int
    pixels: np.ndarray


class PatchMasks(BitmapMasks):
    """mmdet's ``BitmapMasks``, drawn only when they are asked for.

    Resizing to the nearest pixel, cropping, flipping and padding pick whole rows and
    columns. So a mask is kept as it was read, inside its box, and beside it which row
    and which column of the image every row and column of the mask came from. ``masks``
    equals bit for bit what ``BitmapMasks`` computes; what is not a choice of rows and
    columns (shearing, another interpolation) goes on as ``BitmapMasks``.

    Args:
        patches: A mask each.
        rows: Of every row of the masks, the row of the image; -1 for none, (height,).
        columns: The same for columns, (width,).
    """

    def __init__(self, patches: Sequence[Patch], rows: np.ndarray, columns: np.ndarray):
        self.patches = tuple(patches)
        self.rows = rows
        self.columns = columns
        self.height, self.width = len(rows), len(columns)
        self._drawn: np.ndarray | None = None

    @classmethod
    def from_annotations(
        cls, annotations: Sequence[list | dict], height: int, width: int
    ) -> 'PatchMasks':
        """Read COCO's polygons, or run lengths as text or numbers, of one image."""
        patches = [_patch(annotation, height, width) for annotation in annotations]
        return cls(patches, np.arange(height), np.arange(width))

    @property
    def masks(self) -> np.ndarray:
        """The masks, (N, height, width) of 0 and 1 as uint8."""
        if self._drawn is None:
            self._drawn = np.zeros((len(self), self.height, self.width), np.uint8)
            for mask, (x, y, pixels) in zip(self._drawn, self._placed(), strict=True):
                mask[y : y + pixels.shape[0], x : x + pixels.shape[1]] = pixels
        return self._drawn

    @masks.setter
    def masks(self, masks: np.ndarray) -> None:
        # As mmdet's CopyPaste does.
        height, width = masks.shape[1:]
        patches = [Patch(0, 0, mask) for mask in masks]
        self.__init__(patches, np.arange(height), np.arange(width))  # type: ignore[misc]

    def __len__(self) -> int:
        return len(self.patches)

    def __iter__(self) -> Iterator[np.ndarray]:
        return iter(self.masks)

    def __getitem__(self, index: int | slice | np.ndarray) -> 'PatchMasks':
        chosen = np.atleast_1d(np.arange(len(self))[index])
        return self._of(self.rows, self.columns, [self.patches[i] for i in chosen])

    def rescale(self, scale, interpolation='nearest'):
        """Resize by a factor, or to fit into a size, keeping the shape."""
        new_width, new_height = mmcv.rescale_size((self.width, self.height), scale)
        return self.resize((new_height, new_width), interpolation)

    def resize(self, out_shape, interpolation='nearest'):
        """Resize to (height, width)."""
        if interpolation != 'nearest':
            return self._bitmaps().resize(out_shape, interpolation)
        height, width = out_shape
        return self._of(_nearest(self.rows, height), _nearest(self.columns, width))

    def flip(self, flip_direction='horizontal'):
        """Flip left to right, top to bottom, or both."""
        down = -1 if flip_direction in ('vertical', 'diagonal') else 1
        along = -1 if flip_direction in ('horizontal', 'diagonal') else 1
        return self._of(self.rows[::down], self.columns[::along])

    def pad(self, out_shape, pad_val=0):
        """Pad to (height, width), at the bottom and at the right."""
        height, width = out_shape
        if pad_val != 0 or height < self.height or width < self.width:
            return self._bitmaps().pad(out_shape, pad_val)
        return self._of(
            np.pad(self.rows, (0, height - self.height), constant_values=-1),
            np.pad(self.columns, (0, width - self.width), constant_values=-1),
        )

    def crop(self, bbox):
        """Cut out x1, y1, x2, y2 in pixels."""
        x1, x2 = np.clip(bbox[0::2], 0, self.width)
        y1, y2 = np.clip(bbox[1::2], 0, self.height)
        return self._of(
            self.rows[y1 : max(y2, y1 + 1)], self.columns[x1 : max(x2, x1 + 1)]
        )

    def crop_and_resize(
        self,
        bboxes,
        out_shape,
        inds,
        device='cpu',
        interpolation='bilinear',  # noqa: ARG002 - of the host's signature
        binarize=True,
    ):
        """Cut the masks ``inds`` out at ``bboxes``, each scaled to ``out_shape``.

        The host copies a mask for each box; here boxes of one object share it, and
        objects without a box are not drawn.
        """
        if not len(self) or not len(bboxes):
            return BitmapMasks(np.empty((0, *out_shape), np.uint8), *out_shape)
        boxes = torch.as_tensor(bboxes, device=device)
        used, place = np.unique(torch.as_tensor(inds).cpu(), return_inverse=True)
        which = torch.as_tensor(place, device=device).to(boxes.dtype)
        masks = torch.from_numpy(self[used].masks).to(device, boxes.dtype)
        regions = torch.cat([which[:, None], boxes], dim=1)
        targets = roi_align(
            masks[:, None], regions, out_shape, 1.0, 0, 'avg', True
        ).squeeze(1)
        found = (targets >= 0.5 if binarize else targets).cpu().numpy()
        return BitmapMasks(found, *out_shape)

    def get_bboxes(self, dst_type='hbox'):
        """Give the bounding boxes, with right and bottom edges outside; 0 for none."""
        if dst_type not in ('hbox', HorizontalBoxes):
            return super().get_bboxes(dst_type)
        boxes = np.zeros((len(self), 4), np.float32)
        for box, (x, y, pixels) in zip(boxes, self._placed(), strict=True):
            columns = np.flatnonzero(pixels.any(axis=0))
            rows = np.flatnonzero(pixels.any(axis=1))
            if len(rows):
                ends = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
                box[:] = np.add(ends, (x, y, x, y))
        return HorizontalBoxes(boxes)

    @classmethod
    def cat(cls, masks):
        """Join the masks of images of one size."""
        return BitmapMasks.cat(masks)

    def _placed(self) -> Iterator[Patch]:
        """Give each mask's patch where it lies now."""
        for x, y, pixels in self.patches:
            top, rows = _inside(self.rows - y, pixels.shape[0])
            left, columns = _inside(self.columns - x, pixels.shape[1])
            yield Patch(left, top, pixels[rows[:, None], columns])

    def _of(self, rows, columns, patches=None) -> 'PatchMasks':
        return PatchMasks(self.patches if patches is None else patches, rows, columns)

    def _bitmaps(self) -> BitmapMasks:
        return BitmapMasks(self.masks, self.height, self.width)


def _patch(annotation: list | dict, height: int, width: int) -> Patch:
    if isinstance(annotation, list):
        rle = rle_codec.merge(rle_codec.frPyObjects(annotation, height, width))
    elif isinstance(annotation['counts'], list):
        rle = rle_codec.frPyObjects(annotation, height, width)
    else:
        rle = annotation
    if tuple(rle['size']) != (height, width):
        raise ValueError(
            f'a mask of {rle["size"]} pixels in an image of {[height, width]}'
        )
    x, y, w, h = map(int, rle_codec.toBbox(rle))
    pixels = rle_codec.decode(rle)[y : y + h, x : x + w]
    return Patch(x, y, np.ascontiguousarray(pixels))


def _nearest(indices: np.ndarray, size: int) -> np.ndarray:
    """Choose as OpenCV's nearest-pixel interpolation does."""
    step = 1 / (size / len(indices))
    chosen = np.floor(np.arange(size) * step).astype(np.int64)
    return indices[np.minimum(chosen, len(indices) - 1)]


def _inside(indices: np.ndarray, size: int) -> tuple[int, np.ndarray]:
    """Find where the stretch of indices from 0 to below a size begins, and itself."""
    found = np.flatnonzero((indices >= 0) & (indices < size))
    if not len(found):
        return 0, found
    return int(found[0]), indices[found]
