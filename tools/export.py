#!/usr/bin/env python
"""Export a model: ``python tools/export.py [CONFIG] CHECKPOINT --format onnx``."""

import sys

from convnext_dense.cli import main

if __name__ == '__main__':
    sys.exit(main(['export', *sys.argv[1:]], prog='tools/export.py'))
