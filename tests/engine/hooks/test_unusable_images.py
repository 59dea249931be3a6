import logging
from types import SimpleNamespace

import pytest
from mmengine.structures import BaseDataElement

from convnext_dense.engine.hooks import UnusableImages
from convnext_dense.errors import UserError


@pytest.fixture
def runner():
    dataset = range(10)
    return SimpleNamespace(
        train_dataloader=SimpleNamespace(dataset=dataset),
        logger=logging.getLogger('unusable'),
    )


def batch(*messages):
    return dict(data_samples=[BaseDataElement(metainfo=dict(unusable=messages))])


def test_each_image_is_named_once(runner, caplog):
    hook = UnusableImages(max_share=0.5)
    for _ in range(3):
        hook.before_train_iter(runner, 0, batch('a.png cannot be read'))
    assert [r.message for r in caplog.records] == ['skipped: a.png cannot be read']


def test_the_epoch_ends_with_a_count(runner, caplog):
    hook = UnusableImages(max_share=0.5)
    hook.before_train_iter(runner, 0, batch('a.png', 'b.png'))
    hook.after_train_epoch(runner)
    assert '2 of 10 images were skipped' in caplog.text


def test_nothing_is_said_where_all_is_well(runner, caplog):
    hook = UnusableImages()
    hook.before_train_iter(runner, 0, batch())
    hook.after_train_epoch(runner)
    assert caplog.text == ''


def test_a_share_that_is_allowed_does_not_stop(runner):
    UnusableImages(max_share=0.2).before_train_iter(runner, 0, batch('a', 'b'))


def test_more_than_the_allowed_share_stops(runner):
    hook = UnusableImages(max_share=0.2)
    with pytest.raises(UserError, match=r'3 of 10 images.*0\.2.*max_share'):
        hook.before_train_iter(runner, 0, batch('a', 'b', 'c'))


@pytest.mark.parametrize('share', [-0.1, 1.5])
def test_a_share_outside_0_to_1_is_refused(share):
    with pytest.raises(UserError, match='max_share'):
        UnusableImages(share)
