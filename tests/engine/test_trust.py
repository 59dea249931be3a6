"""What the hosts read by way of mmengine runs nothing either."""

import os
import pickle

import mmengine
import pytest
import torch
from mmengine.model import PretrainedInit
from mmengine.runner import CheckpointLoader

from convnext_dense.engine.trust import distrust_files
from convnext_dense.errors import CheckpointError, UserError


@pytest.fixture(autouse=True)
def _readers():
    distrust_files()


class Harmful:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def write(path, harm):
    if path.suffix == '.pth':
        torch.save(dict(state_dict=harm), path)
    elif path.suffix in ('.pkl', '.pickle'):
        path.write_bytes(pickle.dumps(harm))
    else:
        path.write_text(f'!!python/object/apply:os.mkdir ["{harm.path}"]')


@pytest.mark.parametrize('name', ['a.pkl', 'a.pickle', 'a.yaml', 'a.yml', 'a.pth'])
def test_nothing_is_run(tmp_path, name):
    file = tmp_path / name
    write(file, Harmful(tmp_path / 'made'))
    read = CheckpointLoader.load_checkpoint if name == 'a.pth' else mmengine.load
    with pytest.raises(UserError):
        read(str(file))
    assert not (tmp_path / 'made').exists()


def test_plain_data_is_read(tmp_path):
    (tmp_path / 'a.yaml').write_text('a: [1, 2]')
    assert mmengine.load(tmp_path / 'a.yaml') == dict(a=[1, 2])
    torch.save(dict(a=torch.ones(2)), tmp_path / 'a.pth')
    found = CheckpointLoader.load_checkpoint(str(tmp_path / 'a.pth'))
    assert found['a'].tolist() == [1, 1]


def test_pickles_may_be_written(tmp_path):
    mmengine.dump([1], tmp_path / 'a.pkl')
    assert pickle.loads((tmp_path / 'a.pkl').read_bytes()) == [1]


def head_in(path, **weights):
    torch.save(dict(state_dict=weights), path)
    return path


def test_a_neck_or_head_is_loaded_whole(tmp_path):
    path = head_in(
        tmp_path / 'a.pth',
        **{'neck.weight': torch.ones(2, 3), 'neck.bias': torch.ones(2)},
    )
    layer = torch.nn.Linear(3, 2)
    PretrainedInit(str(path), prefix='neck')(layer)
    assert layer.weight.eq(1).all()


@pytest.mark.parametrize('prefix', [None, 'neck.', 'bbox_head'])
def test_one_that_does_not_fit_is_refused(tmp_path, prefix):
    path = head_in(tmp_path / 'a.pth', **{'neck.weight': torch.ones(2, 3)})
    with pytest.raises(CheckpointError, match='nothing was loaded'):
        PretrainedInit(str(path), prefix=prefix)(torch.nn.Linear(3, 2))
