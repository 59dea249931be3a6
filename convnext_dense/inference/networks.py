"""The hosts' models as functions of prepared images, before any threshold.

What the hosts do after the network over whole images, pasting masks and resizing
logits, costs more time and memory than the network where images are large. Here masks
stay small, and logits become labels a few classes at a time.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from convnext_dense.errors import UserError

from .preparing import Prepared

# Logits are brought to the size of the image so many classes at a time.
CLASSES_AT_ONCE = 16


class RawDetections(NamedTuple):
    """Everything a detector found in one image, the surest first.

    ``boxes`` (N, 4) in pixels of the image, ``scores`` (N,), ``labels`` (N,), and
    ``masks``: (N, h, w) probabilities to be pasted into the boxes, (N, H, W) boolean
    of the whole image, or ``None``.
    """

    boxes: np.ndarray
    scores: np.ndarray
    labels: np.ndarray
    masks: np.ndarray | None


class Network(Protocol):
    """A model on prepared images of one size."""

    def __call__(self, batch: Sequence[Prepared]) -> list[Any]:
        """Give a raw result for each image."""


class Detector:
    """mmdet's detectors."""

    def __init__(self, model: nn.Module):
        from mmdet.models.roi_heads.mask_heads import FCNMaskHead
        from mmdet.structures import DetDataSample

        from convnext_dense.detection.mask_head import own_masks

        self.model: Any = model
        self.sample: Callable = DetDataSample
        for module in model.modules():
            if isinstance(module, FCNMaskHead):
                module._predict_by_feat_single = partial(own_masks, module)

    def __call__(self, batch: Sequence[Prepared]) -> list[RawDetections]:
        """Find the objects in a batch of images of one size."""
        samples = self.model.test_step(_packed(batch, self.sample))
        return [_raw(sample.pred_instances) for sample in samples]


class Segmentor:
    """mmseg's encoder-decoders.

    Args:
        model: The model.
        window: Side of a sliding window in pixels; as the config says without it.

    Raises:
        UserError: If the model is of another kind.
    """

    def __init__(self, model: nn.Module, window: int | None = None):
        from mmseg.structures import SegDataSample

        if not hasattr(model, 'inference'):
            raise UserError(f'a {type(model).__name__} cannot be predicted with')
        self.model: Any = model
        self.sample: Callable = SegDataSample
        if window is not None:
            slide_window(model, window)

    def __call__(self, batch: Sequence[Prepared]) -> list[np.ndarray]:
        """Give (H, W) labels for each image of a batch of one size."""
        packed = self.model.data_preprocessor(_packed(batch, self.sample), False)
        metas = [sample.metainfo for sample in packed['data_samples']]
        logits = self.model.inference(packed['inputs'], metas)
        return [
            self._labels(one, meta) for one, meta in zip(logits, metas, strict=True)
        ]

    def _labels(self, logits: Tensor, meta: dict) -> np.ndarray:
        """Cut padding off, resize to the image, and take the most likely class."""
        left, right, top, bottom = meta.get('img_padding_size', (0, 0, 0, 0))
        height, width = logits.shape[1:]
        logits = logits[None, :, top : height - bottom, left : width - right]
        resize = dict(
            size=tuple(meta['ori_shape']),
            mode='bilinear',
            align_corners=self.model.align_corners,
        )
        if logits.shape[1] == 1:
            sure = interpolate(logits, **resize)[0, 0].sigmoid()
            return (sure > self.model.decode_head.threshold).byte().cpu().numpy()
        return most_likely(logits, resize)


def most_likely(logits: Tensor, resize: dict[str, Any]) -> np.ndarray:
    """Give the labels of resized logits, (1, C, h, w) to (H, W).

    The same as the argmax of all of them, in a fraction of the memory.
    """
    highest: Tensor | None = None
    labels = torch.empty(0)
    for first in range(0, logits.shape[1], CLASSES_AT_ONCE):
        some = interpolate(logits[:, first : first + CLASSES_AT_ONCE], **resize)[0]
        value, index = some.max(dim=0)
        if highest is None:
            highest, labels = value, index
        else:
            labels = torch.where(value > highest, index + first, labels)
            highest = torch.maximum(highest, value)
    return (
        labels.cpu().numpy().astype(np.uint8 if logits.shape[1] <= 256 else np.uint16)
    )


def slide_window(model: Any, window: int) -> None:
    """Make a segmentor slide a window with a third of overlap over its images."""
    stride = max(1, window * 2 // 3)
    model.test_cfg.update(
        mode='slide', crop_size=(window, window), stride=(stride, stride)
    )


def _packed(batch: Sequence[Prepared], sample: Callable) -> dict[str, list]:
    return dict(
        inputs=[prepared.pixels for prepared in batch],
        data_samples=[sample(metainfo=prepared.meta) for prepared in batch],
    )


def _raw(found: Any) -> RawDetections:
    order = found.scores.argsort(descending=True)
    masks = found.masks[order].float().cpu().numpy() if 'masks' in found else None
    return RawDetections(
        found.bboxes[order].float().cpu().numpy(),
        found.scores[order].float().cpu().numpy(),
        found.labels[order].cpu().numpy(),
        masks,
    )
