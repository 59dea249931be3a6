"""Look through a whole data set before days are spent on it."""

from .check import check_data
from .report import Report

__all__ = ['Report', 'check_data']
