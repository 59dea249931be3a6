"""Small models and their checkpoints, as a training run leaves them."""

import numpy as np
import pytest
import torch

CONFIGS = {
    'detector': 'configs/shapes/mask-rcnn_convnext-v2-atto_demo_shapes.py',
    'segmentor': 'configs/shapes/upernet_convnext-v2-atto_demo_shapes.py',
}
CLASSES = {
    'detector': ('circle', 'square', 'triangle'),
    'segmentor': ('background', 'circle', 'square', 'triangle'),
}


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
def detector(checkpoints):
    from convnext_dense.inference import Predictor

    return Predictor(checkpoints['detector'])


@pytest.fixture(scope='session')
def segmentor(checkpoints):
    from convnext_dense.inference import Predictor

    return Predictor(checkpoints['segmentor'])


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
