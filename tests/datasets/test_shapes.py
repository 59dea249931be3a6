import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

pytest.importorskip('pycocotools')

from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from convnext_dense.datasets.shapes import (
    CLASSES,
    LABELS,
    SPLITS,
    count_objects,
    draw_image,
    write_shapes,
)
from convnext_dense.datasets.shapes_drawing import MAX_OBJECTS, MIN_PIXELS, contrast

SMALL = dict(train=4, val=3, size=(48, 64))
SIDES = st.integers(32, 160)
SEEDS = st.integers(0, 2**63)


def draw(seed: int, height: int = 96, width: int = 96):
    return draw_image(np.random.default_rng(seed), height, width)


def content(root: Path) -> dict[str, bytes]:
    files = [p for p in root.rglob('*') if p.is_file()]
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in files}


def interrupted(jobs) -> Iterator:
    yield jobs[0]
    raise KeyboardInterrupt


def not_called(_):
    raise AssertionError('the set was drawn again')


def labels_of(root: Path, split: str, name: str) -> np.ndarray:
    return np.asarray(Image.open(root / 'annotations' / split / name))


@pytest.fixture(scope='module')
def pictures():
    return [draw(seed) for seed in range(150)]


@pytest.fixture(scope='module')
def whole(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp('data') / 'shapes'
    write_shapes(root, train=8, val=5, size=(64, 96))
    return root


@pytest.fixture(params=SPLITS)
def coco(request, whole) -> COCO:
    loaded = COCO(str(whole / 'annotations' / f'instances_{request.param}.json'))
    loaded.split = request.param
    return loaded


@pytest.fixture
def root(tmp_path) -> Path:
    """A small set that a test may spoil."""
    write_shapes(tmp_path / 'shapes', **SMALL)
    return tmp_path / 'shapes'


# The pictures


@settings(deadline=None, max_examples=25)
@given(seed=SEEDS, height=SIDES, width=SIDES)
def test_a_picture_is_rgb_bytes_of_the_size_asked_for(seed, height, width):
    image, _ = draw(seed, height, width)
    assert (image.shape, image.dtype) == ((height, width, 3), np.uint8)


@settings(deadline=None, max_examples=25)
@given(seed=SEEDS, height=SIDES, width=SIDES)
def test_visible_parts_are_disjoint(seed, height, width):
    _, objects = draw(seed, height, width)
    assert np.sum([mask for _, mask in objects], axis=0).max() == 1


@settings(deadline=None, max_examples=25)
@given(seed=SEEDS, height=SIDES, width=SIDES)
def test_every_object_can_be_seen(seed, height, width):
    _, objects = draw(seed, height, width)
    assert min(mask.sum() for _, mask in objects) >= MIN_PIXELS


@settings(deadline=None, max_examples=25)
@given(seed=SEEDS, height=SIDES, width=SIDES, most=st.integers(1, MAX_OBJECTS))
def test_a_picture_has_at_least_one_object_and_no_more_than_asked(
    seed, height, width, most
):
    rng = np.random.default_rng(seed)
    _, objects = draw_image(rng, height, width, max_objects=most)
    assert 1 <= len(objects) <= most


@settings(deadline=None, max_examples=25)
@given(seed=SEEDS)
def test_a_picture_is_a_function_of_its_seed(seed):
    np.testing.assert_array_equal(draw(seed)[0], draw(seed)[0])


@settings(deadline=None, max_examples=25)
@given(seed=SEEDS, height=SIDES, width=SIDES)
def test_every_object_stands_out_from_the_background(seed, height, width):
    image, objects = draw(seed, height, width)
    free = ~np.any([mask for _, mask in objects], axis=0)
    behind = image[free].mean(0)
    assert all(contrast(image[mask].mean(0), behind) >= 30 for _, mask in objects)


def test_classes_are_about_equally_frequent(pictures):
    found = Counter(kind for _, objects in pictures for kind, _ in objects)
    share = np.array([found[kind] for kind in range(len(CLASSES))]) / found.total()
    assert share == pytest.approx(1 / 3, abs=0.06)


def test_colour_tells_the_class_of_most_objects(pictures):
    found = [
        (kind, image[mask].mean(0))
        for image, objects in pictures
        for kind, mask in objects
    ]
    kinds = np.array([kind for kind, _ in found])
    colours = np.array([colour for _, colour in found])
    means = np.array([colours[kinds == kind].mean(0) for kind in range(len(CLASSES))])
    nearest = np.linalg.norm(colours[:, None] - means, axis=2).argmin(1)
    assert (nearest == kinds).mean() > 0.7


def test_objects_are_found_all_over_the_picture(pictures):
    # A picture on which no colour stands out has no objects.
    full = [[mask for _, mask in objects] for _, objects in pictures if objects]
    covered = np.mean([np.any(masks, 0) for masks in full], 0)
    tiles = covered.reshape(6, 16, 6, 16).mean((1, 3))
    assert 0.01 < tiles.min() < tiles.max() < 0.6


def test_sizes_range_from_a_tenth_to_half_of_the_side(pictures):
    masks = [mask for _, objects in pictures for _, mask in objects]
    extents = [np.ptp(np.argwhere(mask), axis=0).max() + 1 for mask in masks]
    assert min(extents) < 0.16 * 96
    assert 0.45 * 96 < max(extents) <= 0.5 * 96 + 1


def test_some_objects_hide_parts_of_others(pictures):
    def touches(a: np.ndarray, b: np.ndarray) -> bool:
        return (a[1:] & b[:-1]).any() or (a[:-1] & b[1:]).any()

    overlapping = [
        any(touches(a, b) for _, a in objects for _, b in objects if a is not b)
        for _, objects in pictures
    ]
    assert 0.2 < np.mean(overlapping) < 0.8


@pytest.mark.parametrize('size', [(31, 64), (64, 31)])
def test_a_side_under_32_pixels_is_refused(size):
    with pytest.raises(ValueError, match='31'):
        draw(0, *size)


def test_a_picture_of_no_objects_is_refused():
    with pytest.raises(ValueError, match='max_objects'):
        draw_image(np.random.default_rng(0), 64, 64, max_objects=0)


# The annotations


def test_boxes_match_their_masks(coco):
    for annotation in coco.dataset['annotations']:
        rows, columns = np.nonzero(coco.annToMask(annotation))
        left, top = columns.min(), rows.min()
        box = [left, top, columns.max() + 1 - left, rows.max() + 1 - top]
        assert annotation['bbox'] == box


def test_areas_match_their_masks(coco):
    for annotation in coco.dataset['annotations']:
        assert annotation['area'] == coco_mask.area(annotation['segmentation'])


def test_label_maps_are_the_union_of_the_instances(coco, whole):
    for image in coco.dataset['images']:
        labels = np.zeros((image['height'], image['width']), np.uint8)
        for annotation in coco.imgToAnns[image['id']]:
            labels[coco.annToMask(annotation) > 0] = annotation['category_id']
        written = labels_of(whole, coco.split, image['file_name'])
        np.testing.assert_array_equal(written, labels)


def test_every_listed_image_has_its_picture_and_its_labels(coco, whole):
    names = {image['file_name'] for image in coco.dataset['images']}
    for kind in ('images', 'annotations'):
        assert {p.name for p in (whole / kind / coco.split).iterdir()} == names


def test_pictures_have_the_height_and_width_asked_for(coco, whole):
    for path in (whole / 'images' / coco.split).iterdir():
        assert Image.open(path).size == (96, 64)


def test_listed_sizes_are_those_of_the_pictures(coco):
    sizes = {(image['height'], image['width']) for image in coco.dataset['images']}
    assert sizes == {(64, 96)}


def test_categories_are_the_classes_counted_from_one(coco):
    names = {entry['id']: entry['name'] for entry in coco.dataset['categories']}
    assert names == {1: 'circle', 2: 'square', 3: 'triangle'}


def test_annotation_ids_start_at_one(coco):
    assert sorted(coco.anns) == list(range(1, len(coco.anns) + 1))


def test_classes_file_names_every_label(whole):
    assert (whole / 'classes.txt').read_text().split() == [*LABELS]
    assert LABELS == ('background', 'circle', 'square', 'triangle')


def test_objects_are_counted_by_class(coco, whole):
    found = Counter(a['category_id'] for a in coco.dataset['annotations'])
    counts = {name: found[i] for i, name in enumerate(CLASSES, start=1)}
    assert count_objects(whole, coco.split) == counts


# One seed, one data set


def test_the_same_seed_gives_the_same_bytes(root, tmp_path):
    write_shapes(tmp_path / 'again', **SMALL)
    assert content(tmp_path / 'again') == content(root)


def test_another_seed_gives_other_pictures(root, tmp_path):
    write_shapes(tmp_path / 'other', **SMALL, seed=1)
    ours, others = content(root), content(tmp_path / 'other')
    pictures = [name for name in ours if name.startswith('images/')]
    assert all(ours[name] != others[name] for name in pictures)


def test_a_longer_set_keeps_the_earlier_pictures(root, tmp_path):
    write_shapes(tmp_path / 'longer', train=6, val=7, size=SMALL['size'])
    longer = content(tmp_path / 'longer')
    for name, data in content(root).items():
        if name.endswith('.png'):
            assert longer[name] == data


def test_a_longer_set_keeps_the_earlier_annotations(root, tmp_path):
    write_shapes(tmp_path / 'longer', train=6, val=7, size=SMALL['size'])
    name = 'annotations/instances_train.json'
    short = json.loads((root / name).read_text())['annotations']
    longer = json.loads((tmp_path / 'longer' / name).read_text())['annotations']
    assert longer[: len(short)] == short


def test_no_picture_is_in_both_splits(whole):
    data = content(whole / 'images')
    assert len(set(data.values())) == len(data)


# Writing, whole or not at all


def test_a_second_call_draws_nothing(root):
    write_shapes(root, **SMALL, progress=not_called)


def test_one_number_is_a_square(tmp_path):
    write_shapes(tmp_path / 'shapes', train=1, val=0, size=40)
    assert labels_of(tmp_path / 'shapes', 'train', '000000.png').shape == (40, 40)


def test_an_empty_folder_is_used(tmp_path):
    (tmp_path / 'shapes').mkdir()
    write_shapes(tmp_path / 'shapes', **SMALL)
    assert (tmp_path / 'shapes' / 'classes.txt').exists()


def test_a_link_to_a_folder_is_followed(tmp_path):
    (tmp_path / 'disk').mkdir()
    (tmp_path / 'shapes').symlink_to(tmp_path / 'disk')
    write_shapes(tmp_path / 'shapes', **SMALL)
    assert (tmp_path / 'disk' / 'classes.txt').exists()


def test_nothing_temporary_stays_behind(root):
    assert [p.name for p in root.parent.iterdir()] == ['shapes']


def test_an_interrupted_write_leaves_nothing(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        write_shapes(tmp_path / 'shapes', **SMALL, progress=interrupted)
    assert not list(tmp_path.iterdir())


def test_an_interrupted_replacement_leaves_the_old_set(root):
    before = content(root.parent)
    with pytest.raises(KeyboardInterrupt):
        write_shapes(root, **SMALL, seed=1, force=True, progress=interrupted)
    assert content(root.parent) == before


def test_a_failing_rename_puts_the_old_set_back(root, monkeypatch):
    before = content(root.parent)
    rename = Path.rename

    def failing(self, target):
        if self.name == 'fresh':
            raise OSError('no')
        return rename(self, target)

    monkeypatch.setattr(Path, 'rename', failing)
    with pytest.raises(OSError, match='no'):
        write_shapes(root, **SMALL, seed=1, force=True)
    assert content(root.parent) == before


@pytest.mark.parametrize(
    'change', [{'train': 5}, {'val': 2}, {'size': 64}, {'seed': 1}]
)
def test_a_set_of_other_settings_is_kept_and_named(root, change):
    with pytest.raises(ValueError, match=rf'{root}.*--root.*--force'):
        write_shapes(root, **SMALL | change)


def test_force_replaces_a_set_of_other_settings(root, tmp_path):
    write_shapes(root, **SMALL, seed=1, force=True)
    write_shapes(tmp_path / 'other', **SMALL, seed=1)
    assert content(root) == content(tmp_path / 'other')


def test_force_draws_nothing_where_the_set_is_there(root):
    write_shapes(root, **SMALL, force=True, progress=not_called)


def test_a_missing_picture_is_noticed(root):
    (root / 'images/val/000001.png').unlink()
    with pytest.raises(ValueError, match=r'images/val/000001\.png is missing'):
        write_shapes(root, **SMALL)


def test_a_set_of_another_format_is_not_taken_for_this_one(root):
    path = root / 'shapes.json'
    path.write_text(path.read_text().replace('shapes 1', 'shapes 0'))
    with pytest.raises(ValueError, match='another format'):
        write_shapes(root, **SMALL)


@pytest.mark.parametrize('force', [False, True])
@pytest.mark.parametrize('text', [None, '', '[]', '{}', '{"format": "mine"}'])
def test_a_foreign_folder_is_never_touched(tmp_path, force, text):
    (tmp_path / 'photos').mkdir()
    (tmp_path / 'photos' / 'cat.png').write_bytes(b'cat')
    if text is not None:
        (tmp_path / 'photos' / 'shapes.json').write_text(text)
    before = content(tmp_path)
    with pytest.raises(FileExistsError, match='photos'):
        write_shapes(tmp_path / 'photos', **SMALL, force=force)
    assert content(tmp_path) == before


@pytest.mark.parametrize('name', ['notes.txt', 'images/train/mine.jpg'])
def test_force_keeps_a_set_that_holds_files_of_the_user(root, name):
    (root / name).write_text('mine')
    before = content(root)
    with pytest.raises(FileExistsError, match=name):
        write_shapes(root, **SMALL, seed=1, force=True)
    assert content(root) == before


def test_files_of_the_user_do_not_disturb_a_set_in_use(root):
    (root / 'notes.txt').write_text('mine')
    write_shapes(root, **SMALL, progress=not_called)


def test_a_folder_filled_while_drawing_is_kept(tmp_path):
    def meanwhile(jobs):
        (tmp_path / 'shapes').mkdir()
        (tmp_path / 'shapes' / 'cat.png').write_bytes(b'cat')
        return jobs

    with pytest.raises(FileExistsError):
        write_shapes(tmp_path / 'shapes', **SMALL, progress=meanwhile)
    assert content(tmp_path) == {'shapes/cat.png': b'cat'}


@pytest.mark.parametrize(
    ('name', 'wrong'),
    [('train', -1), ('val', -1), ('seed', -1), ('size', 31), ('size', (1, 2, 3))],
)
def test_a_setting_out_of_range_is_named(tmp_path, name, wrong):
    with pytest.raises(ValueError, match='height' if wrong == 31 else name):
        write_shapes(tmp_path / 'shapes', **SMALL | {name: wrong})


def test_importing_the_module_imports_no_framework():
    code = (
        'import sys, convnext_dense.datasets.shapes;'
        "print(*{'torch', 'mmengine', 'mmcv', 'mmdet', 'mmseg'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    assert (done.stdout.strip(), done.returncode) == ('', 0)
