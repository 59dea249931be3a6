"""The published values, compared with what the configs resolve to.

Sources of recipes.csv: README and configs of facebookresearch/ConvNeXt@048efce; the
paper of ConvNeXt V2 (arXiv 2301.00808) and mmdetection's re-run of its base model; the
paper of Conv2Former (arXiv 2211.11943). The column ``ours`` names what they lack.
"""

import ast
import csv
from pathlib import Path

import pytest
import torch
from mmengine.registry import MODELS

from convnext_dense.checkpoints.zoo import SCHEME, ZOO
from convnext_dense.engine.complexity import complexity

CONFIGS = Path(__file__).parents[2] / 'configs'
FAMILIES = ('convnext', 'convnext_v2', 'conv2former')
with (Path(__file__).parent / 'recipes.csv').open(newline='') as file:
    ROWS = {row['config']: row for row in csv.DictReader(file)}
DETECTORS = {name: row for name, row in ROWS.items() if row['decay_type'][0] == 'l'}
SEGMENTORS = {name: row for name, row in ROWS.items() if name not in DETECTORS}
CASCADES = {name: row for name, row in ROWS.items() if '/cascade-' in name}


def each(rows):
    """Make a test run once a recipe, with its row and its resolved config."""
    return pytest.mark.parametrize(
        ('row', 'cfg'), [(row, name) for name, row in rows.items()],
        ids=[name.split('/')[1] for name in rows], indirect=['cfg'],
    )  # fmt: skip


@pytest.fixture
def cfg(request, read):
    return read(CONFIGS / f'{request.param}.py')


def test_every_published_recipe_has_a_row_and_every_row_a_recipe():
    leaves = [path for family in FAMILIES for path in (CONFIGS / family).glob('*.py')]
    assert {f'{path.parent.name}/{path.stem}' for path in leaves} == {*ROWS}


@each({name: row for name, row in ROWS.items() if row['ours']})
def test_a_leaf_says_which_values_are_our_choice(row, cfg):
    docstring = ast.get_docstring(ast.parse(Path(cfg.filename).read_text()))
    assert 'Our choice' in docstring


@each(ROWS)
def test_the_optimizer_is_the_published_adamw(row, cfg):
    assert cfg.optim_wrapper.optimizer == dict(
        type='AdamW', lr=float(row['lr']), betas=(0.9, 0.999), weight_decay=0.05
    )


@each(ROWS)
def test_the_layer_decay_is_the_published_one(row, cfg):
    assert cfg.optim_wrapper.paramwise_cfg == dict(
        decay_rate=float(row['decay_rate']), decay_type=row['decay_type']
    )


@each(ROWS)
def test_the_groups_of_the_decay_follow_from_the_depth(row, cfg):
    with torch.device('meta'):
        backbone = MODELS.build(cfg.model.backbone)
    assert backbone.num_layers == int(row['groups'])


@each(ROWS)
def test_precision_is_mixed_where_it_was(row, cfg):
    wrapper = {'yes': 'AmpOptimWrapper', 'no': 'OptimWrapper'}[row['amp']]
    assert cfg.optim_wrapper.type == wrapper


@each(ROWS)
def test_gradients_are_not_clipped(row, cfg):
    assert 'clip_grad' not in cfg.optim_wrapper


@each(ROWS)
def test_the_batch_on_8_gpus_is_the_published_one(row, cfg):
    assert cfg.train_dataloader.batch_size * 8 == int(row['batch'])


@each(ROWS)
def test_the_drop_path_rate_is_the_published_one(row, cfg):
    assert cfg.model.backbone.drop_path_rate == float(row['drop_path'])


@each({name: row for name, row in ROWS.items() if name.startswith('convnext/')})
def test_layer_scale_starts_at_one(row, cfg):
    assert cfg.model.backbone.layer_scale_init_value == 1.0


@each(ROWS)
def test_the_backbone_starts_from_the_published_weights(row, cfg):
    assert cfg.model.backbone.init_cfg == dict(
        type='Pretrained', checkpoint=SCHEME + row['weights']
    )


@each(ROWS)
def test_the_zoo_knows_the_weights(row, cfg):
    assert row['weights'] in ZOO


@each({name: row for name, row in ROWS.items() if row['flops']})
def test_a_model_has_the_published_size_and_cost(row, cfg):
    *_, total = complexity(cfg.filename)
    assert total.flops == pytest.approx(float(row['flops']), rel=0.02)
    params = float(row['params'] or total.params)
    assert total.params == pytest.approx(params, rel=0.01)


@each(ROWS)
def test_the_readme_of_the_family_tells_the_recipe(row, cfg):
    path = Path(cfg.filename)
    lines = (path.parent / 'README.md').read_text().splitlines()
    (line,) = [line for line in lines if f'({path.name})' in line]
    for key in ('lr', 'drop_path', 'decay_rate'):
        assert f'{key.split("_rate")[0].replace("_", " ")} {row[key]}' in line
    assert ('float32' in line) == (row['amp'] == 'no')
    assert f'`{row["weights"]}`' in line


@each(DETECTORS)
def test_a_detector_trains_for_the_published_epochs_and_steps(row, cfg):
    warm_up, steps = cfg.param_scheduler
    epochs = int(row['length'])
    assert cfg.train_cfg.max_epochs == steps.end == epochs
    milestones = [int(step) for step in row['steps'].split()]
    assert (steps.milestones, steps.by_epoch) == (milestones, True)
    assert (warm_up.type, warm_up.by_epoch, warm_up.begin) == ('LinearLR', False, 0)
    assert warm_up.end == int(row['warmup'])


@each(SEGMENTORS)
def test_a_segmentor_trains_for_the_published_iterations_of_a_linear_fall(row, cfg):
    warm_up, fall = cfg.param_scheduler
    assert cfg.train_cfg.max_iters == int(row['length'])
    assert (warm_up.start_factor, warm_up.end) == (1e-6, int(row['warmup']))
    assert (fall.type, fall.power, fall.eta_min) == ('PolyLR', 1.0, 0.0)
    assert (fall.begin, fall.end) == (warm_up.end, int(row['length']))
    assert warm_up.by_epoch is fall.by_epoch is False


@each(ROWS)
def test_the_training_loader_uses_the_pipeline_of_the_config(row, cfg):
    assert cfg.train_dataloader.dataset.pipeline == cfg.train_pipeline


@each(SEGMENTORS)
def test_so_does_the_loader_of_tests(row, cfg):
    assert cfg.test_dataloader.dataset.pipeline == cfg.test_pipeline


@each({name: row for name, row in DETECTORS.items() if row['data'] == 'detr'})
def test_a_detector_sees_the_short_sides_480_to_800(row, cfg):
    (whole,), cropped = cfg.train_pipeline[3]['transforms']
    assert whole.scales == [(side, 1333) for side in range(480, 801, 32)]
    assert cropped[0].scales == [(side, 1333) for side in (400, 500, 600)]
    assert cropped[1].crop_size == (384, 600)
    assert cropped[2].scales == whole.scales


@each({name: row for name, row in DETECTORS.items() if row['data'] == 'lsj'})
def test_a_detector_sees_scales_of_a_tenth_to_twice_of_1024(row, cfg):
    resize, crop = cfg.train_pipeline[2:4]
    assert (resize.scale, resize.ratio_range) == ((1024, 1024), (0.1, 2.0))
    assert crop.crop_size == (1024, 1024)


@each(DETECTORS)
def test_only_the_detectors_of_v2_are_tested_with_soft_nms(row, cfg):
    v2 = cfg.model.backbone.type.endswith('V2')
    assert cfg.model.test_cfg.rcnn.nms.type == ('soft_nms' if v2 else 'nms')


@each(CASCADES)
def test_a_cascade_has_three_heads_of_four_convolutions_and_a_layer(row, cfg):
    heads = cfg.model.roi_head.bbox_head
    assert [head.type for head in heads] == ['ConvFCBBoxHead'] * 3
    for head in heads:
        assert (head.num_shared_convs, head.num_shared_fcs) == (4, 1)
        assert head.norm_cfg.type == 'SyncBN'


@each(CASCADES)
def test_a_cascade_regresses_decoded_boxes_of_each_class_by_giou(row, cfg):
    for head in cfg.model.roi_head.bbox_head:
        assert (head.loss_bbox.type, head.loss_bbox.loss_weight) == ('GIoULoss', 10.0)
        assert head.reg_decoded_bbox
        assert not head.reg_class_agnostic


@each(CASCADES)
def test_each_head_of_a_cascade_regresses_finer_than_the_last(row, cfg):
    heads = cfg.model.roi_head.bbox_head
    assert [head.bbox_coder.target_stds for head in heads] == [
        [0.1, 0.1, 0.2, 0.2], [0.05, 0.05, 0.1, 0.1], [0.033, 0.033, 0.067, 0.067]
    ]  # fmt: skip


@each(SEGMENTORS)
def test_a_segmentor_has_the_published_heads(row, cfg):
    head, auxiliary = cfg.model.decode_head, cfg.model.auxiliary_head
    assert (head.channels, head.pool_scales) == (512, (1, 2, 3, 6))
    assert (auxiliary.channels, auxiliary.in_index) == (256, 2)
    assert auxiliary.loss_decode.loss_weight == 0.4
    assert head.dropout_ratio == auxiliary.dropout_ratio == 0.1
    assert head.norm_cfg.type == auxiliary.norm_cfg.type == 'SyncBN'


@each(SEGMENTORS)
def test_a_segmentor_is_trained_on_the_crops_of_its_name(row, cfg):
    crop = int(row['data'])
    resize, cut = cfg.train_pipeline[2:4]
    assert (resize.scale, resize.ratio_range) == ((4 * crop, crop), (0.5, 2.0))
    assert cut.crop_size == cfg.model.data_preprocessor.size == (crop, crop)
    assert cfg.test_pipeline[1].scale == (4 * crop, crop)


@each(SEGMENTORS)
def test_a_segmentor_is_tested_on_windows_that_overlap_by_a_third(row, cfg):
    crop, stride = {'512': (512, 341), '640': (640, 426)}[row['data']]
    assert cfg.model.test_cfg == dict(
        mode='slide', crop_size=(crop, crop), stride=(stride, stride)
    )


@each(SEGMENTORS)
def test_multi_scale_testing_covers_the_published_ratios_with_flips(row, cfg):
    v2 = cfg.model.backbone.type.endswith('V2')
    first, last, number = (0.75, 1.25, 5) if v2 else (0.5, 1.75, 6)
    resizes, flips, *_ = cfg.tta_pipeline[1].transforms
    crop = int(row['data'])
    ratios = torch.linspace(first, last, number).tolist()
    assert [resize.scale for resize in resizes] == [
        (int(4 * crop * ratio), int(crop * ratio)) for ratio in ratios
    ]
    assert [flip.prob for flip in flips] == [0.0, 1.0]


@each({name: row for name, row in ROWS.items() if name.startswith('conv2former/')})
def test_the_batch_norms_of_conv2formers_stem_are_synchronised(row, cfg):
    assert cfg.sync_bn == 'torch'
