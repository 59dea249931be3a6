"""The options of commands that use trained models."""

import argparse
from pathlib import Path


def add_predict(parser: argparse.ArgumentParser) -> None:
    """Run a model on images."""
    add = parser.add_argument
    add('checkpoint', type=Path, help='a .pth file')
    add(
        'inputs',
        nargs='+',
        metavar='INPUT',
        help='images, folders, patterns, videos, URLs of streams, or - for standard '
        'input',
    )
    _add_model(parser)
    add(
        '--out',
        type=Path,
        default=Path('predictions'),
        metavar='DIR',
        help='where results go (default: %(default)s)',
    )
    add(
        '--threshold',
        type=float,
        metavar='SCORE',
        help='lowest score of an object, in 0..1 (default: 0.5)',
    )
    add('--classes', nargs='+', metavar='NAME', help='only these classes')
    add(
        '--save',
        nargs='+',
        choices=('pictures', 'json', 'labels'),
        help='what to write (default: all that the model gives)',
    )
    add(
        '--annotations',
        type=Path,
        metavar='PATH',
        help='a COCO file whose ids of images and categories results.json should have',
    )
    add('--batch-size', type=int, default=1, metavar='N', help='(default: 1)')


def add_export(parser: argparse.ArgumentParser) -> None:
    """Write a file for other runtimes."""
    add = parser.add_argument
    add('config', type=Path, nargs='?', help='for a checkpoint that has none inside')
    add('checkpoint', type=Path, help='a .pth file')
    add(
        '--format',
        default='onnx',
        choices=('onnx', 'torch'),
        help='an ONNX file, or a program of torch.export (default: %(default)s)',
    )
    add('--out', type=Path, metavar='PATH', help='the file to write')
    add(
        '--half',
        action='store_true',
        help='convolutions and linear layers in half precision, norms in full',
    )
    add(
        '--check',
        nargs='+',
        metavar='INPUT',
        help='images to compare the file with torch on',
    )


def add_app(parser: argparse.ArgumentParser) -> None:
    """Show a model in the browser."""
    add = parser.add_argument
    add('--checkpoint', type=Path, required=True, metavar='PATH', help='a .pth file')
    _add_model(parser)
    add(
        '--examples',
        type=Path,
        metavar='DIR',
        help='a folder of images to begin with (default: generated ones)',
    )
    add(
        '--host',
        default='127.0.0.1',
        metavar='ADDRESS',
        help='where to listen; 0.0.0.0 lets others in, without a password '
        '(default: %(default)s, this machine alone)',
    )
    add('--port', type=int, default=7860, help='(default: %(default)s)')


def _add_model(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        '--config',
        type=Path,
        metavar='PATH',
        help='the config of a checkpoint that has none inside',
    )
    add('--device', help='cpu, cuda, cuda:1, ... (default: a GPU where there is one)')
    add(
        '--window',
        type=int,
        metavar='PIXELS',
        help='slide a window of this side over images at their full size',
    )
