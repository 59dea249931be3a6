"""What goes wrong in the hosts, in words that name a part of the config."""

from collections.abc import Iterator
from contextlib import contextmanager

from convnext_dense.errors import UserError


@contextmanager
def explained(part: str) -> Iterator[None]:
    """Turn what goes wrong while a part is built into an error that names it.

    The hosts check values with assertions and whatever Python raises by itself; the
    cause stays attached.
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
    except (AssertionError, AttributeError, KeyError, TypeError, ValueError) as error:
        told = str(error) or 'a value is out of range (the host says no more)'
        raise UserError(
            f"the config's {part} cannot be built: {type(error).__name__}: {told}"
        ) from error
