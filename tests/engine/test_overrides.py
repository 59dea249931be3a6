"""An override that would change nothing is refused."""

import subprocess
import sys

import pytest
from mmengine.config import Config

from convnext_dense.engine.overrides import as_present, check_overrides
from convnext_dense.errors import UserError


@pytest.fixture
def cfg():
    return Config(
        dict(
            model=dict(
                backbone=dict(type='convnext_dense.ConvNeXt', arch='tiny'),
                init_cfg=None,
            ),
            train_dataloader=dict(
                batch_size='${batch_size}',
                dataset=dict(pipeline=[dict(type='Resize', scale=(64, 64))]),
            ),
            batch_size=2,
            scale=(64, 64),
            train_pipeline=[dict(type='Resize', scale=(64, 64))],
            default_hooks=dict(logger=dict(type='LoggerHook', interval=50)),
            data_root='data/',
        )
    )


@pytest.mark.parametrize(
    'key',
    [
        'data_root',
        'model.backbone.arch',
        'model.backbone.with_cp',
        'model.backbone.drop_path_rate',
        'model.init_cfg.type',
        'train_dataloader.dataset.pipeline.0.scale',
        'batch_size',
        'default_hooks.logger.interval',
        'default_hooks.mine',
        'work_dir',
        'randomness.seed',
        'auto_scale_lr.enable',
    ],
)
def test_a_key_that_means_something_is_accepted(cfg, key):
    check_overrides(cfg, {key: 1})


@pytest.mark.parametrize(
    ('key', 'place'),
    [
        ('scale', r'train_dataloader\.dataset\.pipeline\.0\.scale'),
        ('train_pipeline.0.scale', r'train_dataloader\.dataset\.pipeline\.0\.scale'),
    ],
)
def test_a_name_that_was_copied_is_refused_with_the_place_that_counts(cfg, key, place):
    with pytest.raises(UserError, match=f'change nothing; set {place}$'):
        check_overrides(cfg, {key: (32, 32)})


@pytest.mark.parametrize('first', ['type', 'layer_scale_init_value'])
def test_another_type_brings_arguments_of_its_own(cfg, first):
    overrides = {
        'model.backbone.type': 'convnext_dense.ConvNeXtV2',
        'model.backbone.layer_scale_init_value': 1.0,
    }
    check_overrides(cfg, {'model.backbone.layer_scale_init_value': 1.0})
    if first != 'type':
        overrides = dict(reversed(overrides.items()))
    with pytest.raises(UserError, match='layer_scale_init_value: no such key'):
        check_overrides(cfg, overrides)


@pytest.mark.parametrize(
    ('key', 'hint'),
    [
        ('data_rot', 'did you mean data_root'),
        ('modle.backbone.arch', 'did you mean model'),
        ('model.backbon.arch', 'did you mean model.backbone'),
        ('model.backbone.archh', 'did you mean model.backbone.arch'),
        ('model.backbone.with_pc', 'did you mean model.backbone.with_cp'),
        ('default_hooks.loger.interval', 'did you mean default_hooks.logger'),
        ('train_pipeline.3.scale', 'a list of 1'),
        ('train_pipeline.scale', 'a list of 1'),
        ('data_root.x', 'not a dict'),
        ('zzz', 'no such key'),
    ],
)
def test_a_key_that_means_nothing_is_refused_with_a_hint(cfg, key, hint):
    with pytest.raises(UserError, match=hint):
        check_overrides(cfg, {key: 1})


def test_another_type_takes_its_own_arguments(cfg):
    cfg.model.init_cfg = dict(type='Kaiming', layer='Conv2d')
    check_overrides(
        cfg, {'model.init_cfg.type': 'Pretrained', 'model.init_cfg.checkpoint': 'a.pth'}
    )


def test_the_type_that_stays_takes_no_arguments_of_another(cfg):
    cfg.model.init_cfg = dict(type='Kaiming', layer='Conv2d')
    with pytest.raises(UserError, match='no such key'):
        check_overrides(cfg, {'model.init_cfg.checkpoint': 'a.pth'})


@pytest.mark.parametrize('key', ['model.backbone.with_cp', 'auto_scale_lr.enable'])
def test_a_switch_takes_no_text(cfg, key):
    cfg.auto_scale_lr = dict(enable=True)
    with pytest.raises(UserError, match=f"{key} is True or False, got 'Flase'"):
        check_overrides(cfg, {key: 'Flase'})


def test_a_number_takes_no_text(cfg):
    with pytest.raises(UserError, match=r"logger\.interval is a number, got 'abc'"):
        check_overrides(cfg, {'default_hooks.logger.interval': 'abc'})


def test_a_number_takes_a_reference_to_another_setting(cfg):
    check_overrides(cfg, {'default_hooks.logger.interval': '${batch_size}'})


def test_settings_take_no_number_in_their_place(cfg):
    with pytest.raises(UserError, match=r'set them by name, as in train_dataloader\.'):
        check_overrides(cfg, {'train_dataloader': 3})


def test_settings_can_be_switched_off(cfg):
    check_overrides(cfg, {'default_hooks.logger': None})


def test_a_whole_number_is_a_float_where_one_stood(cfg):
    cfg.train_pipeline[0].prob = 0.5
    options = {'train_pipeline.0.prob': 1, 'batch_size': 1, 'model.mine.new': 1}
    found = as_present(cfg, options)
    assert [type(value) for value in found.values()] == [float, int, int]


def test_a_loss_scale_is_a_number_or_a_word(cfg):
    cfg.optim_wrapper = dict(type='AmpOptimWrapper', loss_scale=512.0)
    check_overrides(cfg, {'optim_wrapper.loss_scale': 'dynamic'})


def test_a_near_name_is_refused_where_any_argument_is_taken(cfg):
    cfg.default_hooks.checkpoint = dict(type='CheckpointHook', interval=1)
    with pytest.raises(UserError, match=r'did you mean default_hooks\.checkpoint\.int'):
        check_overrides(cfg, {'default_hooks.checkpoint.intervall': 2})


def test_settings_of_layer_decay_are_known(cfg):
    cfg.optim_wrapper = dict(paramwise_cfg=dict(decay_rate=0.9))
    check_overrides(cfg, {'optim_wrapper.paramwise_cfg.decay_type': 'stage_wise'})


def test_an_option_inside_a_hosts_part_is_checked_without_a_word(root, tmp_path):
    """The hosts and mmengine have much to say when they are imported late."""
    config = root / 'configs/shapes/mask-rcnn_convnext-v2-atto_demo_shapes.py'
    script = (
        'from convnext_dense.engine.config import load_config; '
        f'load_config({str(config)!r}, '
        "['classes=[a]', 'model.backbone.init_cfg.type=Pretrained', "
        "'model.backbone.init_cfg.checkpoint=a.pth'])"
    )
    done = subprocess.run(
        [sys.executable, '-c', script], cwd=tmp_path, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, '', '')
