#!/usr/bin/env python
"""Instance masks of an image for COCO evaluation: pasted, then encoded as run lengths.

What a test run does after the network, for each image. Masks are round, boxes a share
of the image's sides.
"""

import sys
from collections.abc import Callable
from typing import Any

import torch
from suite import Suite

from convnext_dense.engine.hosts import import_host
from convnext_dense.errors import UserError

HEIGHT, WIDTH = 800, 1333


def sides(
    number: int, share: float, height: int, width: int
) -> dict[str, Callable[[], Any]]:
    """Give both ways from the outputs of a mask head to run lengths.

    Args:
        number: Instances of the image.
        share: Sides of their boxes, by those of the image.
        height: Height of the image.
        width: Its width.
    """
    import_host('mmdet')
    from mmdet.models.roi_heads.mask_heads import FCNMaskHead as HostFCNMaskHead
    from mmdet.structures.mask import encode_mask_results
    from mmengine.config import ConfigDict

    from convnext_dense.detection.coco_metric import runs_of
    from convnext_dense.detection.mask_head import FCNMaskHead

    torch.manual_seed(0)
    size = torch.tensor([width, height])
    corners = torch.rand(number, 2) * size * (1 - share)
    away = torch.linspace(-1, 1, 28)
    logits = 3 - 4 * (away[:, None] ** 2 + away**2) + 0.5 * torch.randn(number, 28, 28)
    found: dict[str, Any] = dict(
        mask_preds=logits[:, None],
        bboxes=torch.cat([corners, corners + share * size], 1),
        labels=torch.zeros(number, dtype=torch.long),
        img_meta=dict(ori_shape=(height, width), scale_factor=(1.0, 1.0)),
        rcnn_test_cfg=ConfigDict(mask_thr_binary=0.5),
        rescale=True,
    )
    heads = {
        kind: kind(num_classes=1, num_convs=1)
        for kind in (FCNMaskHead, HostFCNMaskHead)
    }

    def ours() -> list[dict]:
        masks = heads[FCNMaskHead]._predict_by_feat_single(**found)
        return runs_of(masks)

    def host() -> list[dict]:
        masks = heads[HostFCNMaskHead]._predict_by_feat_single(**found)
        return encode_mask_results(masks.numpy())

    return {'ours': ours, 'mmdet': host}


def differing(calls: dict[str, Callable[[], Any]]) -> float:
    """Give the share of an image's pixels, of all masks, that differ."""
    from pycocotools.mask import decode

    ours, theirs = (decode(call()) for call in calls.values())
    return float((ours != theirs).mean())


def main() -> int:
    """Measure few and many, small and large ones."""
    suite = Suite(
        __doc__,
        'instance_masks',
        rounds=5,
        instances=([10, 100], 'instances of an image'),
        shares=([0.05, 0.2, 0.9], 'sides of their boxes, by those of the image'),
    )
    if max(suite.args.shares) > 1:
        raise UserError(f'--shares {max(suite.args.shares):g} is above 1: the image')
    for number in suite.args.instances:
        for share in suite.args.shares:
            calls = sides(number, share, HEIGHT, WIDTH)
            apart = differing(calls)
            suite.compare(
                f'{number} masks of {share:g} of the sides of {HEIGHT}x{WIDTH}',
                calls,
                equal=apart < 1e-6,
                tolerance=1e-6,
                notes={'share of pixels that differ': apart},
            )
    return suite.finish()


if __name__ == '__main__':
    sys.exit(main())
