"""The images that a detector does best and worst, truth beside prediction."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from faster_coco_eval.core import mask as mask_api
from markupsafe import Markup

from convnext_dense.visualization import draw_instances

from .detection_analysis import Analysis
from .matching import SHOWN
from .objects import Objects, shapes_of
from .pictures import read_image, scale_of, side_by_side
from .section import Section

PICTURES = 6


def picture_sections(
    analyses: Sequence[Analysis], names: Sequence[str]
) -> list[Section]:
    """Show the worst and best images; of two runs, those that changed most."""
    first, last = analyses[0], analyses[-1]
    same = [[image['id'] for image in one.truth.images] for one in analyses]
    note = (
        f'Ranked by panoptic quality of the detections from score {SHOWN} on: the IoUs '
        'of the right ones, by the mean number of detections and objects.'
    )
    if len(analyses) == 1 or same[0] != same[1]:
        found = []
        for title, reverse in (('Worst images', False), ('Best images', True)):
            columns = [
                (name, _rows([one], [''], _ranked(one.matches.quality, reverse)))
                for name, one in zip(names, analyses, strict=True)
            ]
            found.append(Section(title, columns, note))
        return found
    gain = last.matches.quality - first.matches.quality
    return [
        Section(title, [('', _rows(analyses, names, _ranked(change, reverse)))], note)
        for title, change, reverse in (
            ('Largest losses', np.where(gain < 0, gain, np.nan), False),
            ('Largest gains', np.where(gain > 0, gain, np.nan), True),
        )
    ]


def _ranked(quality: np.ndarray, reverse: bool) -> list[int]:
    known = np.flatnonzero(~np.isnan(quality))
    order = known[np.argsort(quality[known], kind='stable')].tolist()
    return order[::-1][:PICTURES] if reverse else order[:PICTURES]


def _rows(
    analyses: Sequence[Analysis], names: Sequence[str], images: Sequence[int]
) -> Markup:
    rows = []
    for index in images:
        first = analyses[0]
        entry = first.truth.images[index]
        image = read_image(Path(first.run.results['images'], entry['file_name']))
        if image is not None and image.shape[:2] != (entry['height'], entry['width']):
            image = None
        pictures = [('truth', _draw(first, image, index, first.truth.objects))]
        pictures += [
            (f'{name} prediction'.strip(), _draw(one, image, index, one.found))
            for name, one in zip(names, analyses, strict=True)
        ]
        values = [f'{100 * one.matches.quality[index]:.0f}' for one in analyses]
        caption = f'{entry["file_name"]} · quality {" → ".join(values)}'
        rows.append(side_by_side(caption, pictures))
    if not rows:
        return Markup('<p class="none">no image</p>')
    return Markup('<div class="figures">{}</div>').format(Markup().join(rows))


def _draw(
    one: Analysis, image: np.ndarray | None, index: int, objects: Objects
) -> np.ndarray | None:
    if image is None:
        return None
    part = objects.of(index)
    kept = np.flatnonzero(objects.score[part] >= SHOWN)
    masks = None
    if one.kind == 'segm' and len(kept):
        encoded = shapes_of(objects, one.truth.images, 'segm', part)
        decoded = mask_api.decode([encoded[i] for i in kept])
        masks = np.moveaxis(decoded, -1, 0).astype(bool)
    boxes = objects.boxes[part][kept]
    return draw_instances(
        image,
        objects.label[part][kept],
        one.truth.names,
        boxes=np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], 1),
        masks=masks,
        scores=objects.score[part][kept] if objects is one.found else None,
        scale=scale_of(image),
    )
