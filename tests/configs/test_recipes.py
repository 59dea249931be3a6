"""The published values, compared with what the configs resolve to.

Source: README and configs of facebookresearch/ConvNeXt@048efce.
"""

from pathlib import Path

import pytest
from mmengine.config import Config

CONFIGS = Path(__file__).parents[2] / 'configs'


@pytest.fixture(scope='module')
def detector():
    return Config.fromfile(CONFIGS / 'convnext/mask-rcnn_convnext-tiny_3x_coco.py')


@pytest.fixture(scope='module')
def segmentor():
    leaf = 'convnext/upernet_convnext-tiny_160k_ade20k-512.py'
    return Config.fromfile(CONFIGS / leaf)


@pytest.fixture(scope='module')
def pretraining():
    return Config.fromfile(CONFIGS / 'fcmae/fcmae_convnext-v2-tiny_800e_in1k.py')


def test_both_optimizers_are_the_published_adamw(detector, segmentor):
    for cfg in (detector, segmentor):
        assert cfg.optim_wrapper.optimizer == dict(
            type='AdamW', lr=1e-4, betas=(0.9, 0.999), weight_decay=0.05
        )


def test_the_detector_decays_layer_by_layer(detector):
    assert detector.optim_wrapper.paramwise_cfg == dict(
        decay_rate=0.95, decay_type='layer_wise'
    )


def test_the_segmentor_decays_stage_by_stage(segmentor):
    assert segmentor.optim_wrapper.paramwise_cfg == dict(
        decay_rate=0.9, decay_type='stage_wise'
    )


def test_both_train_in_mixed_precision_without_clipping(detector, segmentor):
    for cfg in (detector, segmentor):
        assert cfg.optim_wrapper.type == 'AmpOptimWrapper'
        assert 'clip_grad' not in cfg.optim_wrapper


def test_both_drop_paths_at_04_and_start_with_a_layer_scale_of_one(detector, segmentor):
    for cfg in (detector, segmentor):
        assert cfg.model.backbone.drop_path_rate == 0.4
        assert cfg.model.backbone.layer_scale_init_value == 1.0


def test_both_start_from_the_imagenet_weights_without_ema(detector, segmentor):
    for cfg in (detector, segmentor):
        weights = cfg.model.backbone.init_cfg.checkpoint
        assert weights == 'convnext_dense://convnext_tiny_1k_224'


def test_the_detector_trains_36_epochs_with_steps_at_27_and_33(detector):
    warm_up, steps = detector.param_scheduler
    assert detector.train_cfg.max_epochs == 36
    assert (warm_up.type, warm_up.end, warm_up.by_epoch) == ('LinearLR', 500, False)
    assert (steps.milestones, steps.end) == ([27, 33], 36)


def test_the_segmentor_trains_160k_iterations_of_a_linear_fall(segmentor):
    warm_up, fall = segmentor.param_scheduler
    assert segmentor.train_cfg.max_iters == 160_000
    assert (warm_up.start_factor, warm_up.end) == (1e-6, 1500)
    assert (fall.type, fall.power, fall.eta_min, fall.end) == (
        'PolyLR', 1.0, 0.0, 160_000,
    )  # fmt: skip


def test_both_batches_are_16_on_8_gpus(detector, segmentor):
    for cfg in (detector, segmentor):
        assert cfg.train_dataloader.batch_size * 8 == 16


def test_the_detector_sees_the_short_sides_480_to_800(detector):
    (whole,), cropped = detector.train_pipeline[3]['transforms']
    assert whole.scales == [(side, 1333) for side in range(480, 801, 32)]
    assert cropped[0].scales == [(side, 1333) for side in (400, 500, 600)]
    assert cropped[1].crop_size == (384, 600)
    assert cropped[2].scales == whole.scales


def test_the_detectors_loader_uses_that_pipeline(detector):
    assert detector.train_dataloader.dataset.pipeline == detector.train_pipeline


def test_the_segmentor_has_the_published_heads(segmentor):
    head, auxiliary = segmentor.model.decode_head, segmentor.model.auxiliary_head
    assert (head.channels, head.pool_scales) == (512, (1, 2, 3, 6))
    assert (auxiliary.channels, auxiliary.in_index) == (256, 2)
    assert auxiliary.loss_decode.loss_weight == 0.4
    assert head.dropout_ratio == auxiliary.dropout_ratio == 0.1
    assert head.norm_cfg.type == auxiliary.norm_cfg.type == 'SyncBN'


def test_the_segmentor_is_tested_on_sliding_windows_of_512_every_341(segmentor):
    assert segmentor.model.test_cfg == dict(
        mode='slide', crop_size=(512, 512), stride=(341, 341)
    )


def test_multi_scale_testing_covers_half_to_seven_quarters_with_flips(segmentor):
    resizes, flips, *_ = segmentor.tta_pipeline[1].transforms
    assert [r.scale_factor for r in resizes] == [0.5, 0.75, 1.0, 1.25, 1.5, 1.75]
    assert [f.prob for f in flips] == [0.0, 1.0]


# Masked pre-training: TRAINING.md and main_pretrain.py of
# facebookresearch/ConvNeXt-V2@2553895.


def test_pre_training_is_the_published_adamw(pretraining):
    assert pretraining.optim_wrapper.optimizer == dict(
        type='AdamW', lr=2.4e-3, betas=(0.9, 0.95), weight_decay=0.05
    )


def test_pre_training_sees_4096_images_a_step_at_the_published_rate(pretraining):
    batch = pretraining.auto_scale_lr.base_batch_size
    batch *= pretraining.optim_wrapper.accumulative_counts
    assert batch == 4096
    assert pretraining.optim_wrapper.optimizer.lr == pytest.approx(1.5e-4 * batch / 256)


def test_pre_training_warms_up_40_of_800_epochs_and_falls_as_a_cosine(pretraining):
    warm_up, fall = pretraining.param_scheduler
    assert pretraining.train_cfg.max_epochs == 800
    assert (warm_up.type, warm_up.end) == ('LinearLR', 40)
    assert (fall.type, fall.begin, fall.end, fall.eta_min) == (
        'CosineAnnealingLR', 40, 800, 0,
    )  # fmt: skip


def test_pre_training_decays_no_vector(pretraining):
    from mmengine.optim import build_optim_wrapper

    from convnext_dense import FCMAE

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
