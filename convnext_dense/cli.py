"""The command line: ``convnext-dense train|test|report``, and the scripts in tools/.

What is heavy is imported when it is used, so that ``--help`` answers at once.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from convnext_dense import __version__
from convnext_dense.errors import UserError

TRAIN = 'Train a detector or a segmentor; the config decides which.'
TEST = 'Evaluate a checkpoint, and write metrics.json to the work dir.'

REPORT = 'Write one HTML file on what a run learned and where it fails.'


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
    if command == 'report':
        return _report
    from convnext_dense.engine import launch

    return launch.train if command == 'train' else launch.evaluate


def _report(work_dirs: Sequence[Path], out: Path | None) -> None:
    from convnext_dense.report import write_report

    if len(work_dirs) > 2:
        raise UserError(f'two work dirs can be compared, not {len(work_dirs)}')
    print(f'report: {write_report(work_dirs, out)}')


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
    _add_report(commands.add_parser('report', help=REPORT, description=REPORT))
    return parser


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
