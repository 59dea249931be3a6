"""Import the host packages, and say what is wrong where they cannot be."""

import contextlib
import io
import os
import warnings
from collections.abc import Sequence
from importlib import import_module

from convnext_dense.engine.deferred import deferred
from convnext_dense.errors import UserError
from convnext_dense.process import uncollected

HOSTS = ('mmdet', 'mmseg')
# What few of the hosts' modules use. imgaug (lanes) and imagecorruptions bring numba.
SELDOM = ('imgaug', 'imagecorruptions', 'matplotlib', 'scipy')
PARTS = ('models', 'datasets', 'evaluation', 'visualization')
# As many as Pillow reads.
MOST_PIXELS = 178_956_970
INSTALL = 'run `make install`, or pip install convnext-dense'


def import_host(scope: str, parts: Sequence[str] = PARTS) -> None:
    """Import the package behind a config's ``default_scope``, if it is a host.

    Args:
        scope: The ``default_scope``.
        parts: The packages of it that are needed; prediction needs models alone.

    Raises:
        UserError: If it is not installed, or a library that it needs is missing.
    """
    if scope not in HOSTS:
        return
    # Advice of mmseg on heads of two classes, at each build.
    warnings.filterwarnings('ignore', message='For binary segmentation, we suggest')
    # OpenCV reads it once, when it is loaded: no small file fills the memory.
    os.environ.setdefault('OPENCV_IO_MAX_IMAGE_PIXELS', str(MOST_PIXELS))
    try:
        # The hosts print remarks on optional packages while they are imported.
        with (
            contextlib.redirect_stdout(io.StringIO()),
            deferred(*SELDOM),
            uncollected(),
        ):
            for part in parts:
                import_module(f'{scope}.{part}')
    except ModuleNotFoundError as error:
        raise UserError(f'{scope} cannot be imported: {error}; {INSTALL}') from error
    except ImportError as error:
        if 'libGL' not in str(error):
            raise
        raise UserError(
            f'OpenCV cannot be imported: {error}. Install libGL (Debian and Ubuntu: '
            'apt-get install libgl1), or only opencv-python-headless: '
            'pip uninstall opencv-python opencv-python-headless; '
            'pip install opencv-python-headless'
        ) from error
