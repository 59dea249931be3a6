"""The options of the commands."""

import argparse
from pathlib import Path

from convnext_dense import __version__

HELP = {
    'train': 'Train a detector, a segmentor or a masked autoencoder, as a config says.',
    'test': 'Evaluate a checkpoint, and write metrics.json to the work dir.',
    'predict': 'Predict images, folders and videos; draw and write what is found.',
    'export': 'Write a model as a file that other runtimes execute.',
    'report': 'Write one HTML file on what a run learned and where it fails.',
    'app': 'Open a page for the browser that shows what a model finds in images.',
    'check-data': 'Look through the data sets of a config; exit code 1 on errors.',
}


def parser(script: str | None = None) -> argparse.ArgumentParser:
    """Make the parser of all commands; what is parsed has a ``command``.

    Args:
        script: The script in tools/ that stands for one of them, as usages name it.
    """
    parser = argparse.ArgumentParser(prog=script or 'convnext-dense')
    parser.add_argument('--version', action='version', version=__version__)
    commands = parser.add_subparsers(dest='command', required=True, metavar='COMMAND')
    for name, text in HELP.items():
        ADD[name](commands.add_parser(name, prog=script, help=text, description=text))
    return parser


def _add_train(parser: argparse.ArgumentParser) -> None:
    _add_run(parser)
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        metavar='PATH',
        help='continue from the latest checkpoint of the work dir, or from PATH',
    )


def _add_test(parser: argparse.ArgumentParser) -> None:
    _add_run(parser)
    parser.add_argument('checkpoint', type=Path, help='a .pth file')
    parser.add_argument(
        '--tta',
        action='store_true',
        help="merge several scales and flips, as the config's tta_pipeline says",
    )


def _add_export(parser: argparse.ArgumentParser) -> None:
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


def _add_predict(parser: argparse.ArgumentParser) -> None:
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
        default=0.5,
        metavar='SCORE',
        help='lowest score of an object, in 0..1 (default: %(default)s)',
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


def _add_app(parser: argparse.ArgumentParser) -> None:
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


def _add_report(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        'work_dirs',
        nargs='+',
        type=Path,
        metavar='WORK_DIR',
        help='a work dir in which tools/test.py or a validation left its results; a '
        'second one is compared with it',
    )
    parser.add_argument(
        '--out',
        type=Path,
        metavar='FILE',
        help='(default: WORK_DIR/report.html, or comparison.html in the second)',
    )


def _add_run(parser: argparse.ArgumentParser) -> None:
    _add_config(parser)
    parser.add_argument(
        '--work-dir',
        type=Path,
        metavar='DIR',
        help='where results go (default: work_dirs/NAME_OF_CONFIG)',
    )
    parser.add_argument(
        '--launcher',
        default='none',
        choices=('none', 'pytorch', 'slurm', 'mpi'),
        help='how the processes of a distributed run were started',
    )
    # Launchers of older torch versions pass it.
    parser.add_argument('--local-rank', '--local_rank', help=argparse.SUPPRESS)


def _add_config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('config', type=Path, help='a config file')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action='extend',
        default=[],
        metavar='KEY=VALUE',
        help='override values of the config, e.g. model.backbone.arch=small',
    )


ADD = {
    'train': _add_train,
    'test': _add_test,
    'predict': _add_predict,
    'export': _add_export,
    'check-data': _add_config,
    'report': _add_report,
    'app': _add_app,
}
