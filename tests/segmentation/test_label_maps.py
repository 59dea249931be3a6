"""Images and label maps are paired, and labels are checked."""

import numpy as np
import pytest
from PIL import Image

pytest.importorskip('mmseg', reason='mmseg is not installed')

from convnext_dense.errors import UserError
from convnext_dense.segmentation.label_maps import LabelMapDataset, LoadLabelMap


def save(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)


@pytest.fixture
def root(tmp_path):
    """Two images of different formats, one in a subfolder, with label maps."""
    for stem, suffix in (('a', 'png'), ('sub/b', 'jpg')):
        save(tmp_path / f'images/{stem}.{suffix}', np.zeros((8, 8, 3), np.uint8))
        save(tmp_path / f'labels/{stem}.png', np.ones((8, 8), np.uint8))
    return tmp_path


def read(root, **kwargs):
    return LabelMapDataset(
        data_root=str(root),
        data_prefix=dict(img_path='images', seg_map_path='labels'),
        metainfo=dict(classes=('sky', 'tree')),
        **kwargs,
    )


def test_images_of_any_format_find_the_label_map_of_their_name(root):
    pairs = [(d['img_path'], d['seg_map_path']) for d in (read(root)[0], read(root)[1])]
    assert pairs == [
        (f'{root}/images/a.png', f'{root}/labels/a.png'),
        (f'{root}/images/sub/b.jpg', f'{root}/labels/sub/b.png'),
    ]


def test_a_list_of_stems_chooses_the_images(root):
    (root / 'val.txt').write_text('sub/b\n\n')
    assert len(read(root, ann_file='val.txt')) == 1


def test_a_listed_stem_without_an_image_is_named(root):
    (root / 'val.txt').write_text('a\nc\n')
    with pytest.raises(UserError, match="lists 'c'"):
        read(root, ann_file='val.txt')


def test_an_empty_list_is_named(root):
    (root / 'val.txt').write_text('\n')
    with pytest.raises(UserError, match=r'val\.txt lists no images'):
        read(root, ann_file='val.txt')


def test_an_image_without_a_label_map_is_named(root):
    (root / 'labels/a.png').unlink()
    with pytest.raises(UserError, match=r'no label map .*a\.png'):
        read(root)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(UserError, match=r'folder not found: .*images'):
        read(tmp_path)


def test_an_empty_folder_is_named(root):
    for file in (root / 'images').rglob('*.*'):
        file.unlink()
    with pytest.raises(UserError, match='images holds no'):
        read(root)


def load(path):
    results = dict(
        seg_map_path=str(path), reduce_zero_label=False, label_map=None, seg_fields=[]
    )
    return LoadLabelMap(num_classes=2)(results)['gt_seg_map']


def test_labels_of_the_classes_and_255_are_read(tmp_path):
    labels = np.array([[0, 1], [255, 1]], np.uint8)
    save(tmp_path / 'a.png', labels)
    assert (load(tmp_path / 'a.png') == labels).all()


def test_a_label_outside_the_classes_is_named_with_its_file(tmp_path):
    save(tmp_path / 'a.png', np.full((4, 4), 7, np.uint8))
    with pytest.raises(UserError, match=r'a\.png has labels \[7\]'):
        load(tmp_path / 'a.png')


def test_a_label_map_in_colours_is_refused(tmp_path):
    save(tmp_path / 'a.png', np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(UserError, match='3 channels'):
        load(tmp_path / 'a.png')


@pytest.mark.parametrize('content', [b'', b'not an image', b'\x89PNG\r\n\x1a\n'])
def test_a_damaged_label_map_is_named(tmp_path, content):
    (tmp_path / 'a.png').write_bytes(content)
    with pytest.raises(UserError, match=r'a\.png cannot be read'):
        load(tmp_path / 'a.png')
