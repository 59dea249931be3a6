"""What a process that is ours alone sets for itself."""

from .kept_memory import keep_memory
from .others import Others, advice
from .uncollected import uncollected

__all__ = ['Others', 'advice', 'keep_memory', 'uncollected']
