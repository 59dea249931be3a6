"""What happens when somebody uses the page, without the page."""

import json
import time
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import numpy as np
from PIL import Image

from convnext_dense.errors import UserError
from convnext_dense.inference import Detections, LabelMap, Predictor, read_image

from . import markup
from .objects import Objects
from .regions import Regions
from .view import Finding, View

# Objects below are never shown; the network's own bound is often the same.
LEAST_SCORE = 0.05


class Looked(NamedTuple):
    """An image that the network has seen, kept while somebody looks at it.

    ``key`` is the image's own, ``seconds`` the time of the prediction.
    """

    name: str
    key: str
    finding: Finding
    seconds: float


class Shown(NamedTuple):
    """The parts of the page that depend on the controls, as HTML."""

    figure: str
    table: str
    status: str


NOTHING = Shown(markup.EMPTY, '', '')


class Actions:
    """A model and what can be asked of it.

    Args:
        predictor: The model.
        most_pixels: Larger images are refused.
    """

    def __init__(self, predictor: Predictor, most_pixels: int):
        self.predictor = predictor
        self.most_pixels = most_pixels

    def look(self, path: str) -> Looked:
        """Read an image and run the network on it, once.

        Raises:
            UserError: If it is no image, damaged, or too large.
        """
        name = Path(path).name
        try:
            image = read_image(path, self.most_pixels)
        except UserError as error:
            # Where uploads lie is of no interest to who looks at the page.
            raise UserError(str(error).replace(path, name)) from error
        start = time.perf_counter()
        found = self.predictor(image, threshold=LEAST_SCORE)
        seconds = time.perf_counter() - start
        return Looked(name, uuid4().hex[:8], _finding(image, found), seconds)

    def show(self, looked: Looked, view: View) -> Shown:
        """Draw what was found, without the network."""
        start = time.perf_counter()
        picture = looked.finding.draw(view)
        rows = looked.finding.rows(view)
        said = self._counted(len(rows))
        figure = markup.figure(picture, rows, looked.key, f'{looked.name}: {said}')
        figure += markup.legend_colours(looked.finding.classes)
        table = markup.table(looked.finding.columns, rows, looked.key)
        milliseconds = 1000 * (time.perf_counter() - start)
        height, width = looked.finding.image.shape[:2]
        status = (
            f'{said} · {width} x {height} pixels · predicted in '
            f'{1000 * looked.seconds:.0f} ms on {self.predictor.device}, drawn in '
            f'{milliseconds:.0f} ms'
        )
        return Shown(figure, table, markup.line(status))

    def _counted(self, count: int) -> str:
        if self.predictor.segments:
            return f'{count} {"class" if count == 1 else "classes"}'
        return f'{count} {"object" if count == 1 else "objects"}'


def write_picture(looked: Looked, view: View, folder: Path) -> Path:
    """Write what is shown as a PNG, at the size of the image at least."""
    return _write_png(looked.finding.draw_whole(view), looked, folder, 'picture')


def write_labels(looked: Looked, view: View, folder: Path) -> Path:  # noqa: ARG001
    """Write the class of each pixel as a PNG, whatever is shown."""
    return _write_png(looked.finding.found.labels, looked, folder, 'labels')


def write_json(looked: Looked, view: View, folder: Path) -> Path:
    """Write what is shown as JSON."""
    path = _file(looked, folder, 'result.json')
    content = looked.finding.to_json(view, looked.name)
    path.write_text(json.dumps(content, indent=1) + '\n', encoding='utf-8')
    return path


def _write_png(array: np.ndarray, looked: Looked, folder: Path, kind: str) -> Path:
    path = _file(looked, folder, f'{kind}.png')
    Image.fromarray(array).save(path)
    return path


def _file(looked: Looked, folder: Path, end: str) -> Path:
    # Two people may look at images of one name.
    (folder / looked.key).mkdir(parents=True, exist_ok=True)
    return folder / looked.key / f'{Path(looked.name).stem}_{end}'


def _finding(image: np.ndarray, found: Detections | LabelMap) -> Finding:
    if isinstance(found, LabelMap):
        return Regions(image, found)
    return Objects(image, found)
