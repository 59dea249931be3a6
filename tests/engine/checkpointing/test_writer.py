"""Jobs are done in order, and nothing is done after a failure."""

import errno
import threading

import pytest

from convnext_dense.engine.checkpointing import Writer
from convnext_dense.errors import CheckpointError


def test_jobs_are_done_in_order():
    writer, done = Writer(), []
    for number in range(5):
        writer.submit(lambda number=number: done.append(number))
    writer.wait()
    assert done == [0, 1, 2, 3, 4]


def test_training_goes_on_while_a_job_is_done():
    writer, go_on = Writer(), threading.Event()
    writer.submit(lambda: go_on.wait(10))
    writer.check()
    go_on.set()
    writer.wait()


def full():
    raise OSError(errno.ENOSPC, 'No space left on device', 'a.pth')


@pytest.mark.parametrize('ask', ['wait', 'submit and wait'])
def test_a_failure_is_told_with_the_way_out(ask):
    writer, done = Writer(), []
    writer.submit(full)
    if ask != 'wait':
        writer.submit(lambda: done.append('deleted the old one'))
    with pytest.raises(CheckpointError, match=r'No space left.*a\.pth.*--resume'):
        writer.wait()
    assert done == []


def test_nothing_is_done_after_a_failure_was_told():
    writer, done = Writer(), []
    writer.submit(full)
    with pytest.raises(CheckpointError):
        writer.wait()
    writer.submit(lambda: done.append('deleted the old one'))
    with pytest.raises(CheckpointError):
        writer.wait()
    assert done == []
