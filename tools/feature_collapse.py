#!/usr/bin/env python
"""Measure how alike a network's channels are, block by block, and plot it.

Mean pairwise cosine distance of channel activations (ConvNeXt V2, arXiv 2301.00808,
section 3.2): near 0 the features of a block have collapsed, 0.5 is the most diverse.
Checkpoints of ConvNeXt and ConvNeXt V2, pre-trained, classifying or in a detector.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from convnext_dense.cli import complain
from convnext_dense.errors import UserError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the tool and return its exit code: 0, or 2 for a user's mistake."""
    args = _parser().parse_args(arguments)
    try:
        found = _measure(args)
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.with_suffix('.json').write_text(json.dumps(found, indent=2) + '\n')
        _plot(found, args.out.with_suffix('.png'))
    except (UserError, OSError) as error:
        return complain(str(error))
    print(_table(found))
    print(f'written: {args.out.with_suffix(".json")} and .png')
    return 0


def _measure(args: argparse.Namespace) -> dict[str, dict[str, float]]:
    import torch

    from convnext_dense.pretrain.collapse import backbone_of, block_distances
    from convnext_dense.registry import DATASETS, MODELS

    if args.images < 1:
        raise UserError(f'--images must be 1 or more, got {args.images}')
    if args.size < 32:
        raise UserError(f'--size must be 32 or more, got {args.size}')
    dataset = DATASETS.build(
        dict(
            type='convnext_dense.ImageFolder',
            data_root=str(args.folder),
            pipeline=[
                dict(type='convnext_dense.LoadImage'),
                dict(type='convnext_dense.Resize', size=args.size),
                dict(type='convnext_dense.CenterCrop', size=args.size),
                dict(type='convnext_dense.PackImage'),
            ],
        )
    )
    step = max(1, len(dataset) // args.images)
    chosen = [dataset[index]['inputs'] for index in range(0, len(dataset), step)]
    preprocessor = MODELS.build(
        dict(
            type='ImgDataPreprocessor',
            mean=[123.675, 116.28, 103.53],
            std=[58.395, 57.12, 57.375],
        )
    )
    images = preprocessor(dict(inputs=torch.stack(chosen[: args.images])))['inputs']
    return {
        checkpoint: block_distances(backbone_of(checkpoint), images)
        for checkpoint in args.checkpoints
    }


def _table(found: dict[str, dict[str, float]]) -> str:
    lines = []
    for checkpoint, distances in found.items():
        mean = sum(distances.values()) / len(distances)
        lines.append(f'{checkpoint}: mean {mean:.3f}')
        lines += [f'  {name:12} {value:.3f}' for name, value in distances.items()]
    return '\n'.join(lines)


def _plot(found: dict[str, dict[str, float]], path: Path) -> None:
    import matplotlib

    matplotlib.use('Agg')
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4), layout='constrained')
    for checkpoint, distances in found.items():
        # Networks of other depths share the axis.
        depth = [100 * i / max(1, len(distances) - 1) for i in range(len(distances))]
        axes.plot(depth, [*distances.values()], marker='o', label=checkpoint)
    axes.set(
        xlabel='depth of the block, % of the network',
        ylabel='mean cosine distance of channels',
        ylim=(0, 0.55),
    )
    axes.grid(alpha=0.3)
    axes.legend(fontsize='small')
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    add = parser.add_argument
    add('folder', type=Path, help='a folder of images')
    add('checkpoints', nargs='+', help='paths, URLs or convnext_dense://NAME')
    add('--images', type=int, default=32, help='number of images, over the folder')
    add('--size', type=int, default=224, help='side they are resized and cropped to')
    add(
        '--out',
        type=Path,
        default=Path('work_dirs/feature_collapse'),
        help='the files to write, without their suffix',
    )
    return parser


if __name__ == '__main__':
    sys.exit(main())
