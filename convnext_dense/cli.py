"""The command line: ``convnext-dense train|test|check-data``, and the tools/.

What is heavy is imported when it is used, so that ``--help`` answers at once.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from convnext_dense import __version__
from convnext_dense.errors import Stopped, UserError

TRAIN = 'Train a detector or a segmentor; the config decides which.'
TEST = 'Evaluate a checkpoint, and write metrics.json to the work dir.'
CHECK = 'Look through the data sets of a config; exit code 1 where errors are found.'


def main(arguments: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Run a command and return its exit code.

    0 is success, 1 errors found in data, 2 a user's mistake, 75 a training that a
    scheduler's signal stopped after saving, 130 one stopped by Ctrl-C.
    """
    parser = _parser(prog)
    args = vars(parser.parse_args(arguments))
    command = args.pop('command')
    _set_rank(args.pop('local_rank', None))
    try:
        if command == 'check-data':
            return _check_data(**args)
        from convnext_dense.engine import launch

        run = launch.train if command == 'train' else launch.evaluate
        run(**args)
    except Stopped as stop:
        return complain(stop.message, code=stop.code)
    except UserError as error:
        if os.environ.get('CONVNEXT_DENSE_TRACEBACK'):
            raise
        return complain(_message(error))
    except FileNotFoundError as error:
        return complain(f'file not found: {error.filename or _message(error)}')
    except KeyboardInterrupt:
        return complain('interrupted', code=130)
    return 0


def _check_data(config: Path, cfg_options: Sequence[str]) -> int:
    from convnext_dense.data_check import check_data

    reports = check_data(config, cfg_options)
    for report in reports:
        print(report)
    return int(any(report.errors for report in reports))


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
    check = commands.add_parser('check-data', help=CHECK, description=CHECK)
    _add_config(check)
    return parser


def _add_common(parser: argparse.ArgumentParser) -> None:
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
