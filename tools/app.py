#!/usr/bin/env python
"""A page for the browser: ``python tools/app.py --checkpoint CHECKPOINT``."""

import sys

from convnext_dense.cli import main

if __name__ == '__main__':
    sys.exit(main(['app', *sys.argv[1:]], prog='tools/app.py'))
