"""What mmdet's pipelines begin and end with, without work that is thrown away."""

import numpy as np
import torch
from mmdet.datasets.transforms import LoadAnnotations
from mmdet.datasets.transforms import PackDetInputs as HostPackDetInputs

from convnext_dense.detection.instance_masks import PatchMasks
from convnext_dense.registry import TRANSFORMS


@TRANSFORMS.register_module()
class LoadInstances(LoadAnnotations):
    """mmdet's ``LoadAnnotations`` whose masks are drawn when they are asked for.

    Args:
        **kwargs: Those of the host's transform.

    Raises:
        ValueError: If a mask is not of its image's size.
    """

    def _load_masks(self, results: dict) -> None:
        if not self.poly2mask:
            super()._load_masks(results)
            return
        results['gt_masks'] = PatchMasks.from_annotations(
            self._process_masks(results), *results['ori_shape']
        )


@TRANSFORMS.register_module()
class PackDetInputs(HostPackDetInputs):
    """mmdet's, with pixels left in the order that they were read in.

    ``inputs`` is (3, h, w) as ever; in memory the colours of a pixel stay side by
    side (channels last), which is what the backbones compute on.
    """

    def transform(self, results: dict) -> dict:
        """Pack an image and its annotations."""
        pixels = results.pop('img')
        packed = super().transform(results)
        packed['inputs'] = torch.from_numpy(np.ascontiguousarray(pixels)).permute(
            2, 0, 1
        )
        results['img'] = pixels
        return packed
