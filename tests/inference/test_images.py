"""Every image is read upright, as RGB bytes; what is none is named."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from convnext_dense.errors import UserError
from convnext_dense.inference import read_image

RED = np.zeros((6, 4, 3), np.uint8) + np.array([200, 30, 60], np.uint8)


def saved(path, image, **options):
    image.save(path, **options)
    return path


@pytest.mark.parametrize('suffix', ['.png', '.bmp', '.tif', '.webp', '.jpg'])
def test_every_format_gives_rgb_bytes(tmp_path, suffix):
    found = read_image(saved(tmp_path / f'a{suffix}', Image.fromarray(RED)))
    assert (found.shape, found.dtype) == ((6, 4, 3), np.uint8)
    assert abs(found.astype(int) - RED).max() < 40


def test_grey_becomes_three_equal_channels(tmp_path):
    grey = np.arange(24, dtype=np.uint8).reshape(6, 4)
    found = read_image(saved(tmp_path / 'a.png', Image.fromarray(grey)))
    assert (found == grey[..., None]).all()


@pytest.mark.parametrize('suffix', ['.png', '.tif'])
def test_the_upper_bits_of_16_are_kept(tmp_path, suffix):
    deep = (np.arange(24, dtype=np.uint16) * 2500).reshape(6, 4)
    found = read_image(saved(tmp_path / f'a{suffix}', Image.fromarray(deep)))
    assert (found == (deep >> 8)[..., None]).all()


def test_cmyk_is_converted(tmp_path):
    image = Image.fromarray(RED).convert('CMYK')
    found = read_image(saved(tmp_path / 'a.tif', image))
    assert abs(found.astype(int) - RED).max() <= 2


@pytest.mark.parametrize('mode', ['RGBA', 'LA', 'P', '1'])
def test_alpha_palettes_and_bits_become_rgb(tmp_path, mode):
    image = Image.fromarray(RED).convert(mode)
    found = read_image(saved(tmp_path / 'a.png', image))
    assert (found == np.asarray(image.convert('RGB'))).all()


# What each EXIF orientation says has to be done to the stored pixels.
UPRIGHT = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
    8: lambda a: np.rot90(a),
}


@pytest.mark.parametrize('orientation', UPRIGHT)
def test_an_image_is_turned_upright_as_its_exif_says(tmp_path, orientation):
    stored = np.random.default_rng(0).integers(0, 256, (6, 4, 3), dtype=np.uint8)
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = saved(tmp_path / 'a.png', Image.fromarray(stored), exif=exif)
    assert (read_image(path) == UPRIGHT[orientation](stored)).all()


@pytest.mark.parametrize(
    'array',
    [RED, RED[..., :1], RED[..., 0], np.dstack([RED, RED[..., :1]]), RED[..., 0] > 9,
     RED[..., 0].astype(np.uint16) << 8],
    ids=['rgb', 'one channel', 'grey', 'rgba', 'bits', '16 bits'],
)  # fmt: skip
def test_arrays_are_images(array):
    assert read_image(array).shape == (6, 4, 3)


def test_open_files_and_pil_images_are_images():
    buffer = io.BytesIO()
    Image.fromarray(RED).save(buffer, 'PNG')
    buffer.seek(0)
    assert (read_image(buffer) == read_image(Image.fromarray(RED))).all()


@pytest.mark.parametrize(
    ('array', 'told'),
    [
        (RED / 255.0, 'float64'),
        (np.zeros((2, 3, 4, 3), np.uint8), 'shape'),
        (np.zeros((4, 5, 2), np.uint8), 'shape'),
        (np.zeros((0, 5, 3), np.uint8), 'no pixels'),
        (np.zeros(7, np.uint8), 'shape'),
    ],
)
def test_arrays_that_are_no_images_are_refused(array, told):
    with pytest.raises(UserError, match=told):
        read_image(array)


@pytest.mark.parametrize('source', [7, None, {'a': 1}])
def test_other_things_are_refused(source):
    with pytest.raises(UserError, match='is no image'):
        read_image(source)


@pytest.mark.parametrize(
    ('content', 'told'), [(b'', 'empty'), (b'hello', 'no image'), (None, 'not found')]
)
def test_a_file_that_is_no_image_is_named(tmp_path, content, told):
    path = tmp_path / 'a.jpg'
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=f'{told}') as error:
        read_image(path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize('suffix', ['.jpg', '.png', '.tif', '.webp', '.bmp'])
@pytest.mark.parametrize('share', [0.1, 0.5, 0.9])
def test_a_file_that_ends_early_is_named(tmp_path, suffix, share):
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    path = saved(tmp_path / f'a{suffix}', Image.fromarray(pixels))
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(UserError, match=f'a{suffix} is no'):
        read_image(path)


def test_a_folder_is_no_image(tmp_path):
    with pytest.raises(UserError, match='is a folder'):
        read_image(tmp_path)


def enormous_png(side):
    """Give the bytes of a PNG whose header says how large it is, and little more."""

    def chunk(kind, data):
        check = zlib.crc32(kind + data)
        return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', check)

    header = struct.pack('>IIBBBBB', side, side, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b'\0' * 100)
    return b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', header) + chunk(b'IDAT', pixels)


@pytest.mark.parametrize('side', [30_000, 10_000])
@pytest.mark.filterwarnings('ignore::PIL.Image.DecompressionBombWarning')
def test_an_enormous_image_is_refused_before_it_is_decoded(tmp_path, side):
    path = tmp_path / 'a.png'
    path.write_bytes(enormous_png(side))
    with pytest.raises(UserError, match='shrink it first'):
        read_image(path)


def test_the_bound_on_pixels_can_be_set():
    with pytest.raises(UserError, match='4 x 6 pixels, 24 in all'):
        read_image(RED, most_pixels=23)


def test_depth_beyond_16_bits_is_refused(tmp_path):
    path = saved(tmp_path / 'a.tif', Image.fromarray(np.ones((4, 4), np.float32) / 2))
    with pytest.raises(UserError, match='beyond 16 bits'):
        read_image(path)
