"""A segmentor whose predictions are labels, made a few rows at a time."""

from collections.abc import Iterator
from typing import Any

import torch
from mmengine.structures import PixelData
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.models.segmentors import EncoderDecoder as HostEncoderDecoder
from mmseg.models.segmentors import SegTTAModel as HostSegTTAModel
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from convnext_dense.errors import UserError
from convnext_dense.registry import MODELS

from . import rows
from .resizing import resize, resized_labels


@MODELS.register_module()
class EncoderDecoder(HostEncoderDecoder):
    """mmseg's ``EncoderDecoder`` with less memory and time behind the network.

    The labels are the host's, for whole images and for sliding windows; of the logits
    only a band is held at a time: see :mod:`convnext_dense.segmentation.rows`. With
    ``test_cfg=dict(keep_logits=True)`` samples hold ``seg_logits`` too, as the host's
    always do, and everything runs as there.

    Args:
        **kwargs: The host's.

    Raises:
        UserError: If ``test_cfg`` lacks what its mode needs.
    """

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        settings = self.test_cfg or {}
        mode = settings.get('mode', 'whole')
        if mode not in ('slide', 'whole'):
            raise UserError(f"test_cfg.mode is 'slide' or 'whole', got {mode!r}")
        for name in ('crop_size', 'stride') if mode == 'slide' else ():
            if not _is_size(settings.get(name)):
                raise UserError(
                    f"test_cfg.mode='slide' needs {name}, two whole numbers from 1 on "
                    f'as in (512,512), got {settings.get(name)!r}'
                )
        if mode == 'slide':
            crop, stride = settings['crop_size'], settings['stride']
            if stride[0] > crop[0] or stride[1] > crop[1]:
                raise UserError(
                    f'test_cfg.stride={stride} is larger than test_cfg.crop_size='
                    f'{crop}: there would be pixels in no window'
                )

    def predict(
        self, inputs: Tensor, data_samples: list[SegDataSample] | None = None
    ) -> list[SegDataSample]:
        """Label a batch of images, each at its original size.

        Args:
            inputs: (N, 3, H, W), normalised.
            data_samples: What is known of each image, and where its
                ``pred_sem_seg`` (1, H, W) goes.
        """
        binary = self.out_channels == 1  # a threshold instead of a maximum
        if data_samples is None or binary or self.test_cfg.get('keep_logits', False):
            return super().predict(inputs, data_samples)
        if self.test_cfg.get('mode', 'whole') == 'slide':
            for image, sample in zip(inputs.split(1), data_samples, strict=True):
                self._label(self._slide(image, sample), inputs.shape[2:], sample)
        else:
            logits, size = self._logits(inputs, data_samples)
            for part, sample in zip(logits.split(1), data_samples, strict=True):
                parts = rows.split(part)
                parts = resize(parts, part.shape[2:], size, self.align_corners)
                self._label(parts, size, sample)
        return data_samples

    def _slide(self, image: Tensor, sample: SegDataSample) -> Iterator[Tensor]:
        meta = dict(sample.metainfo)

        def predict(window: Tensor) -> Tensor:
            meta['img_shape'] = window.shape[2:]
            return self.encode_decode(window, [meta])

        crop, stride = self.test_cfg['crop_size'], self.test_cfg['stride']
        return rows.slide(predict, image, tuple(crop), tuple(stride))

    def _logits(
        self, inputs: Tensor, samples: list[SegDataSample]
    ) -> tuple[Tensor, tuple[int, int]]:
        """Give logits, and the height and width to which the host resizes them."""
        metas = [sample.metainfo for sample in samples]
        head = type(self.decode_head)
        if (
            head.predict is BaseDecodeHead.predict
            and head.predict_by_feat is BaseDecodeHead.predict_by_feat
        ):
            logits = self.decode_head(self.extract_feat(inputs))
            size = metas[0]['img_shape']
            if not isinstance(size, torch.Size):
                size = metas[0].get('pad_shape', size)
            return logits, (size[0], size[1])
        logits = self.encode_decode(inputs, metas)
        return logits, tuple(logits.shape[2:])

    def _label(self, parts: Iterator[Tensor], size: Any, sample: SegDataSample) -> None:
        """Turn the rows of an image as the network saw it into its labels."""
        meta = sample.metainfo
        padding = meta.get('img_padding_size', meta.get('padding_size', (0, 0, 0, 0)))
        left, right, top, bottom = padding
        inner = (size[0] - top - bottom, size[1] - left - right)
        parts = rows.crop(parts, (left, right, top, bottom), size[0])
        original = tuple(meta['ori_shape'])
        labels = resized_labels(parts, inner, original, self.align_corners)
        if meta.get('flip'):
            across = meta['flip_direction'] == 'horizontal'
            labels = labels.flip(2 if across else 1)
        sample.set_data(dict(pred_sem_seg=PixelData(data=labels)))


def _is_size(value: Any) -> bool:
    return (
        isinstance(value, list | tuple)
        and len(value) == 2
        and all(isinstance(side, int) and side > 0 for side in value)
    )


@MODELS.register_module()
class SegTTAModel(HostSegTTAModel):
    """mmseg's test-time augmentation, which averages logits and so asks for them.

    Args:
        module: The segmentor, or its config.
        **kwargs: The host's.
    """

    def __init__(self, module: dict | nn.Module, **kwargs: Any):
        super().__init__(module, **kwargs)
        self.module.test_cfg['keep_logits'] = True
