"""The options of the commands."""

import argparse

from convnext_dense import __version__

from .files import add_complexity, add_convert, add_make_shapes
from .models import add_app, add_export, add_predict
from .runs import add_check_data, add_report, add_test, add_train

# Each command: what it does, and what adds its options.
COMMANDS = {
    'train': (
        'Train a detector, a segmentor or a masked autoencoder, as a config says.',
        add_train,
    ),
    'test': (
        'Evaluate a checkpoint, and write metrics.json to the work dir.',
        add_test,
    ),
    'predict': (
        'Predict images, folders and videos; draw and write what is found.',
        add_predict,
    ),
    'export': ('Write a model as a file that other runtimes execute.', add_export),
    'report': (
        'Write one HTML file on what a run learned and where it fails.',
        add_report,
    ),
    'app': (
        'Open a page for the browser that shows what a model finds in images.',
        add_app,
    ),
    'check-data': (
        'Look through the data sets of a config; exit code 1 on errors.',
        add_check_data,
    ),
    'convert': (
        'Write the backbone of any public checkpoint with clean names and plain '
        'tensors.',
        add_convert,
    ),
    'complexity': (
        'Count parameters and FLOPs by part; nothing is trained or downloaded.',
        add_complexity,
    ),
    'make-shapes': (
        'Generate the sample data: circles, squares and triangles with masks and '
        'labels.',
        add_make_shapes,
    ),
}


def parser(script: str | None = None) -> argparse.ArgumentParser:
    """Make the parser of all commands; what is parsed has a ``command``.

    Args:
        script: The script in tools/ that stands for one of them, as usages name it.
    """
    parser = argparse.ArgumentParser(prog=script or 'convnext-dense')
    parser.add_argument('--version', action='version', version=__version__)
    commands = parser.add_subparsers(dest='command', required=True, metavar='COMMAND')
    for name, (text, add_options) in COMMANDS.items():
        add_options(commands.add_parser(name, prog=script, help=text, description=text))
    return parser
