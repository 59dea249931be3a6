"""Heads and data must count the same classes."""

from types import SimpleNamespace

import pytest
from torch import nn

from convnext_dense.engine.hooks import ClassCheck
from convnext_dense.errors import UserError


def head(number):
    module = nn.Identity()
    module.num_classes = number
    return module


def check(model, classes=('cat', 'dog', 'horse')):
    dataset = SimpleNamespace(metainfo=dict(classes=classes))
    loader = SimpleNamespace(dataset=dataset)
    ClassCheck().before_train(SimpleNamespace(model=model, train_dataloader=loader))


def test_heads_that_agree_pass():
    check(nn.ModuleDict(dict(bbox_head=head(3), mask_head=head(3))))


def test_a_head_that_disagrees_is_named_with_the_setting_that_mends_it():
    model = nn.ModuleDict(dict(roi_head=nn.ModuleDict(dict(bbox_head=head(80)))))
    with pytest.raises(
        UserError, match=r'set model\.roi_head\.bbox_head\.num_classes=3'
    ):
        check(model)


def test_a_proposal_head_knows_objects_only():
    check(nn.ModuleDict(dict(rpn_head=head(1))))


def test_data_without_classes_is_not_judged():
    check(nn.ModuleDict(dict(bbox_head=head(80))), classes=None)
