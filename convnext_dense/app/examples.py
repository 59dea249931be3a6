"""Images to begin with."""

import shutil
from pathlib import Path

from convnext_dense.datasets.shapes import write_shapes
from convnext_dense.errors import UserError
from convnext_dense.inference.images import SUFFIXES

MOST = 8


def example_images(folder: Path | None, scratch: Path) -> list[Path]:
    """Bring images to a place that the page may serve.

    Args:
        folder: Where to take them from; generated shapes without it.
        scratch: Where to put them.

    Raises:
        UserError: If there are no images in the folder.
    """
    if folder is None:
        write_shapes(scratch / 'shapes', train=0, val=MOST)
        return sorted((scratch / 'shapes/images/val').iterdir())
    if not folder.is_dir():
        raise UserError(f'no folder of examples: {folder}')
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    if not found:
        raise UserError(
            f'{folder} holds no images: no file in it ends in {", ".join(SUFFIXES)}'
        )
    target = scratch / 'examples'
    target.mkdir()
    return [Path(shutil.copy(path, target / path.name)) for path in found[:MOST]]
