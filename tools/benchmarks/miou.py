#!/usr/bin/env python
"""Counting intersections and unions of one image, beside mmsegmentation."""

import sys

import torch
import torch.nn.functional as F
from suite import Suite

from convnext_dense.engine.hosts import import_host


def main() -> int:
    """Measure the update of the metric for images of several numbers of classes."""
    suite = Suite(
        __doc__,
        'miou',
        devices=True,
        height=(512, 'height of the image'),
        width=(683, 'width of the image'),
        classes=([150, 2, 19, 1000], 'numbers of classes'),
    )
    import_host('mmseg')
    from mmseg.evaluation import IoUMetric as Host

    from convnext_dense.segmentation.iou_metric import IoUMetric

    size = (suite.args.height, suite.args.width)
    for classes in suite.args.classes:
        torch.manual_seed(0)
        # Regions of 32 pixels, a tenth of them wrongly predicted, a band ignored.
        regions = torch.randint(classes, (1, 1, size[0] // 32, size[1] // 32))
        truth = F.interpolate(regions.double(), size)[0, 0].long()
        wrong = torch.rand(size) < 0.1
        predicted = torch.where(wrong, torch.randint(classes, size), truth)
        truth[:20] = 255
        truth, predicted = (t.to(suite.args.device) for t in (truth, predicted))
        sides = {
            name: lambda metric=metric: metric.intersect_and_union(
                predicted,  # noqa: B023
                truth,  # noqa: B023
                classes,  # noqa: B023
                255,
            )
            for name, metric in (('ours', IoUMetric), ('mmseg', Host))
        }
        areas = [call() for call in sides.values()]
        equal = all(torch.equal(a, b.double()) for a, b in zip(*areas, strict=True))
        suite.compare(
            f'areas of {size}, {classes} classes',
            sides,
            goal=1 / 6 if classes == 150 else None,
            equal=equal,
        )
    return suite.finish()


if __name__ == '__main__':
    sys.exit(main())
