"""Anything that is an image to an upright array of RGB bytes."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from convnext_dense.errors import UserError

ImageLike: TypeAlias = np.ndarray | Image.Image | str | PathLike | BinaryIO

# Pillow's own bound, above which it warns.
MOST_PIXELS = 89_478_485

SUFFIXES = (
    '.jpg', '.jpeg', '.png', '.bmp', '.tif', '.tiff', '.webp', '.gif', '.ppm', '.pgm',
)  # fmt: skip


def read_image(source: ImageLike, most_pixels: int = MOST_PIXELS) -> np.ndarray:
    """Read an image as the training data is read, with a bound on its size.

    Grey becomes three equal channels, alpha is dropped, CMYK is converted, the upper
    8 of 16 bits are kept, and EXIF orientation is applied.

    Args:
        source: A path, an open file, a PIL image, or an array: (H, W), (H, W, 1),
            (H, W, 3) RGB or (H, W, 4) RGBA, of uint8, uint16 or bool.
        most_pixels: Larger images are refused before they are decoded.

    Returns:
        (H, W, 3) RGB, uint8.

    Raises:
        UserError: If it is no image, is damaged, empty, or too large.
    """
    if isinstance(source, np.ndarray):
        _check_size('an array', source.shape[1::-1], most_pixels)
        return _from_array(source)
    if isinstance(source, Image.Image):
        name = getattr(source, 'filename', '') or 'an image'
        with _explained(name):
            return _decoded(source, name, most_pixels)
    name, file = _opened(source)
    with file, _explained(name), Image.open(file) as image:
        return _decoded(image, name, most_pixels)


@contextmanager
def _explained(name: str) -> Iterator[None]:
    """Name the image in what Pillow raises."""
    try:
        yield
    except UserError:
        raise
    except UnidentifiedImageError as error:
        raise UserError(f'{name} is no image that can be read') from error
    except Image.DecompressionBombError as error:
        raise UserError(
            f'{name} has more than {2 * MOST_PIXELS:,} pixels and was not decoded: '
            'cut or shrink it first'
        ) from error
    # A damaged file fails in any way: OSError, SyntaxError, IndexError, struct.error...
    except Exception as error:
        # Pillow counts what it has read, not what is missing.
        reason = str(error).replace(' (0 bytes not processed)', '')
        raise UserError(f'{name} is no whole image: {reason}') from error


def _opened(source: Any) -> tuple[str, BinaryIO]:
    if hasattr(source, 'read'):
        return getattr(source, 'name', 'a stream'), io.BytesIO(source.read())
    if not isinstance(source, str | PathLike):
        raise UserError(
            f'a {type(source).__name__} is no image: give a path, an array '
            '(H, W, 3) of RGB bytes, or a PIL image'
        )
    path = Path(source)
    if path.is_dir():
        raise UserError(f'{path} is a folder, not an image')
    if not path.is_file():
        raise UserError(f'image not found: {path}')
    if not path.stat().st_size:
        raise UserError(f'{path} is empty (0 bytes)')
    return str(path), path.open('rb')


def _decoded(image: Image.Image, name: str, most_pixels: int) -> np.ndarray:
    _check_size(name, image.size, most_pixels)
    upright = ImageOps.exif_transpose(image)
    if upright.mode.startswith(('I', 'F')):
        return _from_deep(np.asarray(upright), name)
    return np.asarray(upright.convert('RGB'))


def _from_deep(pixels: np.ndarray, name: str) -> np.ndarray:
    """Take the upper 8 of 16 bits; PIL keeps 16-bit grey as integers."""
    if pixels.dtype.kind == 'f' or pixels.min() < 0 or pixels.max() > 0xFFFF:
        raise UserError(
            f'{name} has values beyond 16 bits ({pixels.dtype}, {pixels.min():.3g} to '
            f'{pixels.max():.3g}): scale it to 8 or 16 bits first'
        )
    return _three_channels((pixels >> 8).astype(np.uint8))


def _from_array(array: np.ndarray) -> np.ndarray:
    if array.dtype == np.uint16:
        array = (array >> 8).astype(np.uint8)
    elif array.dtype == bool:
        array = array.astype(np.uint8) * 255
    if array.dtype != np.uint8:
        raise UserError(
            f'an array of {array.dtype} is no image: give bytes in 0..255 (uint8)'
        )
    if array.ndim not in (2, 3) or (
        array.ndim == 3 and array.shape[2] not in (1, 3, 4)
    ):
        raise UserError(
            f'an array of shape {array.shape} is no image: give (height, width, 3)'
        )
    if not array.size:
        raise UserError(f'an array of shape {array.shape} has no pixels')
    return _three_channels(array)


def _three_channels(array: np.ndarray) -> np.ndarray:
    if array.ndim == 2 or array.shape[2] == 1:
        return np.repeat(array.reshape(*array.shape[:2], 1), 3, axis=2)
    return np.ascontiguousarray(array[..., :3])


def _check_size(name: str, size: tuple[int, ...], most_pixels: int) -> None:
    pixels = int(np.prod(size, dtype=np.int64))
    if pixels > most_pixels:
        raise UserError(
            f'{name} is {" x ".join(map(str, size))} pixels, {pixels:,} in all; more '
            f'than {most_pixels:,} are not read: cut or shrink it first'
        )
