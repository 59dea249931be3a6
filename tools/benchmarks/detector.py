#!/usr/bin/env python
"""Training step of a Mask R-CNN, beside its stock assembly.

Both have mmdetection's heads of a config. The stock one has timm's backbone,
and torchvision's non-maximum suppression and RoIAlign (compiled mmcv computes them
likewise).
"""

import itertools
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from assembly import assemble, step
from suite import PRECISIONS, Suite
from torch import Tensor

HOST = 'mmdet'
CONFIG = 'configs/shapes/mask-rcnn_convnext-v2-atto_demo_shapes.py'
CLASSES = ['circle', 'square', 'triangle']


def torchvision_average(
    features: Tensor, rois: Tensor, output: Tensor, *_: Tensor, **options: Any
) -> None:
    """Stand in for ``roi_align_forward`` by torchvision's operator."""
    bins, ratio, aligned = _of_torchvision(options)
    output[:] = torch.ops.torchvision.roi_align(
        features.float(), rois.float(), *bins, ratio, aligned
    )


def torchvision_gradient(
    grad_output: Tensor,
    rois: Tensor,
    argmax_y: Tensor,  # noqa: ARG001
    argmax_x: Tensor,  # noqa: ARG001
    grad_input: Tensor,
    **options: Any,
) -> None:
    """Stand in for ``roi_align_backward`` by torchvision's operator."""
    bins, ratio, aligned = _of_torchvision(options)
    grad_input += torch.ops.torchvision._roi_align_backward(
        grad_output.contiguous().float(),
        rois.float(),
        *bins,
        *grad_input.shape,
        ratio,
        aligned,
    )


def _of_torchvision(options: dict[str, Any]) -> tuple[tuple, int, bool]:
    """Give scale and number of bins, samples a bin, and whether pixels are aligned."""
    names = 'spatial_scale', 'aligned_height', 'aligned_width'
    bins = tuple(options[name] for name in names)
    return bins, options['sampling_ratio'], options['aligned']


def torchvision_nms(
    boxes: Tensor,
    scores: Tensor,
    *,
    iou_threshold: float,
    offset: int,  # noqa: ARG001
) -> Tensor:
    """Stand in for ``nms`` by torchvision's operator."""
    return torch.ops.torchvision.nms(boxes, scores, iou_threshold)


def batch(
    number: int, height: int, width: int, instances: int, ours: bool
) -> dict[str, Any]:
    """Make random images with discs as instances, as a side's pipeline gives them."""
    from mmdet.structures import DetDataSample
    from mmdet.structures.mask import BitmapMasks
    from mmengine.structures import InstanceData
    from pycocotools.mask import encode

    from convnext_dense.detection.instance_masks import PatchMasks

    rng = np.random.default_rng(0)
    rows, cols = np.mgrid[:height, :width]
    side = min(height, width)
    inputs, samples = [], []
    for _ in range(number):
        radius = rng.uniform(0.03, 0.15, instances) * side
        x, y = rng.uniform(0.2, 0.8, (2, instances)) * [[width], [height]]
        masks = (
            (cols - x[:, None, None]) ** 2 + (rows - y[:, None, None]) ** 2
            < radius[:, None, None] ** 2
        ).astype(np.uint8)
        boxes = np.stack([x - radius, y - radius, x + radius, y + radius], 1)
        sample = DetDataSample(metainfo=dict(img_shape=(height, width)))
        sample.gt_instances = InstanceData(
            bboxes=torch.tensor(boxes, dtype=torch.float32),
            labels=torch.tensor(rng.integers(0, len(CLASSES), instances)),
            masks=PatchMasks.from_annotations(
                [encode(np.asfortranarray(mask)) for mask in masks], height, width
            )
            if ours
            else BitmapMasks(masks, height, width),
        )
        inputs.append(
            torch.tensor(rng.integers(0, 256, (3, height, width)), dtype=torch.uint8)
        )
        samples.append(sample)
    return dict(inputs=inputs, data_samples=samples)


def main() -> int:
    """Measure the step, and how it grows with the instances in an image."""
    suite = Suite(
        __doc__,
        'detector',
        devices=True,
        rounds=3,
        config=(CONFIG, 'config of the model'),
        height=(256, 'height of the images'),
        width=(256, 'width of the images'),
        batch=(4, 'images'),
        instances=([8, 64], 'instances per image'),
        dtypes=(['float32'], 'precisions', PRECISIONS),
    )
    args = suite.args
    timm = suite.peer('timm')
    # A config of COCO has its classes.
    options = [f'classes=[{",".join(CLASSES)}]'] if args.config == CONFIG else []
    model = HOST, args.config, args.device
    ours = assemble(*model, options=options)
    stock = assemble(*model, timm, options) if timm else None
    from convnext_dense.mmcv_ops.boxes import nms
    from convnext_dense.mmcv_ops.roi_align import roi_align_backward, roi_align_forward

    size = args.batch, args.height, args.width
    for number, name in itertools.product(args.instances, args.dtypes):
        dtype = getattr(torch, name)
        sides = {
            'ours': step(
                ours,
                batch(*size, number, ours=True),
                dtype,
                nms=nms,
                roi_align_forward=roi_align_forward,
                roi_align_backward=roi_align_backward,
            )
        }
        if stock:
            sides['stock'] = step(
                stock,
                batch(*size, number, ours=False),
                dtype,
                nms=torchvision_nms,
                roi_align_forward=torchvision_average,
                roi_align_backward=torchvision_gradient,
            )
        suite.compare(
            f'{Path(args.config).stem}, {name}, '
            f'{args.batch} of {args.height}x{args.width}, {number} instances each',
            sides,
            goal=0.8 if (args.config, *size[1:]) == (CONFIG, 256, 256) else None,
        )
    return suite.finish()


if __name__ == '__main__':
    sys.exit(main())
