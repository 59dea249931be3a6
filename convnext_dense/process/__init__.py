"""What a process that is ours alone sets for itself."""

from .kept_memory import keep_memory
from .uncollected import uncollected

__all__ = ['keep_memory', 'uncollected']
