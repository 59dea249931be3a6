"""Every run gets what lets it survive, and options for it count."""

import pytest
from mmengine.config import Config

from convnext_dense.engine.survival import make_survive


def survived(**content):
    cfg = Config(content)
    make_survive(cfg)
    return cfg


@pytest.mark.parametrize(
    ('loop', 'expected'),
    [
        (dict(type='EpochBasedTrainLoop', max_epochs=2), 'convnext_dense.EpochLoop'),
        (dict(type='mmengine.IterBasedTrainLoop'), 'convnext_dense.IterationLoop'),
        (dict(by_epoch=True, max_epochs=2), 'convnext_dense.EpochLoop'),
        (dict(by_epoch=False, max_iters=2), 'convnext_dense.IterationLoop'),
        (dict(type='OtherLoop'), 'OtherLoop'),
    ],
)
def test_loops_are_replaced_by_those_that_continue(loop, expected):
    cfg = survived(train_cfg=loop)
    assert cfg.train_cfg.type == expected
    assert 'by_epoch' not in cfg.train_cfg


def test_the_checkpoint_hook_keeps_its_settings():
    hook = dict(type='CheckpointHook', interval=3)
    cfg = survived(default_hooks=dict(checkpoint=hook))
    assert cfg.default_hooks.checkpoint == dict(
        type='convnext_dense.CheckpointHook', interval=3
    )


def test_an_option_of_a_hook_that_no_config_names_counts():
    cfg = survived(default_hooks=dict(bad_images=dict(max_share=0.5)))
    assert cfg.default_hooks.bad_images == dict(
        type='convnext_dense.BadImages', max_share=0.5
    )


def test_a_hook_can_be_taken_out():
    cfg = survived(default_hooks=dict(finite_guard=None))
    assert 'finite_guard' not in cfg.default_hooks
