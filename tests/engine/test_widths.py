"""Heads of another width than the backbone are named with the one that fits."""

from types import SimpleNamespace

import pytest
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
