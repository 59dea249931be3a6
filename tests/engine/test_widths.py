"""Heads of another width than the backbone are named with the one that fits."""

from types import SimpleNamespace

import pytest
from mmengine.config import ConfigDict
from torch import nn

from convnext_dense.engine.widths import check_widths
from convnext_dense.errors import UserError


def model(*out_indices):
    built = nn.Module()
    built.backbone = SimpleNamespace(widths=(8, 16, 32, 64), out_indices=out_indices)
    return built


def test_a_neck_of_other_widths_is_named_with_those_that_fit():
    cfg = dict(neck=dict(in_channels=[8, 16, 32, 48]))
    with pytest.raises(
        UserError, match=r"set 'model\.neck\.in_channels=\[8,16,32,64\]'"
    ):
        check_widths(model(0, 1, 2, 3), cfg)


def test_a_head_is_compared_with_the_stages_it_stands_on():
    cfg = dict(decode_head=dict(in_channels=[16, 64], in_index=[0, 1]))
    check_widths(model(1, 3), cfg)


def test_an_auxiliary_head_of_another_width_is_named():
    cfg = dict(auxiliary_head=dict(in_channels=16, in_index=2))
    with pytest.raises(UserError, match=r'auxiliary_head\.in_channels=32'):
        check_widths(model(0, 1, 2, 3), cfg)


def test_a_stage_that_the_backbone_does_not_give_is_named():
    cfg = dict(auxiliary_head=dict(in_channels=16, in_index=4))
    with pytest.raises(UserError, match='in_index=4: the backbone gives 4 features'):
        check_widths(model(0, 1, 2, 3), cfg)


@pytest.mark.parametrize(
    ('setting', 'told'),
    [
        (dict(strides=[4]), r'strides=\[4\] are 1, but model\.neck\.num_outs=3'),
        (dict(ratios=[]), 'gives no anchors .* at least one of ratios'),
    ],
)
def test_anchors_that_do_not_fit_the_neck_are_named(setting, told):
    pytest.importorskip('mmdet', reason='mmdet is not installed')
    from mmdet.models.task_modules import AnchorGenerator

    generator = dict(strides=[4, 8, 16], ratios=[1.0], scales=[8]) | setting
    built = nn.Module()
    built.rpn_head = SimpleNamespace(prior_generator=AnchorGenerator(**generator))
    cfg = ConfigDict(neck=dict(num_outs=3), rpn_head=dict(anchor_generator=generator))
    with pytest.raises(UserError, match=told):
        check_widths(built, cfg)
