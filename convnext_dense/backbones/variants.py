"""Rows of a family's table of variants, and those that a config writes out."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from convnext_dense.errors import UserError

NUM_STAGES = 4


class Variant(NamedTuple):
    """Number of blocks and channels of each stage."""

    depths: tuple[int, ...]
    widths: tuple[int, ...]


def doubling(*depths: int, width: int) -> Variant:
    """Make a variant whose width doubles from stage to stage."""
    return Variant(depths, tuple(width * 2**stage for stage in range(len(depths))))


def choose(arch: str | Mapping, variants: Mapping[str, Any], family: str) -> Any:
    """Look a variant up by name, or make one from its fields.

    Args:
        arch: A name, or a dict with the fields of a row.
        variants: The table of the family.
        family: Its name, for errors.

    Raises:
        UserError: On an unknown name, other fields, or not four stages of positive
            depths and widths.
    """
    if isinstance(arch, str):
        if arch not in variants:
            raise UserError(
                f'unknown arch {arch!r} for {family}; choose from {", ".join(variants)}'
            )
        return variants[arch]
    row = next(iter(variants.values()))
    if not isinstance(arch, Mapping) or set(arch) != set(row._fields):
        fields = ', '.join(row._fields[:-1]) + ' and ' + row._fields[-1]
        raise UserError(
            f'arch is a name or a dict with the keys {fields}, got {arch!r}'
        )
    stages = {key: _per_stage(key, arch[key]) for key in Variant._fields}
    return row._replace(**(dict(arch) | stages))


def _per_stage(key: str, numbers: Any) -> tuple[int, ...]:
    listed = numbers if isinstance(numbers, list | tuple) else ()
    positive = [number for number in listed if isinstance(number, int) and number > 0]
    if not len(listed) == len(positive) == NUM_STAGES:
        raise UserError(
            f'arch needs {NUM_STAGES} {key}, each a positive integer, got {numbers!r}'
        )
    return tuple(listed)
