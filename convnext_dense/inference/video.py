"""Videos in and out, by PyAV (the extra ``video``)."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO

import numpy as np

from convnext_dense.errors import UserError

from .images import MOST_PIXELS

# Of those that PyAV may have been built with, the first that is there.
ENCODERS = ('libx264', 'libopenh264', 'h264', 'mpeg4')


class Frames:
    """The frames of a video, upright, as (H, W, 3) RGB bytes.

    Args:
        place: A video file, a URL, or an open file that need not be seekable.
        most_pixels: Larger frames are refused.

    Attributes:
        rate: Frames per second.

    Raises:
        UserError: If PyAV is not installed, it is no video, or its frames are too
            large; while iterating, if it is damaged.
    """

    def __init__(self, place: str | BinaryIO, most_pixels: int = MOST_PIXELS):
        self.name = place if isinstance(place, str) else 'standard input'
        av = _av()
        self.av: Any = av
        try:
            self.container = av.open(place)
        except (av.FFmpegError, OSError) as error:
            raise UserError(
                f'{self.name} is no video that can be read: {error}'
            ) from error
        if not self.container.streams.video:
            raise UserError(f'{self.name} has no pictures in it')
        self.stream = self.container.streams.video[0]
        self.stream.thread_type = 'AUTO'
        self.rate = Fraction(self.stream.average_rate or 25)
        if self.stream.width * self.stream.height > most_pixels:
            raise UserError(
                f'{self.name} has frames of {self.stream.width} x {self.stream.height} '
                f'pixels; more than {most_pixels:,} are not read'
            )

    def __iter__(self) -> Iterator[np.ndarray]:
        number = 0
        try:
            for frame in self.container.decode(self.stream):
                number += 1
                turns = round(getattr(frame, 'rotation', 0) / 90)
                yield np.rot90(frame.to_ndarray(format='rgb24'), turns)
        except self.av.FFmpegError as error:
            raise UserError(
                f'{self.name} breaks off after {number} frames: {error}'
            ) from error
        finally:
            self.container.close()
        if not number:
            raise UserError(f'{self.name} has no frames')


class VideoWriter:
    """An MP4 file of frames of one size.

    Args:
        path: The file.
        rate: Frames per second.
    """

    def __init__(self, path: Path, rate: Fraction):
        av = _av()
        self.av: Any = av
        encoder = next(name for name in ENCODERS if name in av.codecs_available)
        path.parent.mkdir(parents=True, exist_ok=True)
        self.container = av.open(str(path), 'w')
        self.stream: Any = self.container.add_stream(encoder, rate=rate)
        self.stream.pix_fmt = 'yuv420p'
        self.started = False

    def write(self, frame: np.ndarray) -> None:
        """Add a frame, (H, W, 3) RGB bytes; its sides are cut to even numbers."""
        height, width = (side - side % 2 for side in frame.shape[:2])
        if not self.started:
            self.stream.width, self.stream.height = width, height
            self.started = True
        even = np.ascontiguousarray(frame[:height, :width])
        picture = self.av.VideoFrame.from_ndarray(even, format='rgb24')
        self.container.mux(self.stream.encode(picture))

    def close(self) -> None:
        """Write what is left; a video without frames is no error."""
        if self.started:
            self.container.mux(self.stream.encode())
        self.container.close()


def _av() -> ModuleType:
    try:
        import av
    except ImportError as error:
        raise UserError(
            f'videos need PyAV, which cannot be imported ({error}): pip install '
            "'convnext-dense[video]'"
        ) from error
    return av
