#!/usr/bin/env python
"""Train a detector or a segmentor: ``python tools/train.py CONFIG``."""

import sys

from convnext_dense.cli import main

if __name__ == '__main__':
    sys.exit(main(['train', *sys.argv[1:]], prog='tools/train.py'))
