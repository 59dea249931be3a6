"""Puts the stand-in for mmcv's compiled extension in place for these tests."""

from convnext_dense.mmcv_ops import install

install()
