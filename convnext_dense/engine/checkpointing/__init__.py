"""Checkpoints that are whole or not there: written, checked, found again."""

from .files import (
    Manifest,
    clear_leftovers,
    fault_of,
    move,
    newest_whole,
    read_manifest,
    remove,
    verify,
    write_text,
    write_whole,
)
from .writer import Writer

__all__ = [
    'Manifest',
    'Writer',
    'clear_leftovers',
    'fault_of',
    'move',
    'newest_whole',
    'read_manifest',
    'remove',
    'verify',
    'write_text',
    'write_whole',
]
