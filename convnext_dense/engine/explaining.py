"""What goes wrong in the hosts, in words that name a part of the config."""

import difflib
import re
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from convnext_dense import registry
from convnext_dense.errors import UserError
from convnext_dense.registry import SCOPE

# What Python and the hosts raise where a value is of the wrong kind or size.
MISTAKES = (
    ArithmeticError, AssertionError, AttributeError, KeyError, IndexError, RuntimeError,
    TypeError, ValueError,
)  # fmt: skip
MOST_CHARACTERS = 300


@contextmanager
def explained(part: str, settings: Any = None) -> Iterator[None]:
    """Turn what goes wrong while a part is built into an error that names it.

    The hosts check values with assertions and whatever Python raises by itself; the
    cause stays attached. Where they say nothing, ``settings`` of the part are named
    that the failed line mentions.
    """
    try:
        yield
    except UserError:
        raise
    except FileNotFoundError as error:
        raise UserError(
            f"the config's {part} cannot be built: file not found: {error.filename}; "
            'for data that lies elsewhere: --cfg-options data_root=FOLDER'
        ) from error
    except MISTAKES as error:
        told = str(error).partition('\n')[0][:MOST_CHARACTERS]
        raise UserError(
            f"the config's {part} cannot be built: {type(error).__name__}: "
            f'{told or _wordless(error, part, settings)}{_hint(told)}'
        ) from error


def _wordless(error: Exception, part: str, settings: Any) -> str:
    """Show the line that failed without a word: mostly a check, which names a value."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    words = set(re.findall(r'\w+', last.line or ''))
    found = [f'{name}={value}' for name, value in _named(settings, words, part)]
    named = f'; look at {", ".join(found)}' if found else ''
    return f'at "{last.line}", line {last.lineno} of {last.filename}{named}'


def _named(node: Any, words: set[str], path: str) -> Iterator[tuple[str, Any]]:
    """Yield the settings below a node whose names are among some words."""
    for key, value in node.items() if isinstance(node, Mapping) else ():
        if isinstance(value, Mapping):
            yield from _named(value, words, f'{path}.{key}')
        elif key in words:
            yield f'{path}.{key}', value


def _hint(told: str) -> str:
    """Say how to drop an argument, or name ours that is like an unknown one."""
    if 'unexpected keyword argument' in told:
        return '; to drop what a base config sets, add _delete_=True beside the type'
    unknown = re.match(r"['\"]?([\w.]+) is not in the ", told)
    if not unknown:
        return ''
    ours = {
        f'{SCOPE}.{name}': None
        for kind in vars(registry).values()
        if isinstance(kind, registry.Registry)
        for name in kind.names()
    }
    near = difflib.get_close_matches(unknown[1], ours, n=2, cutoff=0.6)
    return f'; did you mean {" or ".join(near)}?' if near else ''
