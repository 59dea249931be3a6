"""Videos are read frame by frame, and written."""

from fractions import Fraction

import numpy as np
import pytest

from convnext_dense.errors import UserError
from convnext_dense.inference import video
from convnext_dense.inference.sources import find_sources, read_items
from convnext_dense.inference.video import Frames, VideoWriter


def test_missing_pyav_is_named_with_the_extra(monkeypatch):
    monkeypatch.setitem(__import__('sys').modules, 'av', None)
    with pytest.raises(UserError, match=r'convnext-dense\[video\]'):
        Frames('a.mp4')


@pytest.fixture
def clip(tmp_path):
    """A video of five grey frames, each lighter than the last."""
    pytest.importorskip('av', reason='PyAV is not installed')
    writer = VideoWriter(tmp_path / 'clip.mp4', Fraction(10))
    for number in range(5):
        writer.write(np.full((48, 64, 3), 40 * number, np.uint8))
    writer.close()
    return tmp_path / 'clip.mp4'


def test_frames_come_back_in_order(clip):
    greys = [frame.mean() for frame in Frames(str(clip))]
    assert greys == pytest.approx([0, 40, 80, 120, 160], abs=4)


def test_frames_are_rgb_bytes(clip):
    frames = Frames(str(clip))
    assert frames.rate == 10
    assert next(iter(frames)).shape == (48, 64, 3)


def test_an_open_file_that_cannot_seek_is_read(clip):
    class Pipe:
        def __init__(self, file):
            self.read = file.read

    with clip.open('rb') as file:
        # What streams through a pipe has its index first, unlike an MP4.
        assert len([*Frames(file)]) == 5


def test_frames_are_numbered_from_one(clip):
    items = [*read_items(find_sources([str(clip)])[0])]
    assert [item.file_name for item in items][-1] == f'{clip}#5'


def test_odd_sides_are_cut_to_even_ones(tmp_path):
    pytest.importorskip('av', reason='PyAV is not installed')
    writer = VideoWriter(tmp_path / 'odd.mp4', Fraction(5))
    writer.write(np.zeros((49, 65, 3), np.uint8))
    writer.close()
    assert next(iter(Frames(str(tmp_path / 'odd.mp4')))).shape == (48, 64, 3)


@pytest.mark.parametrize('content', [b'', b'not a video', None])
def test_a_file_that_is_no_video_is_named(tmp_path, content, clip):
    path = tmp_path / 'bad.mp4'
    path.write_bytes(clip.read_bytes()[:300] if content is None else content)
    with pytest.raises(UserError, match=r'bad\.mp4 is no video'):
        Frames(str(path))


def test_frames_that_are_too_large_are_refused(clip):
    with pytest.raises(UserError, match='64 x 48'):
        Frames(str(clip), most_pixels=1000)


def test_an_encoder_is_among_those_that_pyav_has():
    av = pytest.importorskip('av', reason='PyAV is not installed')
    assert {*video.ENCODERS} & {*av.codecs_available}
