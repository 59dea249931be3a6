"""COCO annotation files are checked when they are read."""

import json

import pytest

pytest.importorskip('mmdet', reason='mmdet is not installed')

from convnext_dense.detection.coco import CocoDataset
from convnext_dense.errors import UserError


@pytest.fixture
def content():
    return dict(
        images=[dict(id=1, file_name='a.png', width=64, height=64)],
        categories=[dict(id=3, name='cat'), dict(id=5, name='dog')],
        annotations=[
            dict(id=1, image_id=1, category_id=5, bbox=[1, 2, 30, 40], area=1200,
                 iscrowd=0)
        ],
    )  # fmt: skip


@pytest.fixture
def read(tmp_path):
    def read(content, classes=('cat', 'dog')):
        path = tmp_path / 'ann.json'
        text = content if isinstance(content, str) else json.dumps(content)
        path.write_text(text)
        return CocoDataset(
            ann_file=str(path),
            data_prefix=dict(img='images'),
            metainfo=dict(classes=classes),
        )

    return read


def test_labels_are_indices_into_the_classes(read, content):
    (instance,) = read(content)[0]['instances']
    assert instance['bbox_label'] == 1


def test_a_subset_of_the_files_categories_may_be_trained(read, content):
    assert read(content, classes=('dog',)).metainfo['classes'] == ('dog',)


def test_a_class_that_the_file_lacks_is_named(read, content):
    with pytest.raises(UserError, match="no category 'horse'"):
        read(content, classes=('cat', 'dog', 'horse'))


def test_classes_in_another_order_are_refused(read, content):
    with pytest.raises(UserError, match='order'):
        read(content, classes=('dog', 'cat'))


def test_an_annotation_of_an_unknown_category_is_named(read, content):
    content['annotations'][0]['category_id'] = 9
    with pytest.raises(UserError, match=r'category_id \[9\]'):
        read(content)


def test_a_file_without_images_is_refused(read, content):
    content['images'], content['annotations'] = [], []
    with pytest.raises(UserError, match='holds no images'):
        read(content)


@pytest.mark.parametrize('text', ['', '{"images": [', 'not json'])
def test_a_damaged_file_is_named(read, text):
    with pytest.raises(UserError, match=r'ann\.json .* no whole JSON'):
        read(text)


@pytest.mark.parametrize('missing', ['images', 'categories'])
def test_a_file_of_another_format_is_named(read, content, missing):
    del content[missing]
    with pytest.raises(UserError, match=r'ann\.json'):
        read(content)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match=r'not found: .*absent\.json'):
        CocoDataset(
            ann_file=str(tmp_path / 'absent.json'), metainfo=dict(classes=('a',))
        )


def test_reading_prints_nothing(read, content, capsys):
    read(content)
    assert capsys.readouterr().out == ''


def test_a_file_without_objects_has_nothing_to_learn(read, content):
    content['annotations'] = []
    with pytest.raises(UserError, match='has no objects in its 1 images'):
        read(content)
