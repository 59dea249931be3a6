"""The command line: ``convnext-dense COMMAND``, and the scripts in tools/.

What is heavy is imported when it is used, so that ``--help`` answers at once.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from convnext_dense import __version__
from convnext_dense.errors import UserError

TRAIN = 'Train a detector or a segmentor; the config decides which.'
TEST = 'Evaluate a checkpoint, and write metrics.json to the work dir.'
PREDICT = (
    'Predict images, folders and videos; draw the results and write them to files.'
)

APP = 'Open a page for the browser that shows what a model finds in images.'


def main(arguments: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Run a command and return its exit code: 0, or 2 for a user's mistake."""
    parser = _parser(prog)
    args = vars(parser.parse_args(arguments))
    command = args.pop('command')
    _set_rank(args.pop('local_rank', None))
    try:
        _function(command)(**args)
    except UserError as error:
        if os.environ.get('CONVNEXT_DENSE_TRACEBACK'):
            raise
        return complain(_message(error))
    except FileNotFoundError as error:
        return complain(f'file not found: {error.filename or _message(error)}')
    except KeyboardInterrupt:
        return complain('interrupted', code=130)
    return 0


def _function(command: str) -> Callable[..., Any]:
    """Import what a command runs."""
    if command == 'predict':
        from convnext_dense.inference.command import predict

        return partial(predict, say=print)
    if command == 'app':
        from convnext_dense.app.server import serve

        # A line counts when it is read, also through a pipe.
        return partial(serve, say=partial(print, flush=True))
    from convnext_dense.engine import launch

    return launch.train if command == 'train' else launch.evaluate


def _parser(prog: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=prog or 'convnext-dense')
    parser.add_argument('--version', action='version', version=__version__)
    commands = parser.add_subparsers(dest='command', required=True, metavar='COMMAND')
    train = commands.add_parser('train', help=TRAIN, description=TRAIN)
    _add_common(train)
    train.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        metavar='PATH',
        help='continue from the latest checkpoint of the work dir, or from PATH',
    )
    test = commands.add_parser('test', help=TEST, description=TEST)
    _add_common(test)
    test.add_argument('checkpoint', type=Path, help='a .pth file')
    _add_predict(commands.add_parser('predict', help=PREDICT, description=PREDICT))
    _add_app(commands.add_parser('app', help=APP, description=APP))
    return parser


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


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('config', type=Path, help='a config file')
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
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action='extend',
        default=[],
        metavar='KEY=VALUE',
        help='override values of the config, e.g. model.backbone.arch=small',
    )
    # Launchers of older torch versions pass it.
    parser.add_argument('--local-rank', '--local_rank', help=argparse.SUPPRESS)


def _set_rank(local_rank: str | None) -> None:
    if local_rank is not None:
        os.environ.setdefault('LOCAL_RANK', local_rank)


def _message(error: BaseException) -> str:
    """Give the message alone, also of an error that a data loader's worker raised."""
    text = str(error)
    if text.startswith('Caught '):
        return text.rsplit(f'{type(error).__name__}: ', 1)[-1].strip()
    return text


def complain(message: str, code: int = 2) -> int:
    """Print an error and return the exit code."""
    # One process of many speaks for all.
    if os.environ.get('RANK', '0') == '0':
        print(f'error: {message}', file=sys.stderr)
    return code


if __name__ == '__main__':
    sys.exit(main())
