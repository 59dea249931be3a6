"""One HTML file on what a run learned and where it fails."""

from .page import write_report

__all__ = ['write_report']
