#!/usr/bin/env python
"""Evaluate a checkpoint: ``python tools/test.py CONFIG CHECKPOINT``."""

import sys

from convnext_dense.cli import main

if __name__ == '__main__':
    sys.exit(main(['test', *sys.argv[1:]], prog='tools/test.py'))
