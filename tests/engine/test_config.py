"""Config files as the tools read them."""

import copy

import pytest
from yapf.yapflib import yapf_api

from convnext_dense.engine import trust
from convnext_dense.engine.config import load_config, parse_options
from convnext_dense.errors import UserError

LEAF = 'configs/convnext/mask-rcnn_convnext-tiny_3x_coco.py'


@pytest.fixture
def config(tmp_path):
    path = tmp_path / 'experiment.py'
    path.write_text(
        "name = 'a'\nnested = dict(x=1, items=[1, 2])\nfile = '${name}.txt'"
    )
    return path


def test_options_override_before_references_are_resolved(config):
    assert load_config(config, ['name=b']).file == 'b.txt'


def test_an_option_reaches_a_nested_value(config):
    assert load_config(config, ['nested.x=5']).nested.x == 5


@pytest.mark.parametrize(
    ('text', 'value'),
    [('1', 1), ('0.5', 0.5), ('True', True), ('None', None), ('[1,2]', [1, 2]),
     ('(64,64)', (64, 64)), ('[cat,dog]', ['cat', 'dog']), ('a/b.json', 'a/b.json')],
)  # fmt: skip
def test_option_values_are_read_as_python_writes_them(text, value):
    assert parse_options([f'key={text}']) == {'key': value}


@pytest.mark.parametrize('option', ['key', '=1', 'data_root'])
def test_an_option_without_a_key_and_a_value_is_refused(option):
    with pytest.raises(UserError, match='key=value'):
        parse_options([option])


@pytest.mark.parametrize('option', ['a=[1,', 'a=(1, [2)'])
def test_a_bracket_that_is_not_closed_is_refused(option):
    with pytest.raises(UserError, match='quote a value that has spaces'):
        parse_options([option])


def test_a_missing_config_is_named_with_its_nearest_neighbour(tmp_path):
    (tmp_path / 'mask_tiny.py').touch()
    with pytest.raises(UserError, match=r'did you mean .*mask_tiny\.py'):
        load_config(tmp_path / 'mask_tinny.py')


@pytest.mark.parametrize(
    'text', ['model = dict(', "_base_ = './absent.py'", 'x = undefined', 'x = {}["a"]']
)
def test_a_faulty_config_is_named(tmp_path, text):
    path = tmp_path / 'faulty.py'
    path.write_text(text)
    with pytest.raises(UserError, match=r'faulty\.py'):
        load_config(path)


def test_a_text_is_laid_out_once(config, monkeypatch):
    cfg = load_config(config)
    first = cfg.pretty_text
    monkeypatch.setattr(yapf_api, 'FormatCode', None)
    assert copy.deepcopy(cfg).pretty_text == first


def test_a_text_follows_changes(config):
    cfg = load_config(config)
    before = cfg.pretty_text
    cfg.nested.x = 12345
    assert 'x=12345' in cfg.pretty_text
    assert before != cfg.pretty_text


def test_bases_of_a_host_are_found_without_reading_its_index(root, monkeypatch):
    pytest.importorskip('mmdet', reason='mmdet is not installed')

    def read(*_, **__):
        raise AssertionError('a file of the index was read')

    monkeypatch.setattr(trust._PlainYaml, 'load_from_fileobj', read)
    leaf = root / 'configs/convnext/mask-rcnn_convnext-tiny_3x_coco.py'
    assert load_config(leaf).model.type == 'MaskRCNN'


def test_a_config_of_the_package_is_found_by_its_scope():
    pytest.importorskip('mmdet', reason='mmdet is not installed')
    name = 'convnext_dense::convnext/mask-rcnn_convnext-tiny_3x_coco.py'
    assert load_config(name).model.backbone.type == 'convnext_dense.ConvNeXt'


@pytest.mark.parametrize('option', ["a.b={'x':1}", "a.b=dict(type='X')"])
def test_a_dict_is_asked_for_key_by_key(option):
    with pytest.raises(UserError, match=r'key by key, as in a\.b\.type='):
        parse_options([option])


def test_a_hook_of_a_host_is_left_out_by_none(root):
    cfg = load_config(root / LEAF, ['default_hooks.visualization=None'])
    assert 'visualization' not in cfg.default_hooks


def test_a_hook_of_mmengine_is_left_to_it(root):
    cfg = load_config(root / LEAF, ['default_hooks.timer=None'])
    assert cfg.default_hooks.timer is None
