"""Every config that can be run: its form, its name, and that it builds."""

import ast
import re
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS, DefaultScope

pytest.importorskip('mmdet', reason='mmdet is not installed')
pytest.importorskip('mmseg', reason='mmseg is not installed')

from convnext_dense import ConvNeXtV2
from convnext_dense.engine.config import load_config

CONFIGS = Path(__file__).parents[2] / 'configs'
LEAVES = sorted(p for p in CONFIGS.rglob('*.py') if '_base_' not in p.parts)
PRETRAINING = [p for p in LEAVES if p.stem.startswith('fcmae')]
PUBLISHED = [p for p in LEAVES if p.parent.name not in ('custom', 'shapes')]
MOST_LINES = 12
NAME = re.compile(
    r'(?P<method>[a-z]+(-[a-z]+)*)_'
    r'(?P<family>convnext|convnext-v2|conv2former)-(?P<arch>[a-z]+)(-[a-z0-9]+)*_'
    r'(?P<schedule>\d+[a-z]|demo)_(?P<data>[a-z0-9-]+)'
)


def by_name(paths):
    return pytest.mark.parametrize('path', paths, ids=lambda path: path.stem)


@pytest.fixture
def options(path, shapes):
    """What a leaf needs to find data: only those for data of one's own need any."""
    return [] if path in PUBLISHED else [f'data_root={shapes}', 'image_size=64']


def code_lines(path):
    """Count the lines that hold code, which the docstring is not."""
    tree = ast.parse(path.read_text())
    body = tree.body[1:] if ast.get_docstring(tree) else tree.body
    return sum(node.end_lineno - node.lineno + 1 for node in body)


@by_name(LEAVES)
def test_a_leaf_holds_only_its_difference(path):
    assert code_lines(path) <= MOST_LINES


@by_name(LEAVES)
def test_a_leafs_name_follows_the_grammar(path):
    assert NAME.fullmatch(path.stem)


@by_name(LEAVES)
def test_a_leafs_docstring_holds_the_command_that_runs_it(path):
    docstring = ast.get_docstring(ast.parse(path.read_text()))
    assert str(path.relative_to(CONFIGS.parent)) in docstring


@by_name(LEAVES)
def test_a_leafs_name_agrees_with_its_backbone(path):
    cfg = Config.fromfile(path)
    found = NAME.fullmatch(path.stem)
    family = {'convnext': 'ConvNeXt', 'convnext-v2': 'ConvNeXtV2'}[found['family']]
    backbone = cfg.model.get('backbone') or cfg.model.encoder
    assert (backbone.type, backbone.arch) == (f'convnext_dense.{family}', found['arch'])


@by_name([path for path in LEAVES if path not in PRETRAINING])
def test_a_leafs_model_builds(path, options):
    cfg = load_config(path, options)
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        model = MODELS.build(cfg.model)
    # Necks and heads are as wide as the stages they stand on.
    neck = cfg.model.get('neck') or cfg.model.decode_head
    assert tuple(neck.in_channels) == model.backbone.widths


@by_name(PRETRAINING)
def test_a_leafs_masked_autoencoder_builds(path, options):
    cfg = load_config(path, options)
    with torch.device('meta'):  # the largest would take gigabytes
        model = MODELS.build(cfg.model)
    assert model.encoder.widths == ConvNeXtV2.variants[cfg.model.encoder.arch].widths


@pytest.mark.parametrize('arch', ConvNeXtV2.variants)
def test_every_convnext_v2_has_a_recipe_of_masked_pre_training(arch):
    assert f'fcmae_convnext-v2-{arch}_800e_in1k' in {path.stem for path in PRETRAINING}


@by_name(PUBLISHED)
def test_a_published_recipe_needs_none_of_our_tools_to_be_read(path):
    assert '${' not in Config.fromfile(path).pretty_text


@by_name(PUBLISHED)
def test_a_published_recipe_declares_the_batch_its_rate_belongs_to(path):
    cfg = Config.fromfile(path)
    assert cfg.auto_scale_lr.enable
    assert cfg.auto_scale_lr.base_batch_size == 8 * cfg.train_dataloader.batch_size
