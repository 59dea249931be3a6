"""The console leaves out what nobody reads."""

import logging

import pytest

from convnext_dense.engine.console import ConsoleFilter, quieten


def shown(message):
    record = logging.LogRecord('x', logging.INFO, '', 0, message, (), None)
    return ConsoleFilter().filter(record)


@pytest.mark.parametrize(
    'message', ['Epoch(train) [1][50/100] loss: 1.2', 'learning rates\n' + 'row\n' * 30]
)
def test_progress_and_tables_are_shown(message):
    assert shown(message)


@pytest.mark.parametrize(
    'message',
    ['Config:\n' + 'x = 1\n' * 200, 'paramwise_options -- a.bias:lr=1', 'Exp name: x'],
)
def test_dumps_and_noise_are_not(message):
    assert not shown(message)


def test_a_log_file_keeps_everything(tmp_path):
    logger = logging.Logger('x')
    logger.addHandler(logging.FileHandler(tmp_path / 'a.log'))
    quieten(logger)
    logger.info('Exp name: x')
    assert 'Exp name' in (tmp_path / 'a.log').read_text()
