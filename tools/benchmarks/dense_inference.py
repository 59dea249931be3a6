#!/usr/bin/env python
"""From logits to labels: sliding windows and whole images, beside mmsegmentation.

The network is left out: each side gets the same logits for every window or image.
"""

import sys

import torch
from mmengine.config import ConfigDict
from suite import Suite
from torch import Tensor, nn
from torch.nn.functional import interpolate

from convnext_dense.engine.hosts import import_host

WHOLE_GOALS = dict(goal=1 / 3, memory_goal=1 / 4)
WINDOW_GOALS = dict(goal=1 / 9, memory_goal=1 / 3)
GOALS_SIDE = 2048
YES_OR_NO = ['yes', 'no']


class Head(nn.Module):
    """A head that has its own way to predict."""

    predict = predict_by_feat = None


def network(base: type[nn.Module], logits: Tensor, size: tuple[int, int]) -> nn.Module:
    """Make a segmentor of a class whose network has nothing to compute."""

    class Given(base):
        def __init__(self) -> None:
            nn.Module.__init__(self)
            self.align_corners, self.out_channels = False, logits.shape[1]
            self.decode_head = Head()

        def encode_decode(self, inputs: Tensor, metas: list) -> Tensor:  # noqa: ARG002
            return logits[:, :, : inputs.shape[2], : inputs.shape[3]]

    model = Given()
    model.test_cfg = ConfigDict(mode='whole')
    if size:
        model.test_cfg = ConfigDict(
            mode='slide', crop_size=size, stride=[side * 2 // 3 for side in size]
        )
    return model.eval()


def main() -> int:
    """Measure both rows, and how sliding windows scale."""
    suite = Suite(
        __doc__,
        'dense_inference',
        devices=True,
        rounds=2,
        classes=(150, 'number of classes'),
        sides=(
            [1024],
            f'sides of the images of windows; goals are for {GOALS_SIDE} and more',
        ),
        scaling=('yes', 'whether there is a table by number of classes', YES_OR_NO),
    )
    import_host('mmseg')
    args = suite.args
    for side in args.sides:
        compare(suite, args.classes, (side, side), (side, side), (512, 512))
    # The finer the areas of a label, the more borders.
    for cell in (32, 8, 1):
        compare(suite, args.classes, (512, 683), (2000, 1500), cell=cell)
    if args.scaling == 'yes':
        for classes in (2, 19, 75, 300):
            compare(suite, classes, (640, 640), (640, 640), (512, 512), rounds=1)
    return suite.finish()


def compare(
    suite: Suite,
    classes: int,
    shape: tuple[int, int],
    original: tuple[int, int],
    window: tuple[int, int] = (),
    rounds: int | None = None,
    cell: int = 1,
) -> None:
    """Measure one size of image, labels of both sides compared.

    Args:
        suite: Takes the row.
        classes: Number of classes.
        shape: Height and width of the image as the network sees it.
        original: Those of the labels.
        window: Those of a window; the whole image without them.
        rounds: Measurements of each side.
        cell: Side of the areas of one label, in pixels of the network's image: 1 is
            noise, in which every pixel is a border.
    """
    from mmseg.models.segmentors import EncoderDecoder as Host
    from mmseg.structures import SegDataSample

    from convnext_dense.segmentation.encoder_decoder import EncoderDecoder

    torch.manual_seed(0)
    device = suite.args.device
    size = window or shape
    coarse = [max(side // cell, 1) for side in size]
    logits = torch.randn(1, classes, *coarse, device=device)
    if cell > 1:
        logits = interpolate(logits, size, mode='bicubic')
    image = torch.zeros(1, 3, *shape, device=device)
    meta = dict(img_shape=shape, pad_shape=shape, ori_shape=original)

    def labels(model: nn.Module) -> Tensor:
        with torch.inference_mode():
            (sample,) = model.predict(image, [SegDataSample(metainfo=dict(meta))])
        return sample.pred_sem_seg.data

    ours = network(EncoderDecoder, logits, window)
    host = network(Host, logits, window)
    differing = (labels(ours) != labels(host)).double().mean().item()
    kind = f'windows of {window}' if window else f'whole image of {shape}'
    kind += f', areas of {cell} pixels' if cell > 1 else ', noise'
    goals = WHOLE_GOALS
    if window:
        goals = WINDOW_GOALS if min(shape) >= GOALS_SIDE else {}
    suite.compare(
        f'{kind}, {classes} classes, labels at {original}',
        {'ours': lambda: labels(ours), 'mmseg': lambda: labels(host)},
        rounds=rounds,
        **goals,
        # Only where two classes are equal but for rounding may labels differ.
        equal=differing < 1e-5,
        notes={'labels that differ': differing},
    )


if __name__ == '__main__':
    sys.exit(main())
