"""Masked pre-training: fully convolutional masked autoencoders (FCMAE)."""

from .fcmae import FCMAE
from .masking import VisiblePatches, random_mask

__all__ = ['FCMAE', 'VisiblePatches', 'random_mask']
