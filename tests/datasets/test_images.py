"""Images are judged without being trusted."""

import struct
import zlib

import pytest
from PIL import Image

from convnext_dense.datasets.images import check_inside, fault_of_image
from convnext_dense.errors import UserError


def test_a_whole_image_has_no_fault(tmp_path):
    Image.new('RGB', (9, 9)).save(tmp_path / 'a.jpg')
    assert fault_of_image(tmp_path / 'a.jpg') is None


def test_half_a_photograph_is_noticed(tmp_path):
    Image.effect_noise((90, 90), 50).save(tmp_path / 'a.jpg')
    content = (tmp_path / 'a.jpg').read_bytes()
    (tmp_path / 'a.jpg').write_bytes(content[: len(content) // 2])
    assert 'no whole image' in fault_of_image(tmp_path / 'a.jpg')


def bomb(width, height):
    """Give a PNG of some bytes that claims to have any number of pixels."""

    def chunk(name, data):
        check = zlib.crc32(name + data)
        return struct.pack('>I', len(data)) + name + data + struct.pack('>I', check)

    header = struct.pack('>IIBBBBB', width, height, 8, 0, 0, 0, 0)
    return b'\x89PNG\r\n\x1a\n' + b''.join(
        chunk(name, data)
        for name, data in ((b'IHDR', header), (b'IDAT', b''), (b'IEND', b''))
    )


def test_a_small_file_that_claims_many_pixels_is_not_decoded(tmp_path):
    (tmp_path / 'a.png').write_bytes(bomb(60_000, 60_000))
    assert 'at most are read' in fault_of_image(tmp_path / 'a.png')


@pytest.mark.parametrize('name', ['../a.jpg', '/etc/passwd', 'b/../../a.jpg', '..'])
def test_a_name_that_leads_out_of_the_folder_is_refused(tmp_path, name):
    with pytest.raises(UserError, match='lies outside'):
        check_inside(tmp_path / 'images' / name, tmp_path / 'images', 'a.json')


@pytest.mark.parametrize('name', ['a.jpg', 'b/a.jpg', 'b/../a.jpg', './a.jpg'])
def test_a_name_within_the_folder_is_fine(tmp_path, name):
    check_inside(tmp_path / 'images' / name, tmp_path / 'images', 'a.json')
