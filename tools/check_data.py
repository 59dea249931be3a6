#!/usr/bin/env python
"""Look through a data set before training: ``python tools/check_data.py CONFIG``."""

import sys

from convnext_dense.cli import main

if __name__ == '__main__':
    sys.exit(main(['check-data', *sys.argv[1:]], prog='tools/check_data.py'))
