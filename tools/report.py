#!/usr/bin/env python
"""Report on a run: ``python tools/report.py WORK_DIR``; of two, compare them."""

import sys

from convnext_dense.cli import main

if __name__ == '__main__':
    sys.exit(main(['report', *sys.argv[1:]], prog='tools/report.py'))
