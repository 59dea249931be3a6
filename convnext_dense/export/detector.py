"""Faster, Mask and Cascade R-CNN as one graph."""

from typing import Any

import torch
from torch import Tensor, nn

from convnext_dense.errors import UserError

from .boxes import decode, first_of_each, grid_anchors, pool_regions, suppress
from .preparing import Normalise, size_of


class DetectorGraph(nn.Module):
    """A two-stage detector of mmdet on (N, 3, H, W) RGB in 0..255.

    All sizes may vary. The outputs list the objects of all images, M in total:
    ``image`` (M,) the image's index in the batch, ``boxes`` (M, 4) x1, y1, x2, y2 in
    pixels of the input, ``scores`` (M,), ``labels`` (M,) and, where the model has
    masks, ``masks`` (M, h, w), probabilities to be enlarged to the boxes
    (:func:`convnext_dense.detection.pasting.paste_masks`).

    Raises:
        UserError: If the detector has a part that has no standard operators.
    """

    def __init__(self, model: Any):
        super().__init__()
        if not hasattr(model, 'roi_head') or not model.with_rpn:
            raise UserError(
                f'a {type(model).__name__} cannot be exported: Faster, Mask and '
                'Cascade R-CNN can'
            )
        for name in ('rpn', 'rcnn'):
            kind = model.test_cfg[name].nms.get('type', 'nms')
            if kind != 'nms':
                raise UserError(
                    f'{kind} has no standard operator; export with a config that sets '
                    f"model.test_cfg.{name}.nms=dict(type='nms', iou_threshold=0.5)"
                )
        preprocessor = model.data_preprocessor
        self.prepare = Normalise(preprocessor, preprocessor.pad_size_divisor)
        self.model = model
        roi_head = model.roi_head
        # Cascades have a list of each.
        self.box_heads = _listed(roi_head.bbox_head)
        self.box_extractors = _listed(roi_head.bbox_roi_extractor)
        self.mask_heads = _listed(roi_head.mask_head) if roi_head.with_mask else []
        self.mask_extractors = []
        if roi_head.with_mask:
            extractor = roi_head.mask_roi_extractor
            self.mask_extractors = _listed(extractor) * (
                1 if isinstance(extractor, nn.ModuleList) else len(self.mask_heads)
            )

    @property
    def outputs(self) -> list[str]:
        """The outputs' names."""
        masks = ['masks'] if self.mask_heads else []
        return ['image', 'boxes', 'scores', 'labels', *masks]

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Find the objects of a batch."""
        size = size_of(images)
        features = self.model.extract_feat(self.prepare(images))
        regions = self._propose(features, size, images.shape[0])
        image, boxes, scores, labels = self._classify(
            features, regions, size, images.shape[0]
        )
        if not self.mask_heads:
            return image, boxes, scores, labels
        found = torch.cat([image[:, None].to(boxes.dtype), boxes], dim=1)
        return image, boxes, scores, labels, self._mask(features, found, labels)

    def _propose(self, features: Any, size: Tensor, number: int) -> Tensor:
        """Give the regions of the proposal head, (M, 5) image, x1, y1, x2, y2."""
        head, cfg = self.model.rpn_head, self.model.test_cfg.rpn
        generator = head.prior_generator
        boxes, scores, levels = [], [], []
        for place, (cls, reg) in enumerate(zip(*head(features), strict=True)):
            base = generator.base_anchors[place].to(cls)
            anchors = grid_anchors(base, generator.strides[place], cls)
            cls = cls.permute(0, 2, 3, 1).flatten(1)
            # (N, A * 4, h, w) to (N, h * w * A, 4)
            reg = reg.permute(0, 2, 3, 1).reshape(number, -1, 4)
            sure, chosen = cls.sigmoid().sort(dim=1, descending=True)
            if cfg.get('nms_pre', -1) > 0:
                sure, chosen = _filled(sure, chosen, cfg.nms_pre)
            deltas = reg.gather(1, chosen[..., None].expand(-1, -1, 4))
            boxes.append(decode(head.bbox_coder, anchors[chosen], deltas, size))
            scores.append(sure)
            levels.append(torch.full_like(chosen, place))
        box, score, level = (
            torch.cat(boxes, 1),
            torch.cat(scores, 1),
            torch.cat(levels, 1),
        )
        index = torch.arange(number, device=box.device)[:, None].expand_as(level)
        box, score = box.flatten(0, 1), score.flatten()
        level, index = level.flatten(), index.flatten()
        sides = box[:, 2:] - box[:, :2]
        valid = (sides.amin(1) > cfg.get('min_bbox_size', 0)) & (score >= 0)
        valid = valid.nonzero().squeeze(1)
        box, score, level, index = box[valid], score[valid], level[valid], index[valid]
        groups = index * len(boxes) + level
        kept = suppress(box, score, groups, cfg.nms.iou_threshold)
        kept = kept[first_of_each(index[kept], number, cfg.max_per_img)]
        return torch.cat([index[kept][:, None].to(box.dtype), box[kept]], dim=1)

    def _classify(
        self, features: Any, regions: Tensor, size: Tensor, number: int
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Give image, box, score and label of what the box heads are sure of."""
        cfg = self.model.test_cfg.rcnn
        logits = []
        for stage, head in enumerate(self.box_heads):
            pooled = pool_regions(self.box_extractors[stage], features, regions)
            cls, reg = head(pooled)
            logits.append(cls)
            if stage + 1 < len(self.box_heads):
                regions = self._refine(head, regions, cls, reg, size)
        probabilities = (sum(logits) / len(logits)).softmax(-1)[:, :-1]
        classes = probabilities.shape[1]
        deltas = reg.reshape(-1, 1 if head.reg_class_agnostic else classes, 4)
        boxes = decode(head.bbox_coder, regions[:, None, 1:], deltas, size)
        boxes = boxes.expand(-1, classes, 4)
        sure = (probabilities > cfg.score_thr).nonzero()
        region, label = sure[:, 0], sure[:, 1]
        box, score = boxes[region, label], probabilities[region, label]
        image = regions[region, 0].long()
        kept = suppress(box, score, image * classes + label, cfg.nms.iou_threshold)
        if cfg.max_per_img > 0:
            kept = kept[first_of_each(image[kept], number, cfg.max_per_img)]
        return image[kept], box[kept], score[kept], label[kept]

    @staticmethod
    def _refine(
        head: Any, regions: Tensor, cls: Tensor, reg: Tensor, size: Tensor
    ) -> Tensor:
        """Move the regions for the next stage of a cascade."""
        if not head.reg_class_agnostic:
            label = cls[:, :-1].argmax(1)[:, None, None].expand(-1, 1, 4)
            reg = reg.reshape(-1, head.num_classes, 4).gather(1, label)[:, 0]
        boxes = decode(head.bbox_coder, regions[:, 1:], reg, size)
        return torch.cat([regions[:, :1], boxes], dim=1)

    def _mask(self, features: Any, regions: Tensor, labels: Tensor) -> Tensor:
        """Give each object's probabilities within its box, (M, h, w)."""
        # One region more, dropped in the end: runtimes refuse to reshape no regions.
        regions = torch.cat([regions, regions.new_zeros(1, 5)])
        labels = torch.cat([labels, labels.new_zeros(1)])
        masks = []
        for extractor, head in zip(self.mask_extractors, self.mask_heads, strict=True):
            found = head(pool_regions(extractor, features, regions)).sigmoid()
            if not head.class_agnostic:
                index = labels[:, None, None, None]
                index = index.expand(-1, 1, found.shape[2], found.shape[3])
                found = found.gather(1, index)
            masks.append(found[:, 0])
        return torch.stack(masks).mean(0)[:-1]


def _filled(sure: Tensor, chosen: Tensor, number: int) -> tuple[Tensor, Tensor]:
    """Take the first of each row, filled up with scores of -1 where there are fewer.

    A graph would take what the example had, fewer or not, for all images.
    """
    shape = (sure.shape[0], number)
    sure = torch.cat([sure, sure.new_full(shape, -1.0)], dim=1)
    chosen = torch.cat([chosen, chosen.new_zeros(shape)], dim=1)
    return sure[:, :number], chosen[:, :number]


def _listed(part: Any) -> list:
    return [*part] if isinstance(part, nn.ModuleList) else [part]
