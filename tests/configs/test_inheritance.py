"""Configs of other folders that inherit ours, and what the wheel needs for them."""

import subprocess
import sys
from pathlib import Path

import pytest

from convnext_dense.engine.config import load_config

pytest.importorskip('mmdet', reason='mmdet is not installed')

ROOT = Path(__file__).parents[2]
CONFIGS = ROOT / 'configs'
LEAVES = sorted(p for p in CONFIGS.rglob('*.py') if '_base_' not in p.parts)


@pytest.fixture(scope='module')
def built(tmp_path_factory):
    """Give the package as a wheel would hold it."""
    pytest.importorskip('setuptools', reason='setuptools is not installed')
    folder = tmp_path_factory.mktemp('build')
    command = [sys.executable, 'setup.py', '-q', 'build_py', '--build-lib', folder]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder / 'convnext_dense'


def options(path, shapes):
    own = path.parent.name in ('custom', 'shapes')
    return [f'data_root={shapes}', 'image_size=64'] if own else []


@pytest.mark.parametrize('path', LEAVES, ids=lambda path: path.stem)
def test_a_config_inherited_from_elsewhere_is_the_same(path, shapes, tmp_path):
    name = path.relative_to(CONFIGS).as_posix()
    heir = tmp_path / 'heir.py'
    heir.write_text(f"_base_ = 'convnext_dense::{name}'\n")
    found, expected = (
        load_config(file, options(path, shapes)).to_dict() for file in (heir, path)
    )
    assert found == expected


def test_an_experiment_holds_its_difference_alone(tmp_path):
    leaf = 'convnext/mask-rcnn_convnext-tiny_3x_coco.py'
    (tmp_path / 'experiment.py').write_text(
        f"_base_ = 'convnext_dense::{leaf}'\n"
        "model = dict(backbone=dict(arch='small', drop_path_rate=0.5))\n"
        'optim_wrapper = dict(optimizer=dict(lr=2e-4))\n'
    )
    cfg = load_config(tmp_path / 'experiment.py')
    assert cfg.model.backbone.arch == 'small'
    assert cfg.optim_wrapper.optimizer.lr == 2e-4
    assert cfg.train_cfg.max_epochs == 36


def test_the_wheel_holds_every_config(built):
    expected = {p.relative_to(CONFIGS) for p in CONFIGS.rglob('*.py')}
    shipped = built / '.mim/configs'
    assert {p.relative_to(shipped) for p in shipped.rglob('*.py')} == expected


def test_the_wheel_holds_the_index_that_mmengine_asks_for(built):
    assert 'Import: []' in (built / '.mim/model-index.yml').read_text()
