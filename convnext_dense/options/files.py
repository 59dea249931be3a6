"""The options of commands that make and look into files, without a run."""

import argparse
from pathlib import Path


def add_convert(parser: argparse.ArgumentParser) -> None:
    """Write a checkpoint in other names."""
    add = parser.add_argument
    add('source', help='a path, a URL or convnext_dense://NAME')
    add('target', type=Path, help='a file: .safetensors, .pth or .pt')
    add(
        '--to',
        choices=('ours', 'timm'),
        default='ours',
        help='whose names to write (default: %(default)s)',
    )
    add('--force', action='store_true', help='replace the target')
    add(
        '--trust',
        action='store_true',
        help='let the source run code while it is read: only if you know who made it',
    )


def add_complexity(parser: argparse.ArgumentParser) -> None:
    """Count what models cost."""
    add = parser.add_argument
    add(
        'target',
        nargs='+',
        help='config files, or backbones such as ConvNeXtV2-atto (with a classifier)',
    )
    add(
        '--shape',
        type=int,
        nargs=2,
        metavar=('H', 'W'),
        help='size of the image; by default the published one for each kind of model',
    )
    add('--cfg-options', nargs='+', default=[], metavar='KEY=VALUE', help='overrides')
    add('--json', type=Path, metavar='FILE', help='write the numbers')


def add_make_shapes(parser: argparse.ArgumentParser) -> None:
    """Generate data."""
    add = parser.add_argument
    default = '(default: %(default)s)'
    add(
        '--root',
        type=Path,
        default=Path('data/shapes'),
        metavar='DIR',
        help=f'folder to make {default}',
    )
    add('--train', type=int, default=1000, metavar='N', help=f'images {default}')
    add('--val', type=int, default=100, metavar='N', help=f'images {default}')
    add(
        '--size',
        type=int,
        nargs='+',
        default=[128],
        metavar='PIXELS',
        help='side of the images, or height and width (default: 128)',
    )
    add(
        '--seed',
        type=int,
        default=0,
        metavar='S',
        help=f'another seed, other images {default}',
    )
    add('--force', action='store_true', help='replace a set made with other settings')
