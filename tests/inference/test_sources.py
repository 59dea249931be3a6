"""What a user names is found, and what is not there is said."""

import io
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from convnext_dense.errors import UserError
from convnext_dense.inference.sources import find_sources, read_items


@pytest.fixture
def folder(tmp_path):
    for name in ('b.png', 'a.jpg', 'a.png', 'deep/c.TIF', 'clip.mp4', 'notes.txt'):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        if name.endswith(('.mp4', '.txt')):
            path.touch()
        else:
            Image.new('RGB', (4, 3)).save(path)
    return tmp_path


def names(*inputs):
    return [source.name for source in find_sources([*map(str, inputs)])]


def test_a_folder_gives_its_images_and_videos_in_order(folder):
    assert names(folder) == ['a', 'a_2', 'b', 'clip', 'deep/c']


def test_only_videos_are_videos(folder):
    videos = [source.name for source in find_sources([str(folder)]) if source.video]
    assert videos == ['clip']


def test_a_pattern_gives_the_files_that_fit(folder):
    assert names(folder / '*.png') == ['a', 'b']


def test_outputs_of_files_with_one_stem_have_names_of_their_own(folder):
    assert names(folder / 'a.jpg', folder / 'a.png', folder / 'a.jpg') == [
        'a', 'a_2', 'a_3',
    ]  # fmt: skip


def test_a_stream_has_a_url():
    (source,) = find_sources(['rtsp://camera/door'])
    assert (source.name, source.place, source.video) == (
        'door', 'rtsp://camera/door', True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ('text', 'told'),
    [('empty', 'empty holds no images'), ('no*', 'no file fits'), ('no', 'not found')],
)
def test_what_is_not_there_is_named(tmp_path, text, told):
    (tmp_path / 'empty').mkdir()
    with pytest.raises(UserError, match=told):
        find_sources([str(tmp_path / text)])


def standard_input(monkeypatch, content):
    stream = io.BufferedReader(io.BytesIO(content))
    monkeypatch.setattr('sys.stdin', SimpleNamespace(buffer=stream))


@pytest.mark.parametrize('kind', ['PNG', 'JPEG', 'WEBP', 'TIFF', 'BMP'])
def test_an_image_on_standard_input_is_recognised(monkeypatch, kind):
    buffer = io.BytesIO()
    Image.new('RGB', (4, 3), (9, 9, 9)).save(buffer, kind)
    standard_input(monkeypatch, buffer.getvalue())
    (source,) = find_sources(['-'])
    (item,) = read_items(source)
    assert item.image.shape == (3, 4, 3)


def test_other_bytes_on_standard_input_are_a_video(monkeypatch):
    standard_input(monkeypatch, b'\0\0\0\x20ftypisom' + b'\0' * 50)
    (source,) = find_sources(['-'])
    assert source.video


def test_an_empty_standard_input_is_said(monkeypatch):
    standard_input(monkeypatch, b'')
    with pytest.raises(UserError, match='standard input is empty'):
        find_sources(['-'])


def test_an_image_is_one_item(folder):
    (source,) = find_sources([str(folder / 'b.png')])
    (item,) = read_items(source)
    assert item.file_name == str(folder / 'b.png')
    assert np.array_equal(item.image, np.zeros((3, 4, 3)))
