"""Test-time augmentation of detectors: boxes and masks of several views, merged."""

import torch
from mmcv.ops import batched_nms
from mmdet.models.test_time_augs import DetTTAModel
from mmdet.structures import DetDataSample
from mmdet.structures.bbox import bbox_flip, bbox_overlaps
from mmengine.structures import InstanceData
from torch import Tensor

from convnext_dense.registry import MODELS

# The axes of a mask (N, H, W) that a flip of the image turns round.
AXES = {'horizontal': (2,), 'vertical': (1,), 'diagonal': (1, 2)}


@MODELS.register_module()
class MaskTTAModel(DetTTAModel):
    """Merge what a detector finds in several views of an image, masks included.

    mmdet's model keeps, of boxes that overlap, the best alone, and refuses masks. Here
    the boxes and masks of all views that overlap it vote, weighted by their scores: a
    box becomes the weighted mean, a mask what more than half of the weight covers.
    Detectors without masks get merged boxes.

    Args:
        module: The detector, or its config.
        tta_cfg: ``dict(nms=, max_per_img=)``; detections of a class whose boxes overlap
            by more than ``nms.iou_threshold`` are one object.
    """

    def _merge_single_sample(self, data_samples: list[DetDataSample]) -> DetDataSample:
        """Merge the predictions of the views of one image, in its own pixels."""
        views = [upright(sample) for sample in data_samples]
        merged = data_samples[0]
        merged.pred_instances = merge(
            InstanceData.cat(views), self.tta_cfg.nms, self.tta_cfg.max_per_img
        )
        return merged


def upright(sample: DetDataSample) -> InstanceData:
    """Give the predictions of a view as if its image had not been flipped.

    Scales need nothing: boxes and masks arrive in the pixels of the original image.
    """
    found = sample.pred_instances
    if not sample.flip:
        return found
    turned = InstanceData(
        bboxes=bbox_flip(found.bboxes, sample.ori_shape, sample.flip_direction),
        scores=found.scores,
        labels=found.labels,
    )
    if 'masks' in found:
        turned.masks = found.masks.flip(AXES[sample.flip_direction])
    return turned


def merge(found: InstanceData, nms: dict, max_per_img: int) -> InstanceData:
    """Make one object of the detections of each class that overlap.

    Args:
        found: ``bboxes`` (N, 4), ``scores`` (N,), ``labels`` (N,) and, where there are
            masks, boolean ``masks`` (N, H, W), of all views.
        nms: mmcv's config of non-maximum suppression.
        max_per_img: The largest number of objects returned.

    Returns:
        The same fields for K objects, highest score first.
    """
    if not len(found):
        return found
    _, keep = batched_nms(found.bboxes, found.scores, found.labels, nms)
    keep = keep[:max_per_img]
    weights = votes(found, keep, nms['iou_threshold'])
    merged = InstanceData(scores=found.scores[keep], labels=found.labels[keep])
    merged.bboxes = weights @ found.bboxes
    if 'masks' in found:
        # Object by object: all masks as numbers would take four times their memory.
        masks = [
            torch.einsum('n,nhw->hw', row[row > 0], found.masks[row > 0].to(row)) > 0.5
            for row in weights
        ]
        merged.masks = torch.stack(masks)
    return merged


def votes(found: InstanceData, keep: Tensor, iou_threshold: float) -> Tensor:
    """Give each detection to the object it overlaps most, weighted by its score.

    Args:
        found: N detections, as for :func:`merge`.
        keep: (K,) indices of those that stand for an object.
        iou_threshold: Overlap from which on a detection has a vote.

    Returns:
        (K, N) weights of the detections in each object; rows sum to 1.
    """
    overlaps = bbox_overlaps(found.bboxes[keep], found.bboxes)
    overlaps[found.labels[keep, None] != found.labels] = 0
    # Each is its own, also where a box without area overlaps nothing.
    overlaps.scatter_(1, keep[:, None], torch.inf)
    overlap, owner = overlaps.max(dim=0)
    weights = torch.zeros_like(overlaps)
    weights.scatter_(0, owner[None], (found.scores * (overlap >= iou_threshold))[None])
    return weights / weights.sum(dim=1, keepdim=True)
