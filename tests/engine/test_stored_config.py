"""A config goes into a checkpoint as data and comes out as it was."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from convnext_dense.engine.stored_config import (
    KEY,
    store_config,
    stored_config,
    to_plain,
)


def test_a_config_comes_back_through_a_file(tmp_path):
    cfg = Config(dict(a=1, b=dict(c=(1, 2), d=[None, 'x', 0.5]), e=True))
    meta: dict = {}
    store_config(meta, cfg)
    torch.save(meta, tmp_path / 'a.pth')
    read = torch.load(tmp_path / 'a.pth', weights_only=True)
    assert stored_config(read).to_dict() == cfg.to_dict()


def test_tuples_stay_tuples():
    meta: dict = {}
    store_config(meta, Config(dict(scale=(1333, 800))))
    assert meta[KEY]['scale'] == (1333, 800)


@pytest.mark.parametrize(
    ('value', 'plain'),
    [
        (torch.nn.Linear, 'torch.nn.modules.linear.Linear'),
        (torch.relu, 'torch.relu'),
        (Path('a/b'), 'a/b'),
        ({3: 'x'}, {'3': 'x'}),
    ],
    ids=['class', 'function', 'path', 'number as key'],
)
def test_what_is_no_data_becomes_text(value, plain):
    if value is torch.relu:
        plain = f'{value.__module__}.{value.__qualname__}'
    assert to_plain(value) == plain


@pytest.mark.parametrize('meta', [{}, {'cfg': 'a = 1'}, {KEY: 'a = 1'}])
def test_without_a_stored_config_there_is_none(meta):
    assert stored_config(meta) is None
