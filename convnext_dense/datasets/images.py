"""Whether an image can be used, without trusting it."""

import warnings
from os.path import abspath, sep
from pathlib import Path

from PIL import Image

from convnext_dense.errors import UserError

# Pillow's own limit: a file of some kilobytes may claim more, to fill the memory.
MOST_PIXELS = 178_956_970


def fault_of_image(path: str | Path) -> str | None:
    """Read an image to its last pixel and say what is wrong; None if nothing is."""
    path = Path(path)
    if not path.is_file():
        return 'the file is not there'
    if not path.stat().st_size:
        return 'the file is empty'
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            with Image.open(path) as image:
                if image.width * image.height > MOST_PIXELS:
                    return _too_large(image.width * image.height)
                image.load()
    except Image.DecompressionBombError:
        return _too_large(MOST_PIXELS)
    except Exception as error:  # a damaged file fails in any way
        told = str(error).partition('\n')[0].removesuffix(repr(str(path))).strip()
        return f'it is no whole image ({told or type(error).__name__})'
    return None


def _too_large(pixels: int) -> str:
    return f'it has {pixels:,} pixels or more, and {MOST_PIXELS:,} at most are read'


def check_inside(path: str | Path, folder: str | Path, source: str | Path) -> None:
    """Check that a file name from an annotation file stays in the images' folder.

    Raises:
        UserError: If it leads out of it.
    """
    # Not resolve, which follows links: they are the owner's.
    # As text, not as Path: data sets have a hundred thousand names.
    inside, root = abspath(path), abspath(folder)
    if inside != root and not inside.startswith(root.rstrip(sep) + sep):
        raise UserError(
            f'{source} names the image {path}, which lies outside of {folder}: file '
            'names are relative to the folder of the images, without ..'
        )
