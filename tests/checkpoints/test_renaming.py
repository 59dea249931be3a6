import pytest
import torch

from convnext_dense.backbones import ConvNeXt, ConvNeXtV2
from convnext_dense.checkpoints.layouts import LAYOUTS
from convnext_dense.checkpoints.renaming import rename, rename_within

STEM = 'downsample_layers.0.0.weight'


def state_of(*names):
    return {name: torch.zeros(()) for name in names}


@pytest.mark.parametrize('prefix', ['', 'backbone.', 'encoder.', 'module.backbone.'])
def test_a_prefix_is_taken_off(prefix):
    found = rename(state_of(f'{prefix}{STEM}', f'{prefix}stages.0.0.gamma'))
    assert [*found.state] == [STEM, 'stages.0.0.gamma']


def test_values_are_passed_on():
    value = torch.ones(3)
    assert rename({f'backbone.{STEM}': value}).state[STEM] is value


def test_response_norms_are_flattened():
    state = {STEM: torch.ones(1), 'stages.0.0.grn.gamma': torch.ones(1, 1, 1, 5)}
    assert rename(state).state['stages.0.0.grn.gamma'].shape == (5,)


@pytest.mark.parametrize(
    'name',
    [
        'head.weight', 'norm.bias', 'decoder.0.dwconv.weight', 'proj.weight',
        'pred.bias', 'mask_token',
    ],
)  # fmt: skip
def test_what_is_beside_a_backbone_is_ignored(name):
    assert rename(state_of(STEM, name)).ignored == [name]


@pytest.mark.parametrize('name', ['norm0.weight', 'norm3.bias', 'stages.0.0.norm.bias'])
def test_norms_of_the_backbone_are_kept(name):
    assert name in rename(state_of(STEM, name)).state


def test_other_parts_of_a_detector_are_ignored():
    found = rename(state_of(f'backbone.{STEM}', 'neck.norm0.weight', 'rpn_head.bias'))
    assert found.ignored == ['neck.norm0.weight', 'rpn_head.bias']


def test_every_key_is_either_kept_or_ignored():
    names = [
        f'backbone.{STEM}',
        f'ema_backbone.{STEM}',
        'neck.weight',
        'backbone.head.w',
    ]
    found = rename(state_of(*names))
    assert len(found.state) + len(found.ignored) == len(names)


def test_the_source_is_left_alone():
    state = {STEM: torch.ones(1), 'stages.0.0.grn.gamma': torch.ones(1, 1, 1, 5)}
    rename(state)
    assert state['stages.0.0.grn.gamma'].shape == (1, 1, 1, 5)


@pytest.mark.parametrize(
    'names', [(), ('conv1.weight',), ('stages.0.0.gamma',)], ids=str
)
def test_an_unknown_layout_has_no_names_of_ours(names):
    assert rename(state_of(*names)) is None


@pytest.mark.parametrize(
    ('case', 'layout'),
    [
        ('convnext_official_small', 'official V1'),
        ('convnext_official_detector_small', 'official V1 in backbone'),
        ('convnextv2_official_small', 'official V2'),
    ],
)
def test_published_layouts_are_recognised(golden, case, layout):
    checkpoint = golden(case)['checkpoint']
    assert rename(checkpoint.get('model') or checkpoint['state_dict']).layout == layout


# --- whole models -------------------------------------------------------------------


def test_a_detectors_backbone_is_renamed_and_its_heads_are_not():
    state = state_of(
        f'backbone.{STEM}', 'backbone.stages.0.0.depthwise_conv.bias', 'neck.conv.bias'
    )
    assert rename_within(state).keys() == {
        f'backbone.{STEM}', 'backbone.stages.0.0.dwconv.bias', 'neck.conv.bias'
    }  # fmt: skip


def test_a_model_without_a_known_backbone_is_left_alone():
    state = state_of('backbone.layer1.0.conv1.weight', 'neck.conv.bias')
    assert rename_within(state) == state


@pytest.mark.parametrize(
    ('case', 'layout'),
    [
        ('conv2former_k7_official_small', 'official Conv2Former'),
        (
            'convnextv2_fcmae_sparse_small',
            'official V2, sparse pre-training in encoder',
        ),
        ('convnext_timm_small', 'timm'),
        ('convnextv2_transformers_small', 'transformers'),
        ('convnext_dinov3_transformers_small', 'transformers, DINOv3 in model'),
        ('convnext_torchvision_small', 'torchvision'),
        ('convnext_mmpretrain_small', 'mmpretrain in backbone'),
    ],
)
def test_layouts_of_other_projects_are_recognised(golden, case, layout):
    checkpoint = golden(case)['checkpoint']
    state = checkpoint.get('model') or checkpoint.get('state_dict') or checkpoint
    assert rename(state).layout == layout


def test_the_norm_of_a_mmpretrain_classifier_is_no_output_norm():
    state = {STEM: torch.ones(1), 'stages.0.0.depthwise_conv.bias': torch.ones(1)}
    norm = {f'norm3.{part}': torch.ones(1) for part in ('weight', 'bias')}
    found = rename(state | norm | {'head.fc.weight': torch.ones(1)})
    assert {*norm} <= {*found.ignored}


def test_the_norms_of_an_mmpretrain_detector_are_output_norms():
    state = {STEM: torch.ones(1), 'stages.0.0.depthwise_conv.bias': torch.ones(1)}
    norms = {f'norm{i}.weight': torch.ones(1) for i in (1, 2, 3)}
    found = rename({f'backbone.{k}': v for k, v in (state | norms).items()})
    assert {*norms} <= {*found.state}


@pytest.mark.parametrize('layout', LAYOUTS, ids=lambda layout: layout.name)
@pytest.mark.parametrize('family', [ConvNeXt, ConvNeXtV2])
def test_every_name_of_ours_survives_the_way_there_and_back(small, layout, family):
    names = [name for name in small(family).state_dict() if name[:4] != 'norm']
    if 'sparse' in layout.name:  # its stem is an ordinary convolution
        names = [name for name in names if not name.startswith('downsample_layers.0')]
    assert [layout.ours(layout.theirs(name)) for name in names] == names
