"""Settings take effect wherever they are set, and mistakes in them are named."""

import json

import pytest
from mmengine.config import Config

from convnext_dense.engine.settings import apply_settings, read_classes
from convnext_dense.errors import UserError


def resolved(**settings):
    cfg = Config(settings)
    apply_settings(cfg)
    return cfg


def test_a_reference_inside_a_string_is_replaced():
    assert resolved(root='data', file='${root}/a.json').file == 'data/a.json'


def test_a_reference_that_stands_alone_keeps_its_type():
    assert resolved(size=64, crop=['${size}', '${size}']).crop == [64, 64]


def test_references_reach_into_lists_of_dicts_and_tuples():
    cfg = resolved(size=64, pipeline=[dict(scale=('${size}', '${size}'))])
    assert cfg.pipeline[0].scale == (64, 64)


def test_a_reference_to_a_reference_is_followed():
    assert resolved(a='${b}', b='${c}', c=3).a == 3


def test_a_reference_to_nothing_is_named():
    with pytest.raises(UserError, match="'sizes'"):
        resolved(size=64, crop='${sizes}')


def test_references_that_go_round_in_a_circle_are_named():
    with pytest.raises(UserError, match='circle'):
        resolved(a='${b}', b='${a}')


def test_listed_classes_are_counted():
    assert resolved(classes=['cat', 'dog'], n='${num_classes}').n == 2


def test_classes_come_from_a_coco_file_in_its_order(tmp_path):
    file = tmp_path / 'coco.json'
    categories = [dict(id=7, name='dog'), dict(id=2, name='cat')]
    file.write_text(json.dumps(dict(categories=categories)))
    assert resolved(root=str(tmp_path), classes='${root}/coco.json').classes == (
        'dog', 'cat',
    )  # fmt: skip


def test_classes_come_from_a_list_of_names(tmp_path):
    file = tmp_path / 'classes.txt'
    file.write_text('sky\n\n  tree \n')
    assert read_classes(file) == ('sky', 'tree')


def test_annotations_are_not_read_for_the_classes(tmp_path):
    file = tmp_path / 'a.json'
    file.write_text('{"annotations": [{], "categories" : [{"id": 1, "name": "dog"}]}')
    assert read_classes(file) == ('dog',)


def test_categories_within_something_else_are_not_the_classes(tmp_path):
    file = tmp_path / 'a.json'
    inner = dict(info=dict(categories=['any']), categories=[dict(id=1, name='dog')])
    file.write_text(json.dumps(inner))
    assert read_classes(file) == ('dog',)


@pytest.mark.parametrize(
    ('name', 'text', 'message'),
    [
        ('a.txt', '', 'names no classes'),
        ('a.txt', 'cat\ndog\ncat\n', 'twice: cat'),
        ('a.json', '{"categories": [', 'no whole JSON'),
        ('a.json', '', 'no whole JSON'),
        ('a.json', '{"images": []}', 'no `categories`'),
        ('a.json', '[1, 2]', 'no `categories`'),
        ('a.json', '{"categories": []}', 'names no classes'),
    ],
)
def test_a_faulty_file_of_classes_is_named(tmp_path, name, text, message):
    file = tmp_path / name
    file.write_text(text)
    with pytest.raises(UserError, match=message) as error:
        read_classes(file)
    assert str(file) in str(error.value)


def test_a_missing_file_of_classes_is_named(tmp_path):
    with pytest.raises(UserError, match=r'absent\.txt not found'):
        read_classes(tmp_path / 'absent.txt')


def test_a_data_root_that_was_bound_early_moves_with_its_setting():
    cfg = resolved(
        data_root='/mnt/coco',
        val_dataloader=dict(dataset=dict(data_root='data/coco/', ann_file='a.json')),
        val_evaluator=dict(ann_file='data/coco/a.json'),
    )
    assert cfg.val_dataloader.dataset.data_root == '/mnt/coco'
    assert cfg.val_evaluator.ann_file == '/mnt/coco/a.json'


def test_an_unchanged_data_root_moves_nothing():
    evaluator = dict(ann_file='data/coco/a.json')
    cfg = resolved(
        data_root='data/coco/',
        val_dataloader=dict(dataset=dict(data_root='data/coco/')),
        val_evaluator=evaluator,
    )
    assert cfg.val_evaluator == evaluator


def test_no_classes_at_all_are_refused():
    with pytest.raises(UserError, match='classes is empty'):
        resolved(classes=[])


def test_a_number_of_classes_that_is_another_is_refused():
    with pytest.raises(UserError, match='num_classes=7, and classes has 2'):
        resolved(classes=['a', 'b'], num_classes=7)
