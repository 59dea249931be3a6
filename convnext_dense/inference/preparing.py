"""An image as a config's test pipeline makes it, without data sets or annotations."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import mmcv.transforms
import numpy as np
import torch
from torch import Tensor

from convnext_dense.errors import UserError

# Transforms of mmcv that change the image; the hosts' of the same name add only what
# they do to annotations.
IMAGE_TRANSFORMS = ('Resize', 'Pad', 'CenterCrop', 'Normalize')
# What reads, annotates or packs: done elsewhere.
OTHERS = (
    'LoadImageFromFile', 'LoadAnnotations', 'LoadInstances', 'LoadLabelMap',
    'PackDetInputs', 'PackSegInputs',
)  # fmt: skip


class Prepared(NamedTuple):
    """What the network's preprocessor takes, and what became of the image.

    ``pixels`` is (3, h, w) BGR; ``meta`` holds ``ori_shape``, ``img_shape`` and
    ``scale_factor`` as the hosts name them.
    """

    pixels: Tensor
    meta: dict[str, Any]


class Preparation:
    """A test pipeline on one image.

    Args:
        pipeline: The transforms of a config.
        resize: ``False`` leaves images at their size, for sliding windows.

    Raises:
        UserError: If a transform is none that is done here.
    """

    def __init__(self, pipeline: Sequence[Mapping[str, Any]], resize: bool = True):
        self.transforms: list[Callable[[dict], dict]] = []
        for step in pipeline:
            settings = dict(step)
            name = str(settings.pop('type')).rpartition('.')[2]
            settings.pop('_scope_', None)
            if name in OTHERS or (name == 'Resize' and not resize):
                continue
            if name not in IMAGE_TRANSFORMS:
                known = ', '.join(IMAGE_TRANSFORMS)
                raise UserError(
                    f'the test pipeline has {name}, which prediction does not know; it '
                    f'knows {known}: change the test pipeline in the config'
                )
            settings.pop('clip_object_border', None)
            self.transforms.append(getattr(mmcv.transforms, name)(**settings))

    def __call__(self, image: np.ndarray) -> Prepared:
        """Prepare an image, (H, W, 3) RGB in 0..255."""
        height, width = image.shape[:2]
        # The hosts' networks are configured for the channels of OpenCV.
        state: dict[str, Any] = dict(
            img=np.ascontiguousarray(image[..., ::-1]),
            ori_shape=(height, width),
            img_shape=(height, width),
            scale_factor=(1.0, 1.0),
        )
        for transform in self.transforms:
            state = transform(state)
        pixels = torch.from_numpy(np.ascontiguousarray(state['img'].transpose(2, 0, 1)))
        keys = ('ori_shape', 'img_shape', 'scale_factor')
        return Prepared(pixels, {key: state[key] for key in keys})
