#!/usr/bin/env python
"""Generate the sample data: circles, squares and triangles with masks and labels."""

import argparse
import sys
from collections.abc import Sequence
from functools import partial


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the tool and return its exit code: 0, or 2 for a user's mistake."""
    args = vars(_parser().parse_args(arguments))
    from tqdm import tqdm

    from convnext_dense.datasets.shapes import SPLITS, count_objects, write_shapes

    if isinstance(args['size'], list) and len(args['size']) == 1:
        (args['size'],) = args['size']
    # disable=None: silent unless on a terminal.
    progress = partial(tqdm, desc='drawing', unit='image', disable=None)
    try:
        write_shapes(**args, progress=progress)
        counts = {split: count_objects(args['root'], split) for split in SPLITS}
    except OSError as error:
        if error.filename is None:
            return _complain(str(error))
        why = f'{error.strerror}: {error.filename}'
        return _complain(f'cannot write {args["root"]}: {why}')
    except ValueError as error:
        return _complain(str(error))
    except KeyboardInterrupt:
        return _complain('interrupted, nothing was written', code=130)
    print(f'shapes are in {args["root"]}')
    for split, count in counts.items():
        objects = ', '.join(f'{name} {n}' for name, n in count.items())
        print(f'  {split}: {args[split]} images; {objects}')
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    add = parser.add_argument
    add('--root', default='data/shapes', metavar='DIR', help='folder to make')
    add('--train', type=int, default=1000, metavar='N', help='training images')
    add('--val', type=int, default=100, metavar='N', help='validation images')
    add(
        '--size',
        type=int,
        nargs='+',
        default=128,
        metavar='PIXELS',
        help='side of the images, or height and width',
    )
    add('--seed', type=int, default=0, metavar='S', help='another seed, other images')
    add('--force', action='store_true', help='replace a set made with other settings')
    return parser


def _complain(message: str, code: int = 2) -> int:
    print(f'error: {message}', file=sys.stderr)
    return code


if __name__ == '__main__':
    sys.exit(main())
