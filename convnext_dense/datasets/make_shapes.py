"""``convnext-dense make-shapes``: the sample data, and how much of what is in it."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from tqdm import tqdm

from convnext_dense.errors import UserError

from .shapes import SPLITS, count_objects, write_shapes


def make_shapes(
    root: Path,
    *,
    train: int,
    val: int,
    size: Sequence[int],
    seed: int,
    force: bool,
    say: Callable[[str], None],
) -> None:
    """Write the set with a bar of progress, and count its objects.

    Args:
        root: The folder to make.
        train: Number of training images.
        val: Number of validation images.
        size: The side of the images, or height and width.
        seed: Chooses the images.
        force: Replace a set that was made with other settings.
        say: Takes each line that a person should read.

    Raises:
        UserError: If a number is out of range or the folder cannot be used.
    """
    side: Any = size[0] if len(size) == 1 else size  # a wrong length is told below
    # disable=None: silent unless on a terminal.
    progress = partial(tqdm, desc='drawing', unit='image', disable=None)
    images = dict(train=train, val=val)
    try:
        write_shapes(
            root, **images, size=side, seed=seed, force=force, progress=progress
        )
        counts = {split: count_objects(root, split) for split in SPLITS}
    except OSError as error:
        if error.filename is None:
            raise UserError(str(error)) from error
        why = f'{error.strerror}: {error.filename}'
        raise UserError(f'cannot write {root}: {why}') from error
    except ValueError as error:
        raise UserError(str(error)) from error
    say(f'shapes are in {root}')
    for split, count in counts.items():
        objects = ', '.join(f'{name} {n}' for name, n in count.items())
        say(f'  {split}: {images[split]} images; {objects}')
