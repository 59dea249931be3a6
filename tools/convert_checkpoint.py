#!/usr/bin/env python
"""Convert a checkpoint: ``python tools/convert_checkpoint.py IN OUT``."""

import sys

from convnext_dense.cli import main

if __name__ == '__main__':
    sys.exit(main(['convert', *sys.argv[1:]], prog='tools/convert_checkpoint.py'))
