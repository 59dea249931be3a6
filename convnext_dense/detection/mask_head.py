"""mmdet's mask head, whose masks are pasted by products of matrices."""

from typing import Any

import numpy as np
import torch
from mmdet.models.roi_heads.mask_heads import FCNMaskHead as HostFCNMaskHead
from torch import Tensor

from convnext_dense.registry import MODELS

from .pasting import paste_masks


@MODELS.register_module()
class FCNMaskHead(HostFCNMaskHead):
    """mmdet's ``FCNMaskHead``, faster where it pastes masks on a CPU.

    mmdet samples a grid of every pixel of a box; for upright boxes this is a product
    with a matrix for the rows and one for the columns.
    """

    def _predict_by_feat_single(
        self,
        mask_preds: Tensor,
        bboxes: Tensor,
        labels: Tensor,
        img_meta: dict,
        rcnn_test_cfg: Any,
        rescale: bool = False,
        activate_map: bool = False,
    ) -> Tensor:
        """Paste the masks of an image: (N, H, W) boolean.

        Arguments are the host's. Negative thresholds, which ask for probabilities, and
        other devices are left to the host.
        """
        given = (mask_preds, bboxes, labels, img_meta, rcnn_test_cfg)
        threshold = rcnn_test_cfg.mask_thr_binary
        if bboxes.device.type != 'cpu' or threshold < 0:
            return super()._predict_by_feat_single(*given, rescale, activate_map)
        height, width = img_meta['ori_shape'][:2]
        if not rescale:
            across, down = img_meta['scale_factor']
            height, width = round(height * down), round(width * across)
        small = own_masks(self, *given, rescale, activate_map).detach().float().numpy()
        # numpy leaves zeros to the system: what nothing is written to takes no time.
        whole = np.zeros((len(small), height, width), dtype=bool)
        for mask, one, box in zip(whole, small, bboxes.detach().numpy(), strict=True):
            (crop,) = paste_masks(one[None], box[None], (height, width), threshold)
            crop.draw(mask)
        return torch.from_numpy(whole)


def own_masks(
    head: Any,
    mask_preds: Tensor,
    bboxes: Tensor,
    labels: Tensor,
    img_meta: dict,
    rcnn_test_cfg: Any,  # noqa: ARG001
    rescale: bool = False,
    activate_map: bool = False,
) -> Tensor:
    """Pick each object's own mask, (N, h, w), and bring its box to the image as asked.

    Args:
        head: The mask head.
        mask_preds: (N, classes, h, w) logits; probabilities with ``activate_map``.
        bboxes: (N, 4), rescaled in place with ``rescale``.
        labels: (N,).
        img_meta: ``scale_factor`` of the image.
        rcnn_test_cfg: Not used.
        rescale: Whether boxes are wanted in the image's own pixels.
        activate_map: Whether these are probabilities.
    """
    masks = torch.as_tensor(mask_preds, device=bboxes.device)
    masks = masks if activate_map else masks.sigmoid()
    if rescale:
        bboxes /= bboxes.new_tensor(img_meta['scale_factor']).repeat((1, 2))
    if head.class_agnostic:
        return masks[:, 0]
    return masks[torch.arange(len(labels), device=labels.device), labels]
