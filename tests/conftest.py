"""What the tests of all parts share."""

import importlib.util
import json
import logging
import shutil
import subprocess
import sys
from pathlib import Path

import hypothesis
import numpy as np
import pytest
import torch

ROOT = Path(__file__).resolve().parents[1]

# A model of each kind, to be built small and untrained.
CONFIGS = {
    'detector': 'configs/shapes/mask-rcnn_convnext-v2-atto_demo_shapes.py',
    'segmentor': 'configs/shapes/upernet_convnext-v2-atto_demo_shapes.py',
}
CLASSES = {
    'detector': ('circle', 'square', 'triangle'),
    'segmentor': ('background', 'circle', 'square', 'triangle'),
}

hypothesis.settings.register_profile(
    'project', deadline=None, derandomize=True, max_examples=20
)
hypothesis.settings.load_profile('project')


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


@pytest.fixture(autouse=True)
def _nothing_of_a_run_is_left():
    """Forget scope, visualizer and messages, which runs of one second share."""
    yield
    if 'mmengine.utils' in sys.modules:
        kinds = [sys.modules['mmengine.utils'].ManagerMixin]
        while kinds:
            kind = kinds.pop()
            kinds += kind.__subclasses__()
            if kind.__name__ == 'MMLogger':
                _close_files(kind._instance_dict.values())
            else:
                kind._instance_dict.clear()


def _close_files(loggers):
    """Stop writing to logs whose folders go with their test."""
    for logger in loggers:
        for handler in [*logger.handlers]:
            if isinstance(handler, logging.FileHandler):
                logger.removeHandler(handler)
                handler.close()


@pytest.fixture(scope='session')
def root():
    """Give the folder of the repository."""
    return ROOT


@pytest.fixture(scope='session')
def shared():
    """Give the folder of recorded results beside the repository."""
    folder = ROOT.parent / 'shared'
    if not folder.is_dir():
        pytest.skip('the recorded results (../shared) are not here')
    return folder


@pytest.fixture(scope='session')
def golden(shared):
    """Give a function from a case's name to what the published code recorded."""

    def load(name):
        return torch.load(shared / f'golden/{name}.pt', weights_only=True)

    return load


@pytest.fixture(scope='session')
def small():
    """Give a function that builds a backbone class with few, narrow blocks.

    Its weights are always the same, and such that every one of them shows in the
    output: layer scale and response norms start near zero otherwise.
    """

    def build(backbone_class, *, depths=(2, 1, 3, 1), widths=(8, 12, 16, 24), **kwargs):
        # A family may have more settings per variant than depths and widths.
        variant = next(iter(backbone_class.variants.values()))
        arch = variant._asdict() | dict(depths=depths, widths=widths)
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(1)
            backbone = backbone_class(arch, **kwargs)
            for param in backbone.parameters():
                param.add_(0.2 * torch.randn_like(param))
        return backbone

    return build


@pytest.fixture(scope='session')
def run_python():
    """Give a function that runs code in a fresh interpreter.

    The code prints its result as JSON in its last line.
    """

    def run(code):
        done = subprocess.run(
            [sys.executable, '-W', 'ignore', '-c', code],
            capture_output=True,
            text=True,
            cwd=ROOT,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return run


@pytest.fixture(scope='session')
def shapes(tmp_path_factory):
    """Give the folder of a generated data set: 4 images to train, 4 to validate."""
    from convnext_dense.datasets.shapes import write_shapes

    folder = tmp_path_factory.mktemp('data') / 'shapes'
    write_shapes(folder, train=4, val=4, size=64)
    return folder


@pytest.fixture(scope='session')
def toy():
    """Give the module of a run of seconds with every kind of randomness."""
    spec = importlib.util.spec_from_file_location('toy', ROOT / 'tests/toy.py')
    module = sys.modules['toy'] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def shapes_copy(shapes, tmp_path):
    """Give a copy of it to be damaged."""
    return Path(shutil.copytree(shapes, tmp_path / 'shapes'))


@pytest.fixture(scope='session')
def checkpoints(root, tmp_path_factory):
    """Give a file for each kind of model, untrained, with its config inside."""
    pytest.importorskip('mmdet', reason='mmdet is not installed')
    pytest.importorskip('mmseg', reason='mmseg is not installed')
    from mmengine.config import Config
    from mmengine.registry import MODELS, DefaultScope

    from convnext_dense.engine.device import fit_to_device
    from convnext_dense.engine.hosts import import_host
    from convnext_dense.engine.settings import apply_settings
    from convnext_dense.engine.stored_config import store_config

    folder = tmp_path_factory.mktemp('checkpoints')
    files = {}
    for kind, path in CONFIGS.items():
        cfg = Config.fromfile(root / path)
        cfg.classes = CLASSES[kind]
        cfg.image_size = 64
        apply_settings(cfg)
        fit_to_device(cfg)
        import_host(cfg.default_scope, parts=('models',))
        torch.manual_seed(0)
        with DefaultScope.overwrite_default_scope(cfg.default_scope):
            model = MODELS.build(cfg.model)
        model.init_weights()
        meta = dict(dataset_meta=dict(classes=CLASSES[kind]))
        store_config(meta, cfg)
        files[kind] = folder / f'{kind}.pth'
        torch.save(dict(meta=meta, state_dict=model.state_dict()), files[kind])
    return files


@pytest.fixture(scope='session')
def photo():
    """Give a function that makes an image, always the same for the same size."""

    def make(height=64, width=64, seed=0):
        rng = np.random.default_rng(seed)
        coarse = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
        rows = np.arange(height) * 8 // height
        columns = np.arange(width) * 8 // width
        return np.ascontiguousarray(coarse[rows][:, columns])

    return make
