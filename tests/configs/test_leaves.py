"""Every config that can be run: its form, its name, and that it builds."""

import ast
import copy
import re
from pathlib import Path

import pytest
import torch
from mmengine.registry import MODELS, TRANSFORMS, DefaultScope

pytest.importorskip('mmdet', reason='mmdet is not installed')
pytest.importorskip('mmseg', reason='mmseg is not installed')

from convnext_dense.engine.config import load_config
from convnext_dense.engine.widths import check_widths

CONFIGS = Path(__file__).parents[2] / 'configs'
LEAVES = sorted(p for p in CONFIGS.rglob('*.py') if '_base_' not in p.parts)
PRETRAINING = [p for p in LEAVES if p.stem.startswith('fcmae')]
MODELS_OF_HOSTS = [p for p in LEAVES if p not in PRETRAINING]
PUBLISHED = [p for p in MODELS_OF_HOSTS if p.parent.name not in ('custom', 'shapes')]
MOST_LINES = 12
NAME = re.compile(
    r'(?P<method>[a-z]+(-[a-z]+)*)_'
    r'(?P<family>convnext|convnext-v2|conv2former)-(?P<arch>[a-z]+)'
    r'(-(?P<weights>in22k))?_(?P<schedule>\d+[a-z]|demo)_(?P<data>[a-z0-9-]+)'
)
BACKBONES = {
    'convnext': 'ConvNeXt',
    'convnext-v2': 'ConvNeXtV2',
    'conv2former': 'Conv2Former',
}
DETECTORS = {
    'faster-rcnn': ('FasterRCNN', False),
    'mask-rcnn': ('MaskRCNN', True),
    'cascade-mask-rcnn': ('CascadeRCNN', True),
}
# What a name says of the length, and the value in `train_cfg`.
LENGTHS = {
    '1x': 12, '3x': 36, '12e': 12, '300e': 300, '800e': 800,
    '160k': 160_000, '1k': 1_000,
}  # fmt: skip


def by_name(paths):
    return pytest.mark.parametrize('path', paths, ids=lambda path: path.stem)


@pytest.fixture
def cfg(path, read, shapes):
    """A leaf as it runs; those for data of one's own need some to find."""
    if path.parent.name not in ('custom', 'shapes'):
        return read(path)
    return load_config(path, [f'data_root={shapes}', 'image_size=64'])


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
def test_a_leafs_name_agrees_with_its_backbone(path, cfg):
    found = NAME.fullmatch(path.stem)
    backbone = cfg.model.get('backbone') or cfg.model.encoder
    family = BACKBONES[found['family']]
    assert (backbone.type, backbone.arch) == (f'convnext_dense.{family}', found['arch'])


@by_name(MODELS_OF_HOSTS)
def test_a_leafs_name_agrees_with_its_method(path, cfg):
    model = cfg.model
    method = NAME.fullmatch(path.stem)['method']
    if method == 'upernet':
        assert model.decode_head.type == 'UPerHead'
    else:
        masks = bool(model.roi_head.get('mask_head'))
        assert (model.type, masks) == DETECTORS[method]


@by_name([path for path in LEAVES if '_demo_' not in path.stem])
def test_a_leafs_name_agrees_with_its_schedule(path, cfg):
    length = cfg.train_cfg.get('max_epochs') or cfg.train_cfg.max_iters
    assert length == LENGTHS[NAME.fullmatch(path.stem)['schedule']]


@by_name(PUBLISHED)
def test_a_leafs_name_tells_weights_of_imagenet_22k(path, cfg):
    weights = cfg.model.backbone.init_cfg.checkpoint
    assert ('_22k_' in weights) == bool(NAME.fullmatch(path.stem)['weights'])


@by_name(PUBLISHED)
def test_a_leafs_name_agrees_with_its_data(path, cfg):
    data, _, crop = NAME.fullmatch(path.stem)['data'].partition('-')
    dataset = {'coco': 'CocoDataset', 'ade20k': 'ADE20KDataset'}[data]
    assert cfg.train_dataloader.dataset.type == f'convnext_dense.{dataset}'
    assert not crop or cfg.crop_size == (int(crop), int(crop))


@by_name(MODELS_OF_HOSTS)
def test_a_leafs_model_builds(path, cfg):
    # Without memory for weights, the largest builds as fast as the smallest.
    with torch.device('meta'), DefaultScope.overwrite_default_scope(cfg.default_scope):
        model = MODELS.build(copy.deepcopy(cfg.model))
    # Necks and heads are as wide as the stages they stand on.
    check_widths(model, cfg.model)


@by_name(MODELS_OF_HOSTS)
def test_a_leafs_views_for_multi_scale_testing_build(path, cfg):
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        views = TRANSFORMS.build(copy.deepcopy(cfg.tta_pipeline[-1]))
    # As many scales as there are, upright and flipped.
    scales = cfg.tta_pipeline[-1].transforms[0]
    assert len(views.subroutines) == 2 * len(scales) > 2


@by_name(PUBLISHED)
def test_a_published_recipe_needs_none_of_our_tools_to_be_read(path, cfg):
    assert '${' not in repr(cfg)


@by_name(PUBLISHED)
def test_a_published_recipe_declares_the_batch_its_rate_belongs_to(path, cfg):
    assert cfg.auto_scale_lr.enable
    assert cfg.auto_scale_lr.base_batch_size == 8 * cfg.train_dataloader.batch_size
