import copy
import json

import pytest
import torch
from mmengine.optim import OptimWrapper, build_optim_wrapper
from mmengine.registry import OPTIM_WRAPPER_CONSTRUCTORS, DefaultScope
from torch import nn

from convnext_dense.backbones import ConvNeXt, ConvNeXtV2
from convnext_dense.errors import UserError
from convnext_dense.optim import LayerDecayConstructor, layer_decay

RECIPES = [
    'mask_rcnn_tiny', 'cascade_tiny', 'cascade_small', 'cascade_base', 'upernet_tiny',
    'upernet_base', 'upernet_xlarge',
]  # fmt: skip
OPTIMIZER = dict(type='AdamW', lr=1e-3, weight_decay=0.05)
variants = pytest.mark.parametrize(
    ('family', 'arch'),
    [
        pytest.param(family, arch, id=f'{family.__name__}-{arch}')
        for family in (ConvNeXt, ConvNeXtV2)
        for arch in family.variants
    ],
)
decay_types = pytest.mark.parametrize('decay_type', ['layer_wise', 'stage_wise'])


class Model(nn.Module):
    """A backbone with something around it."""

    def __init__(self, backbone):
        super().__init__()
        self.backbone = backbone
        self.neck = nn.Conv2d(8, 8, 3)
        self.head = nn.Linear(8, 2)


class Wrapped(nn.Module):
    """What wraps a model as torch's DistributedDataParallel does."""

    def __init__(self, model):
        super().__init__()
        self.module = model


class Layered(nn.Module):
    """A foreign backbone that knows its layers but no stages."""

    num_layers = 2

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(2, 2) for _ in range(4))

    def layer_of(self, name):
        return int(name.split('.')[1])


def constructor(optimizer=OPTIMIZER, wrapper=None, **paramwise):
    paramwise.setdefault('decay_rate', 0.5)
    return LayerDecayConstructor(
        dict(wrapper or {}, optimizer=optimizer), paramwise_cfg=paramwise
    )


def on_meta(family, arch='atto', **kwargs):
    with torch.device('meta'):
        return Model(family(arch, **kwargs))


def by_name(groups, key='lr'):
    return {name: group[key] for group in groups for name in group['param_names']}


# --- the published rule -------------------------------------------------------------


@pytest.fixture(params=RECIPES)
def recipe(request, shared):
    return json.loads((shared / 'golden/layer_decay.json').read_text())[request.param]


def found_for(recipe):
    arch = dict(depths=recipe['depths'], widths=(8, 8, 8, 8))
    optimizer = {'type': 'AdamW', **{k: recipe[k] for k in ('lr', 'weight_decay')}}
    paramwise = {k: v for k, v in recipe['paramwise_cfg'].items() if k != 'num_layers'}
    return constructor(optimizer, **paramwise).param_groups(on_meta(ConvNeXt, arch))


def test_the_same_parameters_as_in_the_official_code_are_trained(recipe):
    assert by_name(found_for(recipe)).keys() == recipe['params'].keys()


def test_learning_rates_are_those_of_the_official_code(recipe):
    expected = {name: lr for name, (lr, _) in recipe['params'].items()}
    assert by_name(found_for(recipe)) == pytest.approx(expected, rel=1e-12, abs=0)


def test_weight_decay_is_that_of_the_official_code(recipe):
    expected = {name: decay for name, (_, decay) in recipe['params'].items()}
    found = by_name(found_for(recipe), 'weight_decay')
    assert found == pytest.approx(expected, rel=1e-12, abs=0)


def test_the_number_of_layers_that_the_official_code_is_told_is_derived(recipe):
    arch = dict(depths=recipe['depths'], widths=(8, 8, 8, 8))
    backbone = on_meta(ConvNeXt, arch).backbone
    assert backbone.num_layers == recipe['paramwise_cfg']['num_layers']


# --- learning rates -----------------------------------------------------------------


@pytest.mark.parametrize(
    ('blocks', 'num_layers'), [(6, 5), (8, 6), (9, 6), (27, 12), (34, 15), (48, 19)]
)
def test_the_number_of_layers_follows_from_the_third_stage(blocks, num_layers):
    arch = dict(depths=(3, 3, blocks, 3), widths=(8, 8, 8, 8))
    model = on_meta(ConvNeXt, arch)
    groups = constructor(decay_rate=0.5).param_groups(model)
    assert groups[0]['lr_scale'] == 0.5 ** (num_layers + 1)


@variants
@decay_types
def test_nothing_learns_faster_than_the_full_rate(family, arch, decay_type):
    groups = constructor(decay_type=decay_type).param_groups(on_meta(family, arch))
    assert max(group['lr_scale'] for group in groups) == 1


@variants
@decay_types
def test_learning_rates_never_fall_from_block_to_block(family, arch, decay_type):
    model = on_meta(family, arch)
    scales = by_name(constructor(decay_type=decay_type).param_groups(model), 'lr_scale')
    blocks = [n for n, _ in model.named_parameters() if '.stages.' in n]
    in_order = [scales[name] for name in blocks]
    assert in_order == sorted(in_order)


@variants
def test_out_norms_learn_at_full_rate(family, arch):
    scales = by_name(constructor().param_groups(on_meta(family, arch)), 'lr_scale')
    found = {name: s for name, s in scales.items() if name.startswith('backbone.norm')}
    assert found == {
        f'backbone.norm{i}.{part}': 1 for i in range(4) for part in ('weight', 'bias')
    }


def test_everything_outside_the_backbone_learns_at_full_rate():
    rates = by_name(constructor().param_groups(on_meta(ConvNeXt)))
    outside = {n: lr for n, lr in rates.items() if not n.startswith('backbone.')}
    assert outside == dict.fromkeys(
        ('neck.weight', 'neck.bias', 'head.weight', 'head.bias'), 1e-3
    )


def test_a_decay_rate_of_one_gives_everything_the_full_rate():
    groups = constructor(decay_rate=1).param_groups(on_meta(ConvNeXt))
    assert {group['lr'] for group in groups} == {1e-3}


def test_groups_are_ordered_from_the_input_to_the_output():
    groups = constructor().param_groups(on_meta(ConvNeXt))
    scales = [group['lr_scale'] for group in groups]
    assert scales == sorted(scales)


# --- weight decay and membership ----------------------------------------------------


@variants
def test_only_biases_and_one_dimensional_parameters_do_not_decay(family, arch):
    model = on_meta(family, arch)
    decays = by_name(constructor().param_groups(model), 'weight_decay')
    spared = {name for name, decay in decays.items() if decay == 0}
    assert spared == {
        n for n, p in model.named_parameters() if p.ndim == 1 or n.endswith('.bias')
    }


def test_a_bias_of_two_dimensions_does_not_decay():
    model = nn.ModuleDict(dict(backbone=Layered(), head=nn.Module()))
    model['head'].bias = nn.Parameter(torch.zeros(2, 2))
    decays = by_name(constructor().param_groups(model), 'weight_decay')
    assert decays['head.bias'] == 0


def test_without_weight_decay_nothing_decays():
    groups = constructor(dict(type='SGD', lr=1.0)).param_groups(on_meta(ConvNeXt))
    assert {group['weight_decay'] for group in groups} == {0}


def test_frozen_parameters_are_left_out():
    model = on_meta(ConvNeXt, frozen_stages=2)
    found = by_name(constructor().param_groups(model)).keys()
    assert found == {n for n, p in model.named_parameters() if p.requires_grad}


@variants
def test_every_parameter_is_in_one_group(family, arch):
    model = on_meta(family, arch)
    groups = constructor().param_groups(model)
    found = sorted(id(p) for group in groups for p in group['params'])
    assert found == sorted(map(id, model.parameters()))


def test_names_and_parameters_of_a_group_go_together():
    model = on_meta(ConvNeXt)
    params = dict(model.named_parameters())
    assert all(
        params[name] is param
        for group in constructor().param_groups(model)
        for name, param in zip(group['param_names'], group['params'], strict=True)
    )


# --- where the backbone is ----------------------------------------------------------


@pytest.mark.parametrize('depth', [0, 1, 3])
def test_the_backbone_is_found_at_any_depth(depth):
    model = on_meta(ConvNeXt).backbone
    for _ in range(depth):
        model = nn.ModuleDict(dict(inner=model))
    scales = by_name(constructor(decay_rate=0.5).param_groups(model), 'lr_scale')
    stem = 'inner.' * depth + 'downsample_layers.0.0.weight'
    # Atto has a third stage of six blocks, so five layers.
    assert scales[stem] == 0.5**6


def test_a_backbone_of_another_package_needs_only_its_layers():
    model = nn.ModuleDict(dict(backbone=Layered()))
    scales = by_name(constructor(decay_rate=0.5).param_groups(model), 'lr_scale')
    weights = [scales[f'backbone.layers.{i}.weight'] for i in range(4)]
    assert weights == [1 / 8, 1 / 4, 1 / 2, 1]


def test_a_wrapped_model_gives_the_groups_of_the_model():
    model = on_meta(ConvNeXt)
    found = constructor()(Wrapped(model)).optimizer.param_groups
    expected = constructor()(model).optimizer.param_groups
    assert by_name(found) == by_name(expected)


@decay_types
def test_a_model_without_layers_is_refused_by_the_name_of_its_backbone(decay_type):
    model = nn.ModuleDict(dict(backbone=nn.Sequential(nn.Linear(2, 2))))
    with pytest.raises(UserError, match=r'Sequential.*layer_of'):
        constructor(decay_type=decay_type)(model)


def test_a_bare_module_without_layers_is_refused_by_its_name():
    with pytest.raises(UserError, match=r'Linear.*layer_of'):
        constructor()(nn.Linear(2, 2))


def test_stage_wise_decay_of_a_backbone_without_stages_is_refused():
    with pytest.raises(UserError, match=r'Layered has no `stage_of`'):
        constructor(decay_type='stage_wise')(Layered())


# --- settings -----------------------------------------------------------------------


def test_the_right_number_of_layers_may_be_given():
    model = on_meta(ConvNeXt, 'tiny')
    assert constructor(num_layers=6).param_groups(model)


@pytest.mark.parametrize('num_layers', [5, 7, 12])
def test_a_wrong_number_of_layers_is_refused_with_the_right_one(num_layers):
    with pytest.raises(UserError, match=rf'num_layers={num_layers} .* has 6 '):
        constructor(num_layers=num_layers).param_groups(on_meta(ConvNeXt, 'tiny'))


def test_unknown_keys_are_refused_by_name():
    with pytest.raises(UserError, match='bias_decay_mult'):
        constructor(bias_decay_mult=0.0)


@pytest.mark.parametrize('rate', [0, -0.5, 1.01, float('nan'), None, '0.7'])
def test_a_decay_rate_out_of_range_is_refused(rate):
    with pytest.raises(UserError, match=rf'decay_rate .*{rate!r}'):
        constructor(decay_rate=rate)


@pytest.mark.parametrize('paramwise', [None, {}, dict(decay_type='layer_wise')])
def test_a_decay_rate_is_required(paramwise):
    with pytest.raises(UserError, match='decay_rate'):
        LayerDecayConstructor(dict(optimizer=OPTIMIZER), paramwise)


def test_an_unknown_decay_type_is_refused_with_the_choices():
    with pytest.raises(UserError, match=r"'block_wise'.*layer_wise, stage_wise"):
        constructor(decay_type='block_wise')


def test_a_wrapper_without_an_optimizer_is_refused():
    with pytest.raises(UserError, match='optimizer'):
        LayerDecayConstructor(dict(type='OptimWrapper'), dict(decay_rate=0.9))


def test_an_optimizer_without_a_learning_rate_is_refused():
    with pytest.raises(UserError, match='lr'):
        constructor(dict(type='AdamW'))


def test_the_callers_configs_are_left_alone():
    wrapper = dict(type='OptimWrapper', optimizer=dict(OPTIMIZER, betas=[0.9, 0.99]))
    paramwise = dict(decay_rate=0.5, decay_type='stage_wise')
    before = copy.deepcopy((wrapper, paramwise))
    LayerDecayConstructor(wrapper, paramwise)(on_meta(ConvNeXt))
    assert (wrapper, paramwise) == before


# --- through mmengine ---------------------------------------------------------------


@pytest.fixture
def scope():
    with DefaultScope.overwrite_default_scope('mmengine'):
        yield


def test_it_is_built_from_mmengines_registry(scope):
    found = OPTIM_WRAPPER_CONSTRUCTORS.build(
        dict(
            type='convnext_dense.LayerDecayConstructor',
            optim_wrapper_cfg=dict(type='OptimWrapper', optimizer=OPTIMIZER),
            paramwise_cfg=dict(decay_rate=0.5),
        )
    )
    assert isinstance(found, LayerDecayConstructor)


def test_a_config_names_it(scope):
    wrapper = build_optim_wrapper(
        on_meta(ConvNeXt),
        dict(
            type='OptimWrapper',
            optimizer=OPTIMIZER,
            constructor='convnext_dense.LayerDecayConstructor',
            paramwise_cfg=dict(decay_rate=0.5),
        ),
    )
    assert min(group['lr'] for group in wrapper.optimizer.param_groups) == 1e-3 / 2**6


def test_the_wrapper_is_mmengines_by_default():
    assert type(constructor()(on_meta(ConvNeXt))) is OptimWrapper


def test_the_wrapper_of_the_config_is_built():
    class Other(OptimWrapper):
        pass

    assert type(constructor(wrapper=dict(type=Other))(on_meta(ConvNeXt))) is Other


def test_settings_of_the_wrapper_are_passed_on():
    wrapper = dict(type='OptimWrapper', clip_grad=dict(max_norm=3))
    assert constructor(wrapper=wrapper)(on_meta(ConvNeXt)).clip_grad_kwargs == {
        'max_norm': 3
    }


def test_settings_of_the_optimizer_are_passed_on():
    built = constructor(dict(OPTIMIZER, betas=(0.8, 0.9)))(on_meta(ConvNeXt))
    assert built.optimizer.param_groups[0]['betas'] == (0.8, 0.9)


def test_a_step_moves_later_layers_further(small):
    backbone = small(ConvNeXt)
    wrapper = constructor(dict(type='SGD', lr=1.0), decay_rate=0.1)(backbone)
    before = copy.deepcopy(backbone.state_dict())
    for param in backbone.parameters():
        param.grad = torch.ones_like(param)
    wrapper.step()
    moved = {k: (before[k] - v).mean() for k, v in backbone.state_dict().items()}
    assert moved['norm3.weight'] == pytest.approx(1.0)
    assert moved['stages.3.0.dwconv.weight'] == pytest.approx(0.1, rel=1e-3)


# --- the log ------------------------------------------------------------------------


@pytest.fixture
def logged(monkeypatch):
    lines = []
    monkeypatch.setattr(
        layer_decay, 'print_log', lambda text, logger: lines.extend(text.split('\n'))
    )
    return lines


def test_the_table_has_one_line_per_group(logged):
    groups = constructor()(on_meta(ConvNeXt)).optimizer.param_groups
    _title, _header, *rows = logged
    assert [row.split()[-1] for row in rows] == [g['param_names'][0] for g in groups]


def test_the_table_counts_every_parameter(logged):
    model = on_meta(ConvNeXt)
    constructor()(model)
    counts = [int(row.split()[3].replace(',', '')) for row in logged[2:]]
    assert sum(counts) == sum(p.numel() for p in model.parameters())


def test_the_table_shows_the_learning_rates(logged):
    groups = constructor()(on_meta(ConvNeXt)).optimizer.param_groups
    found = [float(row.split()[1]) for row in logged[2:]]
    assert found == pytest.approx([group['lr'] for group in groups], rel=1e-3)
