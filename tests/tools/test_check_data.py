"""A data set is looked through before days are spent on it."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

pytest.importorskip('mmdet', reason='mmdet is not installed')
pytest.importorskip('mmseg', reason='mmseg is not installed')

from convnext_dense.cli import main
from convnext_dense.data_check import check_data

DETECTION = 'configs/shapes/mask-rcnn_convnext-v2-atto_demo_shapes.py'
NAN = float('nan')
SEGMENTATION = 'configs/shapes/upernet_convnext-v2-atto_demo_shapes.py'


@pytest.fixture
def found(root, shapes_copy):
    """Give what is found in the data after a change to its annotations or files."""

    def found(change, config=DETECTION):
        file = shapes_copy / 'annotations/instances_train.json'
        content = json.loads(file.read_text())
        change(content, shapes_copy)
        file.write_text(json.dumps(content))
        options = [f'data_root={shapes_copy}', 'classes=[circle,square,triangle]']
        if config == SEGMENTATION:
            options = options[:1]
        reports = check_data(root / config, options)
        return {what for report in reports for what in report.errors}, {
            what for report in reports for what in report.warnings
        }

    return found


def image(content, folder, number=0):
    return folder / 'images/train' / content['images'][number]['file_name']


def label_map(content, folder):
    return sorted((folder / 'annotations/train').iterdir())[0]


def change(key, number, **values):
    return lambda content, folder: content[key][number].update(values)


def half(content, folder):
    path = image(content, folder)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def recolour(value):
    def draw(content, folder):
        path = label_map(content, folder)
        labels = np.asarray(Image.open(path)).copy()
        labels[0, 0] = value
        Image.fromarray(labels).save(path)

    return draw


def leak(content, folder):
    other = sorted((folder / 'images/val').iterdir())[0]
    shutil.copy(image(content, folder), other)


DAMAGE = {
    'the file is not there': lambda c, f: image(c, f).unlink(),
    'the file is empty': lambda c, f: image(c, f).write_bytes(b''),
    'is no whole image': half,
    'images have another size than the file says': change('images', 0, width=63),
    'image ids repeat': lambda c, f: c['images'].append(c['images'][0]),
    'images lack width': lambda c, f: c['images'][0].pop('width'),
    'images lie outside of their folder': change('images', 0, file_name='../x.jpg'),
    'object ids repeat': lambda c, f: c['annotations'].append(c['annotations'][0]),
    'objects of images that are not there': change('annotations', 0, image_id=99),
    'objects of classes that are not there': change('annotations', 0, category_id=99),
    'boxes are not four numbers': change(
        'annotations', 0, bbox=[1, 2, float('nan'), 4]
    ),
    'boxes have no area': change('annotations', 0, bbox=[1, 2, 0, 4]),
    'boxes lie outside of their image': change('annotations', 0, bbox=[90, 2, 3, 4]),
    'boxes reach beyond their image': change('annotations', 0, bbox=[50, 2, 30, 4]),
    'masks are not there': lambda c, f: c['annotations'][0].pop('segmentation'),
    'masks are polygons of less than three points': change(
        'annotations', 0, segmentation=[[1, 2, 3, 4]]
    ),
    'masks do not decode': change(
        'annotations', 0, segmentation=dict(size=[64, 64], counts=[5, 6])
    ),
    'masks have another size than their image': change(
        'annotations', 0, segmentation=dict(size=[6, 6], counts=[36])
    ),
    'data set without any object': lambda c, f: c['annotations'].clear(),
    'classes of the config are not in the file': lambda c, f: c['categories'].pop(0),
    'images are in the training set too': leak,
}


@pytest.mark.parametrize('what', DAMAGE)
def test_damage_is_found(found, what):
    errors, _ = found(DAMAGE[what])
    assert any(what in error for error in errors), errors


def test_nothing_is_found_where_nothing_is_wrong(found):
    errors, _ = found(lambda content, folder: None)
    assert errors == set()


def test_classes_that_never_occur_are_a_warning(found):
    def drop(content, folder):
        kept = [a for a in content['annotations'] if a['category_id'] != 1]
        content['annotations'][:] = kept

    _, warnings = found(drop)
    assert 'classes never occur' in warnings


SEG_DAMAGE = {
    'label maps are unusable: it is no whole image': lambda c, f: label_map(
        c, f
    ).write_bytes(b'PNG'),
    'label maps have another size than their image': lambda c, f: Image.new(
        'L', (5, 5)
    ).save(label_map(c, f)),
    'label maps have labels outside the classes': recolour(77),
    'its mode is RGB': lambda c, f: Image.new('RGB', (64, 64)).save(label_map(c, f)),
    'is no whole image': half,
}


@pytest.mark.parametrize('what', SEG_DAMAGE)
def test_damage_of_label_maps_is_found(found, what):
    errors, _ = found(SEG_DAMAGE[what], SEGMENTATION)
    assert any(what in error for error in errors), errors


@pytest.mark.parametrize('config', [DETECTION, SEGMENTATION])
def test_the_exit_code_tells(root, shapes_copy, capsys, config):
    command = [
        'check-data',
        str(root / config),
        '--cfg-options',
        f'data_root={shapes_copy}',
    ]
    assert main(command) == 0
    assert 'train' in capsys.readouterr().out
    first = sorted((shapes_copy / 'images/train').iterdir())[0]
    first.write_bytes(b'')
    assert main(command) == 1
    assert first.name in capsys.readouterr().out


def test_all_names_are_told_where_they_are_asked_for(root, tmp_path, capsys):
    names = [f'{number}.png' for number in range(5)]
    for name in names:
        (tmp_path / name).write_bytes(b'broken')
    config = root / 'configs/custom/fcmae_convnext-v2-atto_300e_image-folder.py'
    command = ['check-data', str(config), '--all', '--cfg-options']
    assert main([*command, f'data_root={tmp_path}']) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.strip() for line in lines[2:7]] == [str(tmp_path / n) for n in names]


@pytest.mark.parametrize(
    'text', ['', '{', '[]', '3', '{"images": 1}', '{"images": [1], "annotations": []}']
)
def test_a_file_that_is_none_is_named(root, shapes_copy, capsys, text):
    file = shapes_copy / 'annotations/instances_train.json'
    file.write_text(text)
    options = [f'data_root={shapes_copy}', 'classes=[circle,square,triangle]']
    command = ['check-data', str(root / DETECTION), '--cfg-options', *options]
    assert main(command) == 2
    assert str(file) in capsys.readouterr().err


def test_images_without_labels_are_looked_at(root, tmp_path, photo, capsys):
    for number in range(3):
        Image.fromarray(photo(seed=number)).save(tmp_path / f'{number}.png')
    (tmp_path / '1.png').write_bytes(b'broken')
    config = root / 'configs/custom/fcmae_convnext-v2-atto_300e_image-folder.py'
    options = [f'data_root={tmp_path}', 'image_size=32']
    assert main(['check-data', str(config), '--cfg-options', *options]) == 1
    assert '1.png' in capsys.readouterr().out


def test_a_negative_area_is_an_error(found):
    errors, _ = found(change('annotations', 0, area=-3))
    assert 'areas are no number from 0' in errors
