"""Values that no run can have are told by the name of their setting."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convnext_dense.engine import value_checks
from convnext_dense.engine.config import load_config
from convnext_dense.engine.value_checks import OURS, THEIRS, check_values
from convnext_dense.errors import UserError

RULES = OURS | THEIRS
# -1, or two of 0 and 1, are values of these.
MANY = (
    value_checks.RANGE,
    value_checks.BETAS,
    value_checks.MOST,
    value_checks.THRESHOLD,
)
DEMO = 'configs/shapes/mask-rcnn_convnext-v2-atto_demo_shapes.py'


def nested(name, value):
    for key in reversed(name.split('.')):
        value = {key: value}
    return value


@pytest.mark.parametrize('name', RULES)
@given(value=st.text() | st.integers(max_value=-1) | st.lists(st.integers()))
def test_text_and_negative_numbers_are_refused_by_name(name, value):
    if RULES[name].holds(value):
        assert name in ('flips', 'log_level') or RULES[name] in MANY
        return
    with pytest.raises(UserError, match=name):
        check_values(nested(name, value), OURS)


@pytest.mark.parametrize('name', RULES)
def test_what_is_absent_or_none_breaks_no_rule(name):
    check_values({}, OURS)
    check_values(nested(name, None), OURS)


@pytest.mark.parametrize(
    'option',
    [
        'image_size=abc',
        'image_size=0',
        'warmup=0',
        'max_epochs=0',
        'max_epochs=1.5',
        'lr=fast',
        'flips=sideways',
        'log_level=LOUD',
        'default_hooks.logger.interval=0',
        'model.backbone.drop_path_rate=[0.1]',
        'model.test_cfg.rpn.nms.iou_threshold=-3.0',
        'model.test_cfg.rcnn.nms.type=foo',
        'model.test_cfg.rcnn.max_per_img=0',
        'model.test_cfg.rcnn.mask_thr_binary=2.0',
        'model.train_cfg.rcnn.sampler.num=0',
        'model.train_cfg.rcnn.assigner.pos_iou_thr=7.0',
        'model.train_cfg.rpn.sampler.pos_fraction=3.0',
        'optim_wrapper.optimizer.betas=[0.9]',
        'optim_wrapper.optimizer.betas=[0.9, 1.0]',
        'model.backbone.drop_path_rate=1.0',
        'optim_wrapper.clip_grad.max_norm=-1.0',
        'batch_size=True',
        'train_cfg.val_interval=0',
        'train_dataloader.num_workers=-1',
    ],
)
def test_an_option_is_refused_by_its_name_and_value(root, option):
    name, _, value = option.partition('=')
    with pytest.raises(UserError, match=f"^{name}='?{re.escape(value)}'?: it has"):
        load_config(root / DEMO, ['classes=[a]', option])


@pytest.mark.parametrize(
    'option',
    ['image_size=96', 'lr=0', 'flips=horizontal', 'log_level=ERROR', 'num_workers=0'],
)
def test_what_can_be_run_is_taken(root, option):
    option = option.replace('num_', 'train_dataloader.num_')
    load_config(root / DEMO, ['classes=[a]', option])


def test_a_warm_up_is_shorter_than_its_run():
    with pytest.raises(UserError, match=r'warmup=50 is too long for max_iters=40'):
        check_values(dict(warmup=50, max_iters=40), OURS)


@pytest.mark.parametrize('crop_scale', [0.5, ['a', 'b'], [0.2, 2], [0.2]])
def test_a_crop_scale_is_two_shares(crop_scale):
    with pytest.raises(UserError, match=r'^crop_scale='):
        check_values(dict(crop_scale=crop_scale), OURS)


@pytest.mark.parametrize('name', OURS)
def test_a_name_that_nothing_refers_to_may_mean_anything(tmp_path, name):
    config = tmp_path / 'config.py'
    config.write_text(f'{name} = (1024, "1024")')
    load_config(config)
