import json
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from convnext_dense.app.actions import (
    Actions,
    write_json,
    write_labels,
    write_picture,
)
from convnext_dense.app.view import View
from convnext_dense.errors import UserError

VIEW = View(0.05, 0.5, ('circle', 'square'))


@pytest.fixture
def actions(finder):
    return Actions(finder, most_pixels=100_000)


def huge_png(width, height):
    """Give a PNG that claims a size, without the pixels."""
    header = struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0)
    return b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', header) + chunk(b'IDAT', b'')


def chunk(kind, content):
    check = struct.pack('>I', zlib.crc32(kind + content))
    return struct.pack('>I', len(content)) + kind + content + check


def test_the_network_runs_once_however_often_it_is_drawn(actions, finder, photo):
    looked = actions.look(str(photo))
    for threshold in (0.1, 0.5, 0.9):
        for opacity in (0.2, 0.8):
            actions.show(looked, View(threshold, opacity, ('circle',)))
    assert finder.calls == 1


def test_what_is_shown_is_said(actions, photo):
    shown = actions.show(actions.look(str(photo)), View(0.5, 0.5, VIEW.shown))
    assert '2 objects · 80 x 60 pixels · predicted in ' in shown.status


def test_a_segmentors_classes_are_counted(colourer, photo):
    actions = Actions(colourer, 100_000)
    assert '3 classes' in actions.show(actions.look(str(photo)), VIEW).status


def test_two_looks_at_one_image_do_not_share_shapes(actions, photo):
    first, second = (actions.look(str(photo)) for _ in range(2))
    assert first.key != second.key


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (b'', 'bad.png is empty'),
        (b'hello', 'bad.png is no image'),
        (b'\x89PNG\r\n\x1a\n' + bytes(200), 'bad.png is no'),
        (huge_png(30_000, 30_000), 'bad.png has more than'),
        (huge_png(400, 300), '400 x 300 pixels, 120,000 in all; more than 100,000'),
    ],
    ids=['empty', 'text', 'damaged', 'bomb', 'large'],
)
def test_a_bad_file_is_named_without_its_folder(actions, tmp_path, content, message):
    path = tmp_path / 'bad.png'
    path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        actions.look(str(path))
    assert message in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


def test_half_a_file_is_refused(actions, photo):
    photo.write_bytes(photo.read_bytes()[:2000])
    with pytest.raises(UserError, match=r'photo\.png is no whole image'):
        actions.look(str(photo))


def test_a_photo_of_a_turned_camera_is_shown_upright(actions, image, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / 'turned.png'
    Image.fromarray(image).save(path, exif=exif)
    assert (actions.look(str(path)).finding.image == np.rot90(image, -1)).all()


@pytest.mark.parametrize('mode', ['L', 'CMYK', 'RGBA', 'I;16'])
def test_images_of_every_kind_are_looked_at(actions, image, tmp_path, mode):
    path = tmp_path / 'image.tif'
    if mode == 'I;16':
        Image.fromarray(image[..., 0].astype(np.uint16) * 256).save(path)
    else:
        Image.fromarray(image).convert(mode).save(path)
    assert actions.look(str(path)).finding.image.shape == (60, 80, 3)


def test_the_picture_is_written_as_it_is_shown(actions, photo, tmp_path):
    looked = actions.look(str(photo))
    path = write_picture(looked, VIEW, tmp_path)
    assert path.name == 'photo_picture.png'
    assert (np.array(Image.open(path)) == looked.finding.draw_whole(VIEW)).all()


def test_the_data_is_written_as_it_is_shown(actions, photo, tmp_path):
    path = write_json(actions.look(str(photo)), View(0.5, 0.5, ('square',)), tmp_path)
    content = json.loads(path.read_text())
    assert content['images'][0]['file_name'] == 'photo.png'
    assert [found['category_id'] for found in content['annotations']] == [2]


def test_labels_are_written_as_they_are(colourer, photo, tmp_path):
    looked = Actions(colourer, 100_000).look(str(photo))
    path = write_labels(looked, VIEW, tmp_path)
    assert (np.array(Image.open(path)) == looked.finding.found.labels).all()


def test_files_of_two_images_of_one_name_are_two(actions, photo, tmp_path):
    looked = [actions.look(str(photo)) for _ in range(2)]
    assert len({write_json(one, VIEW, tmp_path) for one in looked}) == 2
