"""A config is told to test with several views of an image."""

import pytest
from mmengine.config import Config

from convnext_dense.engine.tta import augment_tests
from convnext_dense.errors import UserError


@pytest.fixture
def cfg(tmp_path):
    file = tmp_path / 'experiment.py'
    file.write_text(
        "model = dict(type='Detector')\n"
        "tta_model = dict(type='Merger', tta_cfg=dict(max_per_img=10))\n"
        "tta_pipeline = [dict(type='TestTimeAug')]\n"
        "test_dataloader = dict(dataset=dict(pipeline=[dict(type='Resize')]))\n"
    )
    return Config.fromfile(file)


def test_the_test_set_gets_the_pipeline_of_views(cfg):
    augment_tests(cfg)
    assert cfg.test_dataloader.dataset.pipeline == [dict(type='TestTimeAug')]


def test_a_wrapped_data_set_gets_it_too(cfg):
    cfg.test_dataloader.dataset = dict(type='Wrapper', dataset=dict(pipeline=[]))
    augment_tests(cfg)
    assert cfg.test_dataloader.dataset.dataset.pipeline == cfg.tta_pipeline


def test_the_model_that_merges_holds_the_model_that_detects(cfg):
    augment_tests(cfg)
    assert cfg.model == dict(
        type='Merger', tta_cfg=dict(max_per_img=10), module=dict(type='Detector')
    )


@pytest.mark.parametrize('key', ['tta_pipeline', 'tta_model'])
@pytest.mark.parametrize('absent', ['missing', 'none'])
def test_a_config_without_views_is_refused(cfg, key, absent):
    if absent == 'none':
        cfg[key] = None
    else:
        cfg.pop(key)
    with pytest.raises(UserError, match=rf'--tta needs a {key}, and .*experiment\.py'):
        augment_tests(cfg)
