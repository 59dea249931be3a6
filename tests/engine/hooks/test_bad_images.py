"""Unreadable images are replaced, named, counted, and at last an error."""

from types import SimpleNamespace

import pytest

from convnext_dense.engine.hooks import BadImages
from convnext_dense.errors import UserError


@pytest.fixture
def runner():
    told = []
    return SimpleNamespace(
        logger=SimpleNamespace(warning=told.append),
        train_dataloader=SimpleNamespace(dataset=range(10)),
        told=told,
    )


def batch(*names):
    replaced = tuple((name, 'it is empty') for name in names)
    return dict(data_samples=[SimpleNamespace(replaced=replaced), SimpleNamespace()])


def test_an_image_is_named_once(runner):
    hook = BadImages(max_share=0.2)
    for _ in range(3):
        hook.before_train_iter(runner, 0, batch('a.jpg'))
    assert runner.told == ['a.jpg is replaced by another image: it is empty (1 so far)']


def test_more_than_the_share_stop_the_run(runner):
    hook = BadImages(max_share=0.2)
    hook.before_train_iter(runner, 0, batch('a.jpg', 'b.jpg'))
    with pytest.raises(UserError, match=r'c\.jpg cannot be used: it is empty; 3 .* 30'):
        hook.before_train_iter(runner, 0, batch('c.jpg'))


def test_a_batch_of_anything_else_is_left_alone(runner):
    BadImages().before_train_iter(runner, 0, [1, 2])
    BadImages().before_train_iter(runner, 0, dict(inputs=[]))
    assert runner.told == []


def test_an_epoch_ends_with_their_number(runner):
    hook = BadImages(max_share=0.5)
    hook.before_train_iter(runner, 0, batch('a.png', 'b.png'))
    hook.after_train_epoch(runner)
    assert runner.told[-1] == '2 of 10 images could not be read so far'


def test_nothing_is_said_where_all_is_well(runner):
    hook = BadImages()
    hook.before_train_iter(runner, 0, batch())
    hook.after_train_epoch(runner)
    assert runner.told == []


@pytest.mark.parametrize('share', [-0.1, 1.5])
def test_a_share_outside_0_to_1_is_refused(share):
    with pytest.raises(UserError, match='max_share'):
        BadImages(share)
