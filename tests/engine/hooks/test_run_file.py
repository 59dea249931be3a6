"""How a run was started is kept."""

import json
from types import SimpleNamespace

from convnext_dense.engine.hooks import RunFile


def entries(tmp_path, *events):
    cfg = SimpleNamespace(pretty_text='lr = 1\n', get={}.get)
    runner = SimpleNamespace(work_dir=str(tmp_path), seed=7, cfg=cfg)
    for event in events:
        getattr(RunFile(), event)(runner)
    return json.loads((tmp_path / 'run.json').read_text())


def test_seed_config_and_versions_are_kept(tmp_path):
    entry = entries(tmp_path, 'before_train')['train']
    assert (entry['seed'], entry['config']) == (7, 'lr = 1\n')
    assert {'python', 'torch', 'convnext_dense'} <= entry['versions'].keys()


def test_a_test_leaves_the_entry_of_the_training(tmp_path):
    assert entries(tmp_path, 'before_train', 'before_test').keys() == {'train', 'test'}


def test_no_half_written_file_is_left(tmp_path):
    entries(tmp_path, 'before_train')
    assert [path.name for path in tmp_path.iterdir()] == ['run.json']
