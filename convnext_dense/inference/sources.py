"""What a user names, images, folders, patterns, videos and streams, one by one."""

import glob
import io
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

from convnext_dense.errors import UserError

from .images import SUFFIXES, read_image
from .video import Frames

VIDEO_SUFFIXES = (
    '.mp4', '.mov', '.avi', '.mkv', '.webm', '.m4v', '.mpg', '.mpeg', '.ts', '.wmv',
)  # fmt: skip
STANDARD_INPUT = '-'
# Enough bytes to recognise an image by.
HEAD = 32


@dataclass(frozen=True)
class Source:
    """One image, or one video.

    Attributes:
        name: What its outputs are called: its path below the folder that was named,
            without suffix.
        place: A path, a URL, or an open file.
        video: Whether it has many frames.
    """

    name: str
    place: str | BinaryIO
    video: bool = False

    def __str__(self) -> str:
        return self.place if isinstance(self.place, str) else 'standard input'


@dataclass(frozen=True)
class Item:
    """One image of a source.

    Attributes:
        source: Where it came from.
        image: (H, W, 3) RGB bytes.
        frame: Its number in a video, from 1; 0 for an image.
        rate: Frames per second of the video.
    """

    source: Source
    image: np.ndarray
    frame: int = 0
    rate: Fraction = Fraction(25)

    @property
    def file_name(self) -> str:
        """What it is called in lists of images."""
        return f'{self.source}#{self.frame}' if self.frame else str(self.source)


def read_items(source: Source) -> Iterator[Item]:
    """Read a source: one image, or frame after frame.

    Raises:
        UserError: If it cannot be read; after the frames that could, for a video.
    """
    if not source.video:
        yield Item(source, read_image(source.place))
        return
    frames = Frames(source.place)
    for number, image in enumerate(frames, 1):
        yield Item(source, image, number, frames.rate)


def find_sources(inputs: Sequence[str]) -> list[Source]:
    """Find what is named.

    Args:
        inputs: Images, folders (with all images and videos in them), glob patterns,
            videos, URLs of streams, or ``-`` for an image or video on standard input.

    Raises:
        UserError: If there is nothing, or a folder or pattern holds nothing.
    """
    found = [source for text in inputs for source in _find(text)]
    if not found:
        raise UserError('nothing to predict: name images, folders or videos')
    return [*_with_names_of_their_own(found)]


def _find(text: str) -> Iterator[Source]:
    path = Path(text)
    if text == STANDARD_INPUT:
        yield _standard_input()
    elif '://' in text:
        yield Source(path.stem or 'stream', text, video=True)
    elif path.is_dir():
        yield from _in_folder(path)
    elif path.is_file():
        yield _file(path, path.stem)
    elif glob.has_magic(text):
        files = [Path(file) for file in sorted(glob.glob(text, recursive=True))]
        files = [file for file in files if file.is_file()]
        if not files:
            raise UserError(f'no file fits the pattern {text}')
        yield from (_file(file, file.stem) for file in files)
    else:
        raise UserError(f'not found: {text}')


def _in_folder(folder: Path) -> Iterator[Source]:
    known = SUFFIXES + VIDEO_SUFFIXES
    files = [file for file in folder.rglob('*') if file.suffix.lower() in known]
    if not files:
        raise UserError(
            f'{folder} holds no images: no file in it ends in {", ".join(SUFFIXES)}'
        )
    for file in sorted(files):
        yield _file(file, file.relative_to(folder).with_suffix('').as_posix())


def _file(path: Path, name: str) -> Source:
    return Source(name, str(path), path.suffix.lower() in VIDEO_SUFFIXES)


def _standard_input() -> Source:
    stream = sys.stdin.buffer
    head = stream.peek(HEAD)[:HEAD]  # type: ignore[union-attr]
    if not head:
        raise UserError('standard input is empty')
    Image.init()
    accepting = [accept for _, accept in Image.OPEN.values() if accept]
    if any(accept(head) is True for accept in accepting):
        return Source('stdin', io.BytesIO(stream.read()))
    return Source('stdin', stream, video=True)


def _with_names_of_their_own(sources: Sequence[Source]) -> Iterator[Source]:
    """Make outputs of a.jpg and a.png two files."""
    taken: set[str] = set()
    for source in sources:
        name, number = source.name, 1
        while name in taken:
            number += 1
            name = f'{source.name}_{number}'
        taken.add(name)
        yield Source(name, source.place, source.video)
