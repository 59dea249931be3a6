"""The options of commands that run configs, and look back at runs."""

import argparse
from pathlib import Path


def add_train(parser: argparse.ArgumentParser) -> None:
    """Continue a run, or begin one."""
    _add_run(parser)
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        metavar='PATH',
        help='continue from the latest checkpoint of the work dir, or from PATH',
    )


def add_test(parser: argparse.ArgumentParser) -> None:
    """Evaluate a checkpoint."""
    _add_run(parser)
    parser.add_argument('checkpoint', type=Path, help='a .pth file')
    parser.add_argument(
        '--tta',
        action='store_true',
        help="merge several scales and flips, as the config's tta_pipeline says",
    )


def add_report(parser: argparse.ArgumentParser) -> None:
    """Look back at runs."""
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


def add_check_data(parser: argparse.ArgumentParser) -> None:
    """Look through data sets."""
    add_config(parser)
    parser.add_argument(
        '--all',
        action='store_true',
        dest='every',
        help='name every image that is wrong, one per line, instead of the first three',
    )


def add_config(parser: argparse.ArgumentParser) -> None:
    """Name a config and change its values."""
    parser.add_argument('config', type=Path, help='a config file')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action='extend',
        default=[],
        metavar='KEY=VALUE',
        help='override values of the config, e.g. model.backbone.arch=small',
    )


def _add_run(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
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
