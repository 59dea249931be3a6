#!/usr/bin/env python
"""Count parameters and FLOPs: ``python tools/complexity.py CONFIG``."""

import sys

from convnext_dense.cli import main

if __name__ == '__main__':
    sys.exit(main(['complexity', *sys.argv[1:]], prog='tools/complexity.py'))
