#!/usr/bin/env python
"""Count parameters and FLOPs by part: ``tools/complexity.py CONFIG``, or a backbone."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from convnext_dense.cli import complain
from convnext_dense.errors import UserError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the tool and return its exit code: 0, or 2 for a user's mistake."""
    args = _parser().parse_args(arguments)
    if args.shape and min(args.shape) < 32:
        return complain(f'--shape must be at least 32 pixels, got {args.shape}')
    from convnext_dense.engine.complexity import complexity, table

    found = {}
    for target in args.target:
        try:
            found[target] = complexity(
                target, args.shape and tuple(args.shape), args.cfg_options
            )
        except UserError as error:
            return complain(str(error))
        print(target, table(found[target]), sep='\n', end='\n\n')
    print('a FLOP is a multiplication with its addition, in convolutions and matrices')
    if args.json:
        content = {
            target: {part.name: part._asdict() for part in parts}
            for target, parts in found.items()
        }
        try:
            args.json.write_text(json.dumps(content, indent=2) + '\n', encoding='utf-8')
        except OSError as error:
            return complain(f'cannot write {args.json}: {error.strerror}')
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        'target',
        nargs='+',
        help='config files, or backbones such as ConvNeXtV2-atto (with a classifier)',
    )
    parser.add_argument(
        '--shape',
        type=int,
        nargs=2,
        metavar=('H', 'W'),
        help='size of the image; by default the published one for each kind of model',
    )
    parser.add_argument(
        '--cfg-options', nargs='+', default=[], metavar='KEY=VALUE', help='overrides'
    )
    parser.add_argument('--json', type=Path, metavar='FILE', help='write the numbers')
    return parser


if __name__ == '__main__':
    sys.exit(main())
