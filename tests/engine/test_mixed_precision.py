"""Under mixed precision, what overflows or loses digits is computed in float32."""

import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmengine.registry import DATASETS, MODELS, DefaultScope

pytest.importorskip('mmdet', reason='mmdet is not installed')
pytest.importorskip('mmseg', reason='mmseg is not installed')

from convnext_dense.engine.config import load_config
from convnext_dense.engine.hosts import import_host
from convnext_dense.layers import GlobalResponseNorm, LayerNorm2d

HALVES = (torch.bfloat16, torch.float16)
CONFIGS = (
    'mask-rcnn_convnext-v2-atto_demo_shapes',
    'upernet_convnext-v2-atto_demo_shapes',
)
halves = pytest.mark.parametrize('dtype', HALVES, ids=str)


def flat(losses):
    for loss in losses.values():
        yield from loss if isinstance(loss, list) else [loss]


@halves
@pytest.mark.parametrize('name', CONFIGS)
def test_losses_are_float32(root, shapes, name, dtype):
    options = [f'data_root={shapes}', 'image_size=64']
    cfg = load_config(root / f'configs/shapes/{name}.py', options)
    import_host(cfg.default_scope)
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        model = MODELS.build(cfg.model)
        data = DATASETS.build(cfg.train_dataloader.dataset)
    model.init_weights()
    with torch.autocast('cpu', dtype):
        batch = model.data_preprocessor(pseudo_collate([data[0], data[1]]), True)
        losses = [*flat(model._run_forward(batch, mode='loss'))]
    assert losses
    assert {loss.dtype for loss in losses} == {torch.float32}


@halves
@pytest.mark.parametrize(
    ('norm', 'shape'),
    [(LayerNorm2d(8), (1, 8, 30, 30)), (GlobalResponseNorm(8), (1, 30, 30, 8))],
    ids=['LayerNorm2d', 'GlobalResponseNorm'],
)
@torch.no_grad()
def test_statistics_of_norms_are_float32(norm, shape, dtype):
    # Squares of these are infinite in float16, and 900 of them lost in bfloat16.
    x = (1000 * (1 + torch.rand(shape))).to(dtype)
    for param in norm.parameters():
        param.uniform_(0.5, 1.5)
    expected = norm(x.float())
    with torch.autocast('cpu', dtype):
        found = norm(x)
    torch.testing.assert_close(found.float(), expected, rtol=0.01, atol=0.01)
