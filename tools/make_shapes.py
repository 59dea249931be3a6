#!/usr/bin/env python
"""Generate the sample data: ``python tools/make_shapes.py``."""

import sys

from convnext_dense.cli import main

if __name__ == '__main__':
    sys.exit(main(['make-shapes', *sys.argv[1:]], prog='tools/make_shapes.py'))
