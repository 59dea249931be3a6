#!/usr/bin/env python
"""Draw what a masked autoencoder makes of images: input, masked input, reconstruction.

The images and their crops are those of the config's training data.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from convnext_dense.cli import complain
from convnext_dense.errors import UserError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the tool and return its exit code: 0, or 2 for a user's mistake."""
    args = _parser().parse_args(arguments)
    try:
        _draw(args)
    except (UserError, OSError) as error:
        return complain(str(error))
    print(f'reconstructions drawn: {args.out}')
    return 0


def _draw(args: argparse.Namespace) -> None:
    from convnext_dense.engine.config import load_config
    from convnext_dense.engine.hooks.reconstruction_sheet import (
        draw_batch,
        spread_samples,
    )
    from convnext_dense.pretrain.published import load_published
    from convnext_dense.registry import DATASETS, MODELS

    if args.images < 1:
        raise UserError(f'--images must be 1 or more, got {args.images}')
    if args.out.suffix not in ('.png', '.jpg', '.jpeg'):
        raise UserError(f'--out must end in .png or .jpg, got {args.out}')
    cfg = load_config(args.config, args.cfg_options)
    if 'FCMAE' not in cfg.get('model', {}).get('type', ''):
        raise UserError(f'{args.config} describes no masked autoencoder')
    model = MODELS.build(cfg.model)
    load_published(model, args.checkpoint)
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    batch = spread_samples(dataset, args.images, args.seed)
    sheet = draw_batch(model, batch, title=args.checkpoint, seed=args.seed)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(args.out)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    add = parser.add_argument
    add('config', type=Path, help='a config of configs/fcmae, configs/custom, ...')
    add('checkpoint', help='its checkpoint, ours or a published one')
    add('--out', type=Path, default=Path('work_dirs/reconstructions.png'))
    add('--images', type=int, default=8, help='number of images')
    add('--seed', type=int, default=0, help='of crops and masks')
    add(
        '--cfg-options',
        nargs='+',
        action='extend',
        default=[],
        metavar='KEY=VALUE',
        help='override values of the config, e.g. data_root=data/my_images',
    )
    return parser


if __name__ == '__main__':
    sys.exit(main())
