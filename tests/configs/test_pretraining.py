"""Masked pre-training: every leaf builds, and the recipe is the published one.

Source: TRAINING.md and main_pretrain.py of facebookresearch/ConvNeXt-V2@2553895.
"""

from pathlib import Path

import pytest
import torch
from mmengine.optim import build_optim_wrapper
from mmengine.registry import MODELS

from convnext_dense import FCMAE, ConvNeXtV2
from convnext_dense.engine.config import load_config

CONFIGS = Path(__file__).parents[2] / 'configs'
LEAVES = sorted(p for p in CONFIGS.rglob('fcmae_*.py') if '_base_' not in p.parts)


@pytest.mark.parametrize('path', LEAVES, ids=lambda path: path.stem)
def test_a_leafs_masked_autoencoder_builds(path, shapes):
    own = path.parent.name != 'fcmae'
    cfg = load_config(path, [f'data_root={shapes}', 'image_size=64'] if own else [])
    with torch.device('meta'):  # the largest would take gigabytes
        model = MODELS.build(cfg.model)
    assert model.encoder.widths == ConvNeXtV2.variants[cfg.model.encoder.arch].widths


@pytest.mark.parametrize('arch', ConvNeXtV2.variants)
def test_every_convnext_v2_has_a_recipe_of_masked_pre_training(arch):
    assert f'fcmae_convnext-v2-{arch}_800e_in1k' in {path.stem for path in LEAVES}


@pytest.fixture
def pretraining(read):
    return read(CONFIGS / 'fcmae/fcmae_convnext-v2-tiny_800e_in1k.py')


def test_pre_training_is_the_published_adamw(pretraining):
    assert pretraining.optim_wrapper.optimizer == dict(
        type='AdamW', lr=2.4e-3, betas=(0.9, 0.95), weight_decay=0.05
    )


def test_pre_training_sees_4096_images_a_step_at_the_published_rate(pretraining):
    batch = 8 * pretraining.train_dataloader.batch_size
    batch *= pretraining.optim_wrapper.accumulative_counts
    assert batch == pretraining.auto_scale_lr.base_batch_size == 4096
    assert pretraining.optim_wrapper.optimizer.lr == pytest.approx(1.5e-4 * batch / 256)


def test_pre_training_warms_up_40_of_800_epochs_and_falls_as_a_cosine(pretraining):
    warm_up, fall = pretraining.param_scheduler
    assert pretraining.train_cfg.max_epochs == 800
    assert (warm_up.type, warm_up.end) == ('LinearLR', 40)
    assert (fall.type, fall.begin, fall.end, fall.eta_min) == (
        'CosineAnnealingLR', 40, 800, 0,
    )  # fmt: skip


def test_pre_training_decays_no_vector(pretraining):
    encoder = dict(type='convnext_dense.ConvNeXtV2', arch='atto')
    cfg = dict(pretraining.optim_wrapper, type='OptimWrapper')
    cfg.pop('dtype')
    wrapper = build_optim_wrapper(FCMAE(encoder), cfg)
    decayed = {
        group['params'][0].ndim > 1: group['weight_decay']
        for group in wrapper.optimizer.param_groups
    }
    assert decayed == {True: 0.05, False: 0}


def test_pre_training_masks_as_published(pretraining):
    model = pretraining.model
    assert (model.mask_ratio, model.patch_size, model.norm_pix_loss) == (0.6, 32, True)
    assert (model.decoder_depth, model.decoder_width) == (1, 512)


def test_pre_training_crops_as_published(pretraining):
    crop = pretraining.train_pipeline[1]
    assert (crop.size, tuple(crop.scale), crop.interpolation) == (224, (0.2, 1.0), 3)
