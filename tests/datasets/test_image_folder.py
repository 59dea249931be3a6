"""Folders of images without labels."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from convnext_dense.datasets.image_transforms import RandomResizedCrop
from convnext_dense.errors import UserError
from convnext_dense.registry import DATASETS

PIPELINE = [
    dict(type='convnext_dense.LoadImage'),
    dict(type='convnext_dense.RandomResizedCrop', size=32, interpolation=3),
    dict(type='convnext_dense.RandomHorizontalFlip'),
    dict(type='convnext_dense.PackImage'),
]


def save(path, size=(40, 50), mode='RGB', **kwargs):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(0).integers(0, 255, (size[1], size[0], 3), np.uint8)
    Image.fromarray(pixels).convert(mode).save(path, **kwargs)


@pytest.fixture
def folder(tmp_path):
    """A folder of four images, two of them in folders of their own."""
    for name in ('a.png', 'b.JPG', 'deep/c.png', 'deep/er/d.webp'):
        save(tmp_path / 'images' / name)
    (tmp_path / 'images/notes.txt').write_text('no image')
    return tmp_path / 'images'


@pytest.fixture
def read(folder):
    def read(pipeline=PIPELINE, **kwargs):
        settings = dict(data_root=str(folder), pipeline=pipeline) | kwargs
        return DATASETS.build(dict(type='convnext_dense.ImageFolder', **settings))

    return read


def names(dataset):
    return [
        dataset.get_data_info(i)['img_path'].rsplit('/', 1)[-1]
        for i in range(len(dataset))
    ]


def test_nested_folders_are_searched_and_other_files_are_not(read):
    assert names(read()) == ['a.png', 'b.JPG', 'c.png', 'd.webp']


def test_a_sample_is_a_crop_and_its_path(read):
    sample = read()[2]
    assert sample['inputs'].shape == (3, 32, 32)
    assert sample['inputs'].dtype == torch.uint8
    assert sample['data_samples'].img_path.endswith('deep/c.png')
    assert sample['data_samples'].replaced == ()


def test_crops_follow_torchs_random_numbers(read):
    dataset = read()
    torch.manual_seed(5)
    first, second = dataset[0]['inputs'], dataset[0]['inputs']
    torch.manual_seed(5)
    assert torch.equal(dataset[0]['inputs'], first)
    assert not torch.equal(first, second)


def test_one_folder_of_a_layout_can_be_named(read):
    assert names(read(data_prefix=dict(img_path='deep'))) == ['c.png', 'd.webp']


def test_the_images_of_the_sample_data_are_found(shapes, read):
    dataset = read(data_root=str(shapes), data_prefix=dict(img_path='images/train'))
    assert len(dataset) == 4


@pytest.mark.parametrize('listed', ['b.JPG\ndeep/c.png\n', 'b\n\ndeep/c'])
def test_a_list_of_names_or_stems_chooses_images(read, folder, listed):
    (folder / 'list.txt').write_text(listed)
    assert names(read(ann_file='list.txt')) == ['b.JPG', 'c.png']


def test_an_annotation_file_chooses_images(read, folder):
    content = dict(images=[dict(file_name='deep/er/d.webp')])
    (folder / 'instances.json').write_text(json.dumps(content))
    assert names(read(ann_file='instances.json')) == ['d.webp']


@pytest.mark.parametrize(
    ('file', 'text', 'match'),
    [
        ('list.txt', 'a\nzebra', "'zebra'"),
        ('list.txt', '', 'no images'),
        ('list.json', '{"images": [', 'neither a COCO'),
        ('list.json', '{"a": 1}', 'neither a COCO'),
        ('list.json', '[1]', 'neither a COCO'),
    ],
)
def test_a_list_that_does_not_fit_is_refused(read, folder, file, text, match):
    (folder / file).write_text(text)
    with pytest.raises(UserError, match=match):
        read(ann_file=file)


def test_a_list_that_is_not_there_is_named(read):
    with pytest.raises(UserError, match=r'gone\.txt: No such file'):
        read(ann_file='gone.txt')


def test_an_empty_folder_is_refused(read, tmp_path):
    (tmp_path / 'empty').mkdir()
    with pytest.raises(UserError, match='empty holds no images'):
        read(data_root=str(tmp_path / 'empty'))


def test_a_folder_that_is_not_there_is_refused(read, tmp_path):
    with pytest.raises(UserError, match='set data_root'):
        read(data_root=str(tmp_path / 'gone'))


def damage(path, how):
    if how == 'text':
        path.write_text('no image')
    elif how == 'empty':
        path.write_bytes(b'')
    elif how == 'cut':
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    else:
        save(path, size=(31, 50))


@pytest.mark.parametrize('how', ['text', 'empty', 'cut', 'small'])
def test_an_unusable_image_gives_way_to_the_next_and_is_named(read, folder, how):
    damage(folder / 'a.png', how)
    sample = read()[0]
    assert sample['data_samples'].img_path.endswith('b.JPG')
    ((path, _),) = sample['data_samples'].replaced
    assert path.endswith('images/a.png')


def test_a_small_image_is_told_its_size(read, folder):
    damage(folder / 'a.png', 'small')
    ((_, reason),) = read()[0]['data_samples'].replaced
    assert 'is 31 x 50 pixels, smaller than a patch of 32' in reason


def test_the_last_image_gives_way_to_the_first(read, folder):
    damage(folder / 'deep/er/d.webp', 'text')
    assert read()[3]['data_samples'].img_path.endswith('a.png')


def test_a_folder_without_one_usable_image_is_refused(read, folder):
    for path in folder.rglob('*.*'):
        damage(path, 'text')
    with pytest.raises(UserError, match='none of 4 images can be used'):
        read()[0]


@pytest.mark.parametrize('mode', ['L', 'P', 'RGBA', '1', 'CMYK'])
def test_pictures_of_any_mode_become_rgb(read, folder, mode):
    suffix = 'jpg' if mode == 'CMYK' else 'png'
    save(folder / f'one/x.{suffix}', mode=mode)
    dataset = read(data_prefix=dict(img_path='one'))
    assert dataset[0]['inputs'].shape == (3, 32, 32)


def test_pictures_are_turned_upright(read, folder):
    exif = Image.Exif()
    exif[0x0112] = 6
    save(folder / 'one/x.png', size=(40, 60), exif=exif)
    pipeline = [PIPELINE[0], PIPELINE[-1]]
    dataset = read(pipeline, data_prefix=dict(img_path='one'))
    assert dataset[0]['inputs'].shape == (3, 40, 60)


@pytest.mark.parametrize('size', [0, -3, 1.5, [32, 0]])
def test_the_side_of_a_crop_is_a_number_of_pixels(size):
    with pytest.raises(UserError, match='image_size must be pixels'):
        RandomResizedCrop(size)
