"""Predictions into files: pictures, videos, COCO results, label maps."""

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from convnext_dense.errors import UserError

from .results import Detections, LabelMap
from .sources import Item
from .video import VideoWriter

PICTURES, JSON, LABELS = 'pictures', 'json', 'labels'
QUALITY = 92
# Small images are enlarged so that names are readable.
SHORTEST_SIDE = 320


class Outputs:
    """Writes what is asked for below one folder.

    ``pictures/NAME.jpg`` (``.mp4`` for a video), ``labels/NAME.png``, and for
    detectors ``results.json``, COCO's result format, with ``images.json``, whose ids
    and categories it refers to.

    Args:
        folder: The folder.
        kinds: Of ``pictures``, ``json`` and ``labels``.
        classes: The model's class names.
        annotations: A COCO file whose ids of images (by file name) and categories (by
            name) the results should have.
        shown: Names of the classes that label maps are drawn with; all without it.

    Raises:
        UserError: If the folder cannot be written or the annotations not be read.
    """

    def __init__(
        self,
        folder: Path,
        kinds: Collection[str],
        classes: tuple[str, ...],
        annotations: Path | None = None,
        shown: Collection[str] | None = None,
    ):
        self.folder = folder
        self.kinds = kinds
        self.shown = shown
        self.category_ids = {name: i for i, name in enumerate(classes, 1)}
        self.image_ids: dict[str, int] | None = None
        if annotations is not None:
            self.image_ids, known = _read_ids(annotations)
            absent = [name for name in classes if name not in known]
            if absent:
                raise UserError(f'{annotations} has no category {absent[0]!r}')
            self.category_ids = {name: known[name] for name in classes}
        self.images: list[dict] = []
        self.results: list[dict] = []
        self.videos: dict[str, VideoWriter] = {}
        if folder.is_file():
            raise UserError(f'--out {folder} is a file: name a folder')
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f'{folder} cannot be written: {error.strerror}') from error

    def __enter__(self) -> 'Outputs':
        return self

    def __exit__(self, *_: object) -> None:
        """Finish, also after an interruption, with what there is."""
        for video in self.videos.values():
            video.close()
        if JSON in self.kinds and self.images:
            categories = [
                dict(id=i, name=name) for name, i in self.category_ids.items()
            ]
            header = dict(images=self.images, annotations=[], categories=categories)
            _write_json(self.folder / 'images.json', header)
            _write_json(self.folder / 'results.json', self.results)

    def write(self, item: Item, result: Detections | LabelMap) -> None:
        """Write one result."""
        if PICTURES in self.kinds:
            self._draw(item, result)
        if isinstance(result, LabelMap):
            if LABELS in self.kinds:
                name = item.source.name
                stem = f'{name}/{item.frame:06d}' if item.frame else name
                Image.fromarray(result.labels).save(self._file(LABELS, stem, '.png'))
        elif JSON in self.kinds:
            self._note(item, result)

    def _draw(self, item: Item, result: Detections | LabelMap) -> None:
        scale = max(1, round(SHORTEST_SIDE / min(item.image.shape[:2])))
        shown = dict(classes=self.shown) if isinstance(result, LabelMap) else {}
        picture = result.draw(item.image, scale=scale, **shown)
        name = item.source.name
        if not item.frame:
            path = self._file(PICTURES, name, '.jpg')
            Image.fromarray(picture).save(path, quality=QUALITY)
            return
        if name not in self.videos:
            path = self._file(PICTURES, name, '.mp4')
            self.videos[name] = VideoWriter(path, item.rate)
        self.videos[name].write(picture)

    def _note(self, item: Item, result: Detections) -> None:
        number = len(self.images) + 1
        if self.image_ids is not None:
            base = Path(item.file_name).name
            found = self.image_ids.get(item.file_name, self.image_ids.get(base))
            if found is None:
                raise UserError(f'the annotations have no image {base}')
            number = found
        height, width = result.size
        self.images.append(
            dict(id=number, file_name=item.file_name, height=height, width=width)
        )
        self.results += result.to_coco(number, self.category_ids)

    def _file(self, kind: str, name: str, suffix: str) -> Path:
        path = self.folder / kind / f'{name}{suffix}'
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


def _read_ids(path: Path) -> tuple[dict[str, int], dict[str, int]]:
    try:
        content: Mapping[str, Any] = json.loads(path.read_text(encoding='utf-8'))
        images = {image['file_name']: image['id'] for image in content['images']}
        categories = {entry['name']: entry['id'] for entry in content['categories']}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f'{path} is no COCO annotation file: {_why(error)}') from error
    return images, categories


def _why(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return 'it is no text'  # the error holds the whole file
    if isinstance(error, KeyError):
        return f'something in it has no {error}'
    return str(error)


def _write_json(path: Path, content: object) -> None:
    # A reader never sees half a file.
    part = path.with_suffix('.json.part')
    part.write_text(json.dumps(content) + '\n', encoding='utf-8')
    part.replace(path)
