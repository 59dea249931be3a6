"""Numbers that are no numbers any more."""

from .finite import all_finite, first_faulty_module

__all__ = ['all_finite', 'first_faulty_module']
