#!/usr/bin/env python
"""Predict images, folders and videos: ``python tools/predict.py CHECKPOINT INPUT``."""

import sys

from convnext_dense.cli import main

if __name__ == '__main__':
    sys.exit(main(['predict', *sys.argv[1:]], prog='tools/predict.py'))
