#!/usr/bin/env python
"""Training step of a Mask R-CNN, beside its stock assembly.

Both have mmdetection's heads of our small config. The stock one has timm's backbone,
and torchvision's non-maximum suppression and RoIAlign (compiled mmcv computes them
likewise).
"""

import logging
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from suite import Suite
from torch import Tensor, nn

from convnext_dense.engine.config import load_config
from convnext_dense.engine.hosts import import_host
from convnext_dense.layers import use_faster_linear
from convnext_dense.registry import MODELS

CONFIG = 'configs/shapes/mask-rcnn_convnext-v2-atto_demo_shapes.py'


def torchvision_average(
    features: Tensor,
    rois: Tensor,
    output: Tensor,
    argmax_y: Tensor,  # noqa: ARG001
    argmax_x: Tensor,  # noqa: ARG001
    *,
    aligned_height: int,
    aligned_width: int,
    spatial_scale: float,
    sampling_ratio: int,
    pool_mode: int,  # noqa: ARG001
    aligned: bool,
) -> None:
    """Stand in for ``roi_align_forward`` by torchvision's operator."""
    bins = aligned_height, aligned_width
    output[:] = torch.ops.torchvision.roi_align(
        features, rois, spatial_scale, *bins, sampling_ratio, aligned
    )


def torchvision_gradient(
    grad_output: Tensor,
    rois: Tensor,
    argmax_y: Tensor,  # noqa: ARG001
    argmax_x: Tensor,  # noqa: ARG001
    grad_input: Tensor,
    *,
    aligned_height: int,
    aligned_width: int,
    spatial_scale: float,
    sampling_ratio: int,
    pool_mode: int,  # noqa: ARG001
    aligned: bool,
) -> None:
    """Stand in for ``roi_align_backward`` by torchvision's operator."""
    grad_input += torch.ops.torchvision._roi_align_backward(
        grad_output.contiguous(),
        rois,
        spatial_scale,
        aligned_height,
        aligned_width,
        *grad_input.shape,
        sampling_ratio,
        aligned,
    )


def torchvision_nms(
    boxes: Tensor,
    scores: Tensor,
    *,
    iou_threshold: float,
    offset: int,  # noqa: ARG001
) -> Tensor:
    """Stand in for ``nms`` by torchvision's operator."""
    return torch.ops.torchvision.nms(boxes, scores, iou_threshold)


def detector(timm: Any | None, device: str) -> nn.Module:
    """Build the detector of the config, with our backbone or timm's."""
    cfg = load_config(CONFIG, ['classes=[circle,square,triangle]', 'image_size=256'])
    torch.manual_seed(0)
    model = MODELS.build(cfg.model | dict(type=f'mmdet.{cfg.model.type}'))
    model.init_weights()
    if timm:
        model.backbone = timm.create_model('convnextv2_atto', features_only=True)
    else:
        use_faster_linear(model)  # as our runner does
    return model.to(device).train()


def batch(number: int, side: int, instances: int, ours: bool) -> dict[str, Any]:
    """Make random images with discs as instances, as a side's pipeline gives them."""
    from mmdet.structures import DetDataSample
    from mmdet.structures.mask import BitmapMasks
    from mmengine.structures import InstanceData
    from pycocotools.mask import encode

    from convnext_dense.detection.instance_masks import PatchMasks

    rng = np.random.default_rng(0)
    rows, cols = np.mgrid[:side, :side]
    inputs, samples = [], []
    for _ in range(number):
        radius = rng.uniform(0.03, 0.15, instances) * side
        x, y = rng.uniform(0.2, 0.8, (2, instances)) * side
        masks = (
            (cols - x[:, None, None]) ** 2 + (rows - y[:, None, None]) ** 2
            < radius[:, None, None] ** 2
        ).astype(np.uint8)
        boxes = np.stack([x - radius, y - radius, x + radius, y + radius], 1)
        sample = DetDataSample(metainfo=dict(img_shape=(side, side)))
        sample.gt_instances = InstanceData(
            bboxes=torch.tensor(boxes, dtype=torch.float32),
            labels=torch.tensor(rng.integers(0, 3, instances)),
            masks=PatchMasks.from_annotations(
                [encode(np.asfortranarray(mask)) for mask in masks], side, side
            )
            if ours
            else BitmapMasks(masks, side, side),
        )
        inputs.append(
            torch.tensor(rng.integers(0, 256, (3, side, side)), dtype=torch.uint8)
        )
        samples.append(sample)
    return dict(inputs=inputs, data_samples=samples)


def step(model: nn.Module, data: dict[str, Any], **operators: Callable) -> Callable:
    """Make a function that takes one training step with these operators of mmcv's."""
    extension = sys.modules['mmcv._ext']
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5, fused=True)

    def run() -> None:
        for name, operator in operators.items():
            setattr(extension, name, operator)
        prepared = model.data_preprocessor(data, training=True)
        losses = model(**prepared, mode='loss')
        loss, _ = model.parse_losses(losses)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return run


def main() -> int:
    """Measure the step, and how it grows with the instances in an image."""
    suite = Suite(
        __doc__,
        'detector',
        devices=True,
        rounds=3,
        side=(256, 'side of the images'),
        batch=(4, 'images'),
        instances=([8, 64], 'instances per image'),
    )
    import_host('mmdet')
    from convnext_dense.mmcv_ops.boxes import nms
    from convnext_dense.mmcv_ops.roi_align import roi_align_backward, roi_align_forward

    timm = suite.peer('timm')
    args = suite.args
    logging.disable(logging.INFO)  # a line for each weight
    ours = detector(None, args.device)
    stock = detector(timm, args.device) if timm else None
    for number in args.instances:
        data = batch(args.batch, args.side, number, ours=True)
        sides = {
            'ours': step(
                ours,
                data,
                nms=nms,
                roi_align_forward=roi_align_forward,
                roi_align_backward=roi_align_backward,
            )
        }
        if stock:
            data = batch(args.batch, args.side, number, ours=False)
            sides['stock'] = step(
                stock,
                data,
                nms=torchvision_nms,
                roi_align_forward=torchvision_average,
                roi_align_backward=torchvision_gradient,
            )
        suite.compare(
            f'Mask R-CNN, ConvNeXt-V2-atto, {args.batch} of {args.side}x{args.side}, '
            f'{number} instances each',
            sides,
            goal=0.8,
        )
    return suite.finish()


if __name__ == '__main__':
    sys.exit(main())
