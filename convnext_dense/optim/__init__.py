"""Optimizer construction."""

from .layer_decay import LayerDecayConstructor

__all__ = ['LayerDecayConstructor']
