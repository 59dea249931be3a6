"""A trained model, loaded once, on any number of images."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from os import PathLike
from typing import Any, TypeAlias

import numpy as np
import torch
from mmengine.config import Config
from PIL import Image

from convnext_dense.detection.pasting import paste_masks
from convnext_dense.errors import UserError
from convnext_dense.visualization import crop_masks

from .images import MOST_PIXELS, ImageLike, read_image
from .loading import load_model
from .networks import Detector, Network, RawDetections, Segmentor
from .preparing import Preparation, Prepared
from .results import Detections, LabelMap
from .windows import merge_windows, places

Result: TypeAlias = Detections | LabelMap

# As what the pictures of a training run show.
THRESHOLD = 0.5


class Predictor:
    """Detect or segment with a trained model.

    ``Predictor('best.pth')`` is enough for a checkpoint that was trained here;
    ``Predictor('config.py', 'best.pth')`` is for all others. One predictor may be
    called from many threads.

    Args:
        config: A config or its file; the checkpoint, if it is the only argument.
        checkpoint: A file of weights, from which nothing is run.
        device: ``'cpu'``, ``'cuda'``, ``'cuda:1'``, ...; a GPU where there is one
            without it.
        window: Side in pixels of windows that slide over images at their full size,
            for images much larger than those of the training.
        most_pixels: Larger images are refused.

    Raises:
        UserError: If the checkpoint or config cannot be used.
    """

    def __init__(
        self,
        config: str | PathLike | Config | None = None,
        checkpoint: str | PathLike | None = None,
        *,
        device: str | None = None,
        window: int | None = None,
        most_pixels: int = MOST_PIXELS,
    ):
        if checkpoint is None:
            config, checkpoint = None, config  # type: ignore[assignment]
        if checkpoint is None or isinstance(checkpoint, Config):
            raise UserError('Predictor needs a checkpoint')
        if window is not None and window < 32:
            raise UserError(
                f'a window of {window} pixels is too small: take 32 or more'
            )
        self.device = device or ('cuda' if torch.cuda.is_available() else 'cpu')
        loaded = load_model(config, checkpoint, self.device)
        self.cfg = loaded.cfg
        self.classes = loaded.classes
        self.segments = loaded.segments
        self.window = window
        self.most_pixels = most_pixels
        # A detector's windows are images of the size that it was trained on.
        self.prepare = Preparation(loaded.pipeline, not (window and self.segments))
        self.network: Network = (
            Segmentor(loaded.model, window) if self.segments else Detector(loaded.model)
        )
        rcnn = (loaded.cfg.model.get('test_cfg') or {}).get('rcnn') or {}
        self._mask_threshold = rcnn.get('mask_thr_binary', 0.5)

    def __call__(
        self,
        images: ImageLike | Iterable[ImageLike],
        *,
        threshold: float = THRESHOLD,
        classes: Collection[str] | None = None,
        batch_size: int = 1,
    ) -> Any:
        """Predict one image, a batch, or a stream.

        Args:
            images: A path, a PIL image or an array (H, W, 3) of RGB bytes; a list of
                them or an array (N, H, W, 3); or any other iterable of them.
            threshold: Lowest score of an object, in 0..1. Label maps have none.
            classes: Names of the classes to find; all without it.
            batch_size: Images that go through the network together where, prepared,
                they have one size and follow each other.

        Returns:
            A :class:`Detections` or a :class:`LabelMap` for an image, a list of them
            for a list or an array, an iterator over them for any other iterable.

        Raises:
            UserError: If an image cannot be read.
        """
        if not 0 <= threshold <= 1:
            raise UserError(f'threshold={threshold}: scores are in 0..1')
        options: dict[str, Any] = dict(
            threshold=threshold, classes=classes, batch_size=batch_size
        )
        if isinstance(images, bytes | torch.Tensor):
            raise UserError(
                f'{type(images).__name__} is no image: give a path, an open file, a '
                'PIL image or an array (H, W, 3) of RGB bytes'
            )
        if isinstance(images, list | tuple) or (
            isinstance(images, np.ndarray) and images.ndim == 4
        ):
            return [*self._stream(images, **options)]
        single = str | PathLike | np.ndarray | Image.Image
        if isinstance(images, single) or hasattr(images, 'read'):
            return next(self._stream([images], **options))
        if isinstance(images, Iterable):
            return self._stream(images, **options)
        raise UserError(f'a {type(images).__name__} is no image and no list of images')

    def _stream(
        self,
        images: Iterable[Any],
        threshold: float,
        classes: Collection[str] | None,
        batch_size: int,
    ) -> Iterator[Result]:
        arrays = (read_image(image, self.most_pixels) for image in images)
        if self.window and not self.segments:
            results: Iterator[Any] = (
                self._by_windows(array, threshold, batch_size) for array in arrays
            )
        else:
            results = self._by_batches(arrays, threshold, batch_size)
        for result in results:
            chosen = classes is not None and isinstance(result, Detections)
            yield result.select(classes=classes) if chosen else result

    def _by_batches(
        self, arrays: Iterable[np.ndarray], threshold: float, batch_size: int
    ) -> Iterator[Result]:
        batch: list[Prepared] = []
        for prepared in map(self.prepare, arrays):
            other = batch and prepared.pixels.shape != batch[0].pixels.shape
            if other or len(batch) == batch_size:
                yield from self._run(batch, threshold)
                batch = []
            batch.append(prepared)
        if batch:
            yield from self._run(batch, threshold)

    def _by_windows(
        self, image: np.ndarray, threshold: float, batch_size: int
    ) -> Detections:
        side = self.window or 0
        size = image.shape[0], image.shape[1]
        corners = places(*size, side)
        parts = (image[y : y + side, x : x + side] for x, y in corners)
        found = [*self._by_batches(parts, threshold, batch_size)]
        return merge_windows(found, corners, side, size)  # type: ignore[arg-type]

    def _run(self, batch: Sequence[Prepared], threshold: float) -> Iterator[Result]:
        with torch.inference_mode():
            raw = self.network(batch)
        for one, prepared in zip(raw, batch, strict=True):
            if self.segments:
                yield LabelMap(one, self.classes)
            else:
                yield self._detections(one, prepared.meta['ori_shape'], threshold)

    def _detections(
        self, raw: RawDetections, size: tuple[int, int], threshold: float
    ) -> Detections:
        sure = raw.scores >= threshold
        boxes, masks, crops = raw.boxes[sure], raw.masks, None
        if masks is not None and masks.dtype == bool:
            crops = tuple(crop_masks(masks[sure]))
        elif masks is not None:
            pasted = paste_masks(masks[sure], boxes, size, self._mask_threshold)
            crops = tuple(pasted)
        return Detections(
            size, boxes, raw.scores[sure], raw.labels[sure], self.classes, crops
        )
