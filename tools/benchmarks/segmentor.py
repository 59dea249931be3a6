#!/usr/bin/env python
"""Training step of a UperNet, beside its stock assembly.

Both have mmsegmentation's heads of a config; the stock one has timm's backbone.
"""

import sys
from pathlib import Path
from typing import Any

import torch
from assembly import assemble, step
from suite import PRECISIONS, Suite

from convnext_dense.errors import UserError

HOST = 'mmseg'
CONFIG = 'configs/convnext_v2/upernet_convnext-v2-atto_160k_ade20k-512.py'


def batch(number: int, height: int, width: int, classes: int) -> dict[str, Any]:
    """Make random images with random labels, as a pipeline gives them."""
    from mmengine.structures import PixelData
    from mmseg.structures import SegDataSample

    torch.manual_seed(0)
    inputs, samples = [], []
    for _ in range(number):
        sample = SegDataSample(metainfo=dict(img_shape=(height, width)))
        labels = torch.randint(classes, (1, height, width))
        sample.gt_sem_seg = PixelData(data=labels)
        inputs.append(torch.randint(256, (3, height, width), dtype=torch.uint8))
        samples.append(sample)
    return dict(inputs=inputs, data_samples=samples)


def main() -> int:
    """Measure the step."""
    suite = Suite(
        __doc__,
        'segmentor',
        devices=True,
        rounds=2,
        config=(CONFIG, 'config of the model'),
        height=(256, 'height of the images'),
        width=(256, 'width of the images'),
        batch=(2, 'images'),
        dtypes=(['float32'], 'precisions', PRECISIONS),
    )
    args = suite.args
    if args.batch < 2:
        raise UserError('--batch 1: norms of the pooled features need two images')
    timm = suite.peer('timm')
    models = {'ours': assemble(HOST, args.config, args.device)}
    if timm:
        models['stock'] = assemble(HOST, args.config, args.device, timm)
    for model in models.values():
        model.data_preprocessor.size = (args.height, args.width)
    classes = models['ours'].num_classes
    data = batch(args.batch, args.height, args.width, classes)
    for name in args.dtypes:
        dtype = getattr(torch, name)
        suite.compare(
            f'{Path(args.config).stem}, {name}, '
            f'{args.batch} of {args.height}x{args.width}',
            {side: step(model, data, dtype) for side, model in models.items()},
        )
    return suite.finish()


if __name__ == '__main__':
    sys.exit(main())
