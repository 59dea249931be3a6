"""One line of config chooses the loggers."""

from importlib.machinery import ModuleSpec

import pytest
from mmengine.config import Config

from convnext_dense.engine import loggers
from convnext_dense.errors import UserError

LOCAL = dict(type='LocalVisBackend')


@pytest.fixture
def installed(monkeypatch):
    """Give a function that sets which packages are installed."""

    def install(*names):
        def find_spec(name):
            return ModuleSpec(name, None) if name in names else None

        monkeypatch.setattr(loggers, 'find_spec', find_spec)

    return install


def backends(*present, **settings):
    visualizer = dict(type='Visualizer', vis_backends=[*present])
    cfg = Config(dict(visualizer=visualizer, work_dir='work', **settings))
    loggers.add_loggers(cfg)
    return cfg.visualizer.vis_backends


def kinds(*present, **settings):
    return [backend['type'] for backend in backends(*present, **settings)]


def test_tensorboard_is_the_default_where_it_is_installed(installed):
    installed('tensorboard', 'wandb')
    assert kinds(LOCAL) == ['LocalVisBackend', 'TensorboardVisBackend']


def test_without_tensorboard_nothing_is_added(installed):
    installed()
    assert kinds(LOCAL) == ['LocalVisBackend']


def test_an_empty_list_turns_all_off(installed):
    installed('tensorboard')
    assert kinds(LOCAL, loggers=[]) == ['LocalVisBackend']


def test_loggers_are_chosen_by_name(installed):
    installed('tensorboard', 'wandb', 'mlflow')
    assert kinds(loggers='wandb') == ['WandbVisBackend']
    found = kinds(loggers=['tensorboard', 'mlflow'])
    assert found == ['TensorboardVisBackend', 'MLflowVisBackend']


def test_a_logger_may_have_settings_of_its_own(installed):
    installed()
    wandb = dict(type='WandbVisBackend', init_kwargs=dict(project='shapes'))
    assert backends(LOCAL, loggers=[wandb])[-1] == wandb


def test_a_backend_is_not_added_twice(installed):
    installed('tensorboard')
    assert kinds(dict(type='TensorboardVisBackend')) == ['TensorboardVisBackend']


def test_a_config_without_a_visualizer_gets_one(installed):
    installed('tensorboard')
    cfg = Config(dict())
    loggers.add_loggers(cfg)
    assert cfg.visualizer.vis_backends == [dict(type='TensorboardVisBackend')]


def test_mlflow_writes_into_the_work_dir_unless_a_server_is_set(installed, monkeypatch):
    installed('mlflow')
    monkeypatch.delenv('MLFLOW_TRACKING_URI', raising=False)
    (local,) = backends(loggers='mlflow')
    assert local['tracking_uri'].endswith('/work/mlflow.db')
    monkeypatch.setenv('MLFLOW_TRACKING_URI', 'http://localhost:5000')
    (remote,) = backends(loggers='mlflow')
    assert remote['tracking_uri'] == 'http://localhost:5000'


def test_a_logger_that_is_not_installed_is_named(installed):
    installed()
    with pytest.raises(UserError, match='wandb is not installed; pip install wandb'):
        backends(loggers='wandb')


def test_an_unknown_logger_is_answered_with_the_choices(installed):
    installed()
    with pytest.raises(UserError, match=r"'wanbd'; choose from .*tensorboard"):
        backends(loggers='wanbd')
