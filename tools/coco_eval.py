#!/usr/bin/env python
"""Evaluate a file of COCO results: ``tools/coco_eval.py ANNOTATIONS RESULTS``."""

import argparse
import sys

from convnext_dense.cli import complain
from convnext_dense.errors import UserError


def main() -> int:
    """Print the twelve numbers of each kind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('annotations', help='a COCO annotation file')
    parser.add_argument('results', help="a JSON file in COCO's result format")
    parser.add_argument('--kind', choices=('bbox', 'segm'), default='bbox')
    args = parser.parse_args()

    from convnext_dense.engine.hosts import import_host

    import_host('mmdet')
    from faster_coco_eval import COCO

    from convnext_dense.detection.coco_metric import coco_numbers, table

    try:
        numbers = coco_numbers(COCO(args.annotations), args.results, args.kind)
    except (UserError, OSError) as error:
        return complain(str(error))
    print(table(args.kind, numbers))
    return 0


if __name__ == '__main__':
    sys.exit(main())
