"""A generated data set of circles, squares and triangles, for instances and regions.

One folder serves both tasks, since COCO and ADE20K agree on where pictures go::

    root/
      images/{train,val}/000000.png            RGB pictures
      annotations/instances_{train,val}.json   COCO: categories 1..3, masks as RLE
      annotations/{train,val}/000000.png       labels: 0 background, then 1..3
      classes.txt                              names of the labels, one per line
      shapes.json                              manifest: the settings it was made with

Background is a class of its own among the labels, so `reduce_zero_label=False`.
A picture depends on its seed, split, index and size alone: a longer set begins with
the shorter one, byte for byte.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from PIL import Image
from pycocotools import mask as coco_mask

from convnext_dense.datasets.shapes_drawing import CLASSES, draw_image
from convnext_dense.errors import UserError

__all__ = ['CLASSES', 'LABELS', 'SPLITS', 'count_objects', 'draw_image', 'write_shapes']

Job = tuple[str, int]  # split and index of one picture

LABELS = ('background', *CLASSES)
SPLITS = ('train', 'val')
SETTINGS = {'train': 0, 'val': 0, 'height': 32, 'width': 32, 'seed': 0}  # least values
MANIFEST = 'shapes.json'
FORMAT = 'convnext_dense shapes 1'  # raise the number when any written byte changes


def write_shapes(
    root: Path | str,
    *,
    train: int = 1000,
    val: int = 100,
    size: int | tuple[int, int] = 128,
    seed: int = 0,
    force: bool = False,
    progress: Callable[[Sequence[Job]], Iterable[Job]] = iter,
) -> None:
    """Write the data set, whole or not at all; do nothing where it already is.

    It is built in a temporary folder beside `root` and renamed at the end.

    Args:
        root: Folder to make; its parents are made too. May exist if it is empty.
        train: Number of training pictures.
        val: Number of validation pictures.
        size: Side of the square pictures, or (height, width), in pixels; at least 32.
        seed: Not negative.
        force: Replace a set that other settings made. A folder that holds anything
            which this function did not write is never replaced.
        progress: Wraps the sequence of pictures to draw, as `tqdm.tqdm` does.

    Raises:
        UserError: If a setting is out of range, or `root` holds a set of other
            settings or an incomplete one and `force` is not given. A ValueError.
        FileExistsError: If `root` is something else.
        OSError: If `root` cannot be written.
    """
    sides = [size, size] if isinstance(size, int) else list(size)
    if len(sides) != 2:
        raise UserError(f'size must be one or two numbers, not {len(sides)}')
    settings = dict(zip(SETTINGS, (train, val, *sides, seed), strict=True))
    _check_settings(settings)
    root = Path(root).resolve()
    if _is_done(root, settings, force):
        return
    root.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=root.parent, prefix=f'.{root.name}-') as scratch:
        fresh = Path(scratch, 'fresh')
        _build(fresh, settings, progress)
        # Asked again: others may have used the folder in the meantime.
        if not _is_done(root, settings, force):
            _swap_in(fresh, root, Path(scratch, 'old'))


def count_objects(root: Path | str, split: str) -> dict[str, int]:
    """Number of instances of each class in one split ('train' or 'val')."""
    path = Path(root, 'annotations', f'instances_{split}.json')
    found = [a['category_id'] for a in json.loads(path.read_text())['annotations']]
    return {name: found.count(i) for i, name in enumerate(CLASSES, start=1)}


def _check_settings(settings: dict[str, int]) -> None:
    for name, least in SETTINGS.items():
        if settings[name] < least:
            raise UserError(f'{name} must be {least} or more, not {settings[name]}')


def _is_done(root: Path, settings: dict[str, int], force: bool) -> bool:
    """Whether `root` is the set asked for; if not, it is free or may be replaced."""
    if not root.exists() or (root.is_dir() and not any(root.iterdir())):
        return False
    manifest = _manifest(root)
    if manifest is None:
        raise FileExistsError(
            f'{root} exists and is not a data set of shapes (no {MANIFEST} of ours in '
            'it): choose another --root'
        )
    problem = _difference(root, manifest, settings)
    if problem and not force:
        raise UserError(f'{root} {problem}: choose another --root, or use --force')
    strangers = _files_in(root) - _files(manifest['settings'])
    if problem and strangers:
        raise FileExistsError(
            f'{root} also holds {min(strangers)}, which is not part of the set: '
            'move it away, or choose another --root'
        )
    return not problem


def _manifest(root: Path) -> dict[str, Any] | None:
    """The manifest in `root`; None if there is none or it is not one of ours."""
    try:
        manifest = json.loads((root / MANIFEST).read_text())
        name = manifest['format'].rpartition(' ')[0]
        counts = [manifest['settings'][split] for split in SPLITS]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    ours = name == FORMAT.rpartition(' ')[0] and all(isinstance(n, int) for n in counts)
    return manifest if ours else None


def _difference(
    root: Path, manifest: dict[str, Any], settings: dict[str, int]
) -> str | None:
    """What keeps the set in `root` from being the one asked for; None if nothing."""
    if manifest['format'] != FORMAT:
        return f'is of another format ({manifest["format"]})'
    if manifest['settings'] != settings:
        made = ', '.join(f'{k} {v}' for k, v in manifest['settings'].items())
        return f'was made with other settings ({made})'
    missing = _files(settings) - _files_in(root)
    return f'is incomplete ({min(missing)} is missing)' if missing else None


def _files_in(root: Path) -> set[str]:
    """Every file below `root`, relative to it; a link counts as a file."""
    return {
        path.relative_to(root).as_posix()
        for path in root.rglob('*')
        if path.is_symlink() or not path.is_dir()
    }


def _files(settings: dict[str, int]) -> set[str]:
    """Every file that a set of these settings consists of, relative to its root."""
    pictures = {f'{s}/{i:06d}.png' for s in SPLITS for i in range(settings[s])}
    return {
        *(f'{kind}/{name}' for kind in ('images', 'annotations') for name in pictures),
        *(f'annotations/instances_{split}.json' for split in SPLITS),
        'classes.txt',
        MANIFEST,
    }


def _build(
    root: Path,
    settings: dict[str, int],
    progress: Callable[[Sequence[Job]], Iterable[Job]],
) -> None:
    for split in SPLITS:
        (root / 'images' / split).mkdir(parents=True)
        (root / 'annotations' / split).mkdir(parents=True)
    coco = {split: _empty_coco(split) for split in SPLITS}
    height, width = settings['height'], settings['width']
    for split, index in progress([(s, i) for s in SPLITS for i in range(settings[s])]):
        rng = np.random.default_rng((settings['seed'], SPLITS.index(split), index))
        image, objects = draw_image(rng, height, width)
        labels = np.zeros((height, width), np.uint8)
        for kind, mask in objects:
            labels[mask] = kind + 1
        name = f'{index:06d}.png'
        Image.fromarray(image).save(root / 'images' / split / name)
        Image.fromarray(labels).save(root / 'annotations' / split / name)
        _append(coco[split], index, name, (height, width), objects)
    for split, content in coco.items():
        _dump(content, root / 'annotations' / f'instances_{split}.json')
    (root / 'classes.txt').write_text('\n'.join(LABELS) + '\n')
    _dump({'format': FORMAT, 'settings': settings}, root / MANIFEST)


def _empty_coco(split: str) -> dict[str, Any]:
    return {
        'info': {'description': f'Generated circles, squares and triangles ({split})'},
        'licenses': [],
        'images': [],
        'categories': [
            {'id': i, 'name': name, 'supercategory': 'shape'}
            for i, name in enumerate(CLASSES, start=1)
        ],
        'annotations': [],
    }


def _append(
    coco: dict[str, Any],
    index: int,
    name: str,
    size: tuple[int, int],
    objects: list[tuple[int, np.ndarray]],
) -> None:
    """Add one picture and its objects to a COCO dictionary."""
    height, width = size
    entry = {'id': index, 'file_name': name, 'height': height, 'width': width}
    coco['images'].append(entry)
    for kind, mask in objects:
        rle = coco_mask.encode(np.asfortranarray(mask, np.uint8))
        coco['annotations'].append(
            {
                # From 1: pycocotools takes the id 0 for "not matched".
                'id': len(coco['annotations']) + 1,
                'image_id': index,
                'category_id': kind + 1,
                'segmentation': {**rle, 'counts': rle['counts'].decode('ascii')},
                'bbox': coco_mask.toBbox(rle).tolist(),
                'area': int(mask.sum()),
                'iscrowd': 0,
            }
        )


def _dump(content: dict[str, Any], path: Path) -> None:
    path.write_text(json.dumps(content) + '\n')


def _swap_in(fresh: Path, root: Path, old: Path) -> None:
    """Rename `fresh` to `root`; what was there goes to `old`, and back on failure."""
    if not root.exists():
        fresh.rename(root)
        return
    root.rename(old)
    try:
        fresh.rename(root)
    except BaseException:
        old.rename(root)
        raise
