from fractions import Fraction

import pytest
import torch

from convnext_dense.backbones import ConvNeXt, ConvNeXtV2
from convnext_dense.checkpoints import CheckpointError, load_matching, load_pretrained
from convnext_dense.registry import MODELS

NORMS = [f'norm{i}.{part}' for i in range(4) for part in ('weight', 'bias')]


def copy_of(backbone):
    return {name: value.clone() for name, value in backbone.state_dict().items()}


def holds(backbone, state):
    """Tell whether every weight, output norms aside, is the one of ``state``."""
    ours = backbone.state_dict()
    return all(
        ours[name].equal(state[name].flatten() if '.grn.' in name else state[name])
        for name in ours
        if name not in NORMS
    )


# --- what is loaded -----------------------------------------------------------------


def test_a_v1_classifier_is_loaded(v1, v1_state, save):
    load_pretrained(v1, save({'model': v1_state}))
    assert holds(v1, v1_state)


def test_a_v2_classifier_is_loaded(small, v2_state, save):
    backbone = small(ConvNeXtV2, widths=(8, 12, 16, 24))
    backbone.apply(lambda m: [p.data.zero_() for p in m.parameters(recurse=False)])
    load_pretrained(backbone, save({'model': v2_state}))
    assert holds(backbone, v2_state)


def test_output_norms_that_the_file_has_are_loaded(small, v1, save):
    state = small(ConvNeXt).state_dict()
    load_pretrained(v1, save({f'backbone.{k}': v for k, v in state.items()}))
    assert all(v1.state_dict()[name].equal(state[name]) for name in NORMS)


def test_output_norms_that_the_file_has_not_keep_their_values(v1, v1_state, save):
    before = copy_of(v1)
    load_pretrained(v1, save(v1_state))
    assert all(v1.state_dict()[name].equal(before[name]) for name in NORMS)


@pytest.mark.parametrize('wrapper', ['model', 'state_dict', 'model_state_dict', None])
def test_weights_are_found_under_the_usual_wrappers(v1, v1_state, save, wrapper):
    load_pretrained(v1, save({wrapper: v1_state} if wrapper else v1_state))
    assert holds(v1, v1_state)


@pytest.mark.parametrize('prefix', ['module.', 'model.', 'backbone.', 'encoder.'])
def test_weights_are_found_behind_the_usual_prefixes(v1, v1_state, save, prefix):
    load_pretrained(v1, save({f'{prefix}{k}': v for k, v in v1_state.items()}))
    assert holds(v1, v1_state)


@pytest.mark.parametrize('first', ['backbone.', 'ema_backbone.'])
@pytest.mark.parametrize('ema', ['ema_backbone.', 'EMA.'])
def test_an_average_beside_the_weights_is_not_taken(v1, v1_state, save, first, ema):
    state = {f'backbone.{k}': v for k, v in v1_state.items()}
    average = {f'{ema}{k}': v + 1 for k, v in v1_state.items()}
    both = state | average if first == 'backbone.' else average | state
    load_pretrained(v1, save({'state_dict': both}))
    assert holds(v1, v1_state)


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16], ids=str)
def test_half_precision_is_loaded_into_full(v1, v1_state, save, dtype):
    halves = {name: value.to(dtype) for name, value in v1_state.items()}
    load_pretrained(v1, save(halves))
    assert holds(v1, {name: value.float() for name, value in halves.items()})


@pytest.mark.parametrize('out_indices', [(0, 1), (2,), (3, 1)], ids=str)
def test_a_backbone_built_in_part_loads_a_whole_file(
    small, v1_state, save, out_indices
):
    backbone = small(ConvNeXt, out_indices=out_indices)
    load_pretrained(backbone, save(v1_state))
    assert holds(backbone, v1_state)


@pytest.mark.parametrize('out_indices', [(0, 1), (2,), (3, 1)], ids=str)
def test_a_backbone_built_in_part_loads_a_whole_detector(small, save, out_indices):
    state = small(ConvNeXt).state_dict()
    backbone = small(ConvNeXt, out_indices=out_indices)
    load_pretrained(backbone, save({f'backbone.{k}': v for k, v in state.items()}))
    assert all(v.equal(state[k]) for k, v in backbone.state_dict().items())


def test_a_path_may_be_text(v1, v1_state, save):
    load_pretrained(v1, str(save(v1_state)))
    assert holds(v1, v1_state)


def test_trust_is_passed_on_to_the_reading(v1, v1_state, save):
    file = save({'model': v1_state, 'args': Fraction(1, 2)})
    load_pretrained(v1, file, trust=True)
    assert holds(v1, v1_state)


def test_without_trust_objects_beside_the_weights_are_refused(
    v1, v1_state, save, refused
):
    file = save({'model': v1_state, 'args': Fraction(1, 2)})
    refused(v1, file, r'fractions\.Fraction')


def test_frozen_weights_stay_frozen(small, v1_state, save):
    backbone = small(ConvNeXt, frozen_stages=4)
    load_pretrained(backbone, save(v1_state))
    trained = {n for n, param in backbone.named_parameters() if param.requires_grad}
    assert trained == set(NORMS)


# --- the report ---------------------------------------------------------------------


@pytest.fixture
def report(v1, v1_state, save):
    return load_pretrained(v1, save({'model': v1_state}))


def test_the_report_names_the_layout(report):
    assert report.layout == 'official V1'


def test_the_report_tells_v2_from_v1(small, v2_state, save):
    found = load_pretrained(small(ConvNeXtV2), save(v2_state)).layout
    assert found == 'official V2'


def test_the_report_names_where_in_the_file_the_weights_were(v1, v1_state, save):
    file = save({f'backbone.{k}': v for k, v in v1_state.items()})
    assert load_pretrained(v1, file).layout == 'official V1 in backbone'


def test_the_report_lists_what_was_loaded(report, v1):
    assert sorted(report.loaded) == sorted(set(v1.state_dict()) - set(NORMS))


def test_the_report_lists_the_norms_that_are_missing(report):
    assert sorted(report.missing) == sorted(NORMS)


def test_the_report_lists_what_belongs_to_something_else(report):
    assert sorted(report.ignored) == [
        'head.bias', 'head.weight', 'norm.bias', 'norm.weight'
    ]  # fmt: skip


def test_the_report_lists_stages_that_are_not_built_as_ignored(small, v1_state, save):
    report = load_pretrained(small(ConvNeXt, out_indices=(2,)), save(v1_state))
    assert {k for k in v1_state if k.startswith('stages.3.')} <= {*report.ignored}


def test_nothing_is_left_over_in_a_load_that_worked(report):
    assert report.unexpected == []


def test_the_log_says_what_was_not_used(v1, v1_state, save, monkeypatch):
    lines = []
    monkeypatch.setattr(
        'convnext_dense.checkpoints.loading.print_log',
        lambda text, logger: lines.append(text),
    )
    load_pretrained(v1, save(v1_state))
    assert 'not used of it: 4 ' in lines[0]


# --- what does not fit --------------------------------------------------------------

# Settings of the backbone for which the file of 2, 1, 3 and 1 blocks is wrong, and
# what the error must say.
MISFITS = {
    'deeper': (dict(depths=(2, 1, 4, 1)), 'stages.2.3.gamma'),
    'shallower': (dict(depths=(2, 1, 2, 1)), 'stages.2.2.gamma'),
    'wider': (dict(widths=(8, 12, 16, 32)), r'downsample_layers.3.1.weight is \(24,'),
    'narrower': (dict(widths=(4, 12, 16, 24)), r'downsample_layers.0.0.weight is \(8,'),
    'other images': (dict(in_channels=4), r'\(8, 3, 4, 4\) there and \(8, 4, 4, 4\)'),
    'no layer scale': (dict(layer_scale_init_value=0.0), 'stages.0.0.gamma'),
}
misfits = pytest.mark.parametrize(('kwargs', 'name'), MISFITS.values(), ids=MISFITS)


@misfits
def test_a_backbone_of_another_form_is_refused_by_name(
    small, v1_state, save, refused, kwargs, name
):
    refused(small(ConvNeXt, **kwargs), save(v1_state), name)


@misfits
def test_nothing_changes_in_a_backbone_that_does_not_fit(
    small, v1_state, save, refused, kwargs, name
):
    backbone = small(ConvNeXt, **kwargs)
    before = copy_of(backbone)
    refused(backbone, save(v1_state))
    assert all(value.equal(before[k]) for k, value in backbone.state_dict().items())


def test_v1_is_refused_by_v2(small, v1_state, save, refused):
    refused(small(ConvNeXtV2), save(v1_state), r'grn[\s\S]*gamma')


def test_v2_is_refused_by_v1(v1, v2_state, save, refused):
    refused(v1, save(v2_state), r'gamma[\s\S]*grn')


def test_a_missing_weight_is_named(v1, v1_state, save, refused):
    del v1_state['stages.1.0.dwconv.bias']
    refused(
        v1, save(v1_state), r'1 weights of the model .*: stages\.1\.0\.dwconv\.bias'
    )


def test_an_output_norm_missing_beside_others_is_named(small, v1, save, refused):
    state = small(ConvNeXt).state_dict()
    del state['norm2.bias']
    refused(v1, save(state), r'1 weights of the model .*: norm2\.bias')


def test_a_weight_without_a_place_is_named(v1, v1_state, save, refused):
    v1_state['stages.1.0.se.weight'] = torch.ones(3)
    refused(v1, save(v1_state), r'1 of its weights .*: stages\.1\.0\.se\.weight')


def test_an_error_names_the_file(v1, v1_state, save, refused):
    del v1_state['stages.1.0.dwconv.bias']
    file = save(v1_state)
    assert str(file) in str(refused(v1, file))


def test_an_error_names_the_backbone(v1, v2_state, save, refused):
    assert 'does not fit this ConvNeXt;' in str(refused(v1, save(v2_state)))


def test_a_layout_that_is_not_known_is_refused(v1, save, refused):
    file = save({'layer1.0.conv1.weight': torch.ones(3)})
    refused(v1, file, 'no layout that is known')


def test_weights_under_numbers_are_refused(v1, save, refused):
    refused(v1, save({0: torch.ones(3)}), 'no weights')


@pytest.mark.parametrize('name', ['stages.4.0.gamma', 'downsample_layers.4.0.weight'])
def test_a_fifth_stage_is_refused(v1, v1_state, save, refused, name):
    v1_state[name] = torch.ones(3)
    refused(v1, save(v1_state), f'no place in the model: {name}')


def test_a_stage_without_a_number_is_refused(v1, v1_state, save, refused):
    v1_state['stages.extra.weight'] = torch.ones(3)
    refused(v1, save(v1_state), r'stages\.extra\.weight')


# --- init_cfg -----------------------------------------------------------------------


def pretrained(file):
    return dict(type='Pretrained', checkpoint=str(file))


def test_init_cfg_goes_through_the_loader(small, v1_state, save):
    backbone = small(ConvNeXt, init_cfg=pretrained(save({'model': v1_state})))
    for param in backbone.parameters():
        param.data.zero_()
    backbone.init_weights()
    assert holds(backbone, v1_state)


def test_init_cfg_with_a_file_that_does_not_fit_is_an_error(small, v2_state, save):
    backbone = small(ConvNeXt, init_cfg=pretrained(save(v2_state)))
    with pytest.raises(CheckpointError, match='does not fit'):
        backbone.init_weights()


@pytest.mark.filterwarnings('ignore:init_weights')
def test_a_second_init_weights_does_nothing(small, v1_state, save):
    backbone = small(ConvNeXt, init_cfg=pretrained(save(v1_state)))
    backbone.init_weights()
    before = copy_of(backbone)
    backbone.stages[0][0].gamma.data.fill_(7)
    backbone.init_weights()
    changed = {k for k, v in backbone.state_dict().items() if not v.equal(before[k])}
    assert changed == {'stages.0.0.gamma'}


def test_the_registry_builds_a_backbone_with_weights(v1_state, save):
    backbone = MODELS.build(
        dict(
            type='ConvNeXt',
            arch=dict(depths=(2, 1, 3, 1), widths=(8, 12, 16, 24)),
            init_cfg=pretrained(save(v1_state)),
        )
    )
    backbone.init_weights()
    assert holds(backbone, v1_state)


def test_the_model_around_a_backbone_loads_its_weights(small, v1_state, save):
    from mmengine.model import BaseModule

    model = BaseModule()
    model.backbone = small(ConvNeXt, init_cfg=pretrained(save(v1_state)))
    model.init_weights()
    assert holds(model.backbone, v1_state)


def test_pretrained_weights_come_after_other_initialisers(small, v1_state, save):
    norms = dict(type='Constant', layer='LayerNorm2d', val=3.0)
    init_cfg = [pretrained(save(v1_state)), norms]
    backbone = small(ConvNeXt, init_cfg=init_cfg)
    backbone.init_weights()
    assert holds(backbone, v1_state)


def test_other_initialisers_reach_what_the_file_has_not(small, v1_state, save):
    norms = dict(type='Constant', layer='LayerNorm2d', val=3.0)
    init_cfg = [pretrained(save(v1_state)), norms]
    backbone = small(ConvNeXt, init_cfg=init_cfg)
    backbone.init_weights()
    assert backbone.norm0.weight.equal(torch.full((8,), 3.0))


def test_weights_in_a_list_of_initialisers_must_fit_too(small, v2_state, save):
    backbone = small(ConvNeXt, init_cfg=[pretrained(save(v2_state))])
    with pytest.raises(CheckpointError, match='does not fit'):
        backbone.init_weights()


# --- the very same model ------------------------------------------------------------


def test_a_matching_state_is_loaded(v1, small):
    state = small(ConvNeXt).state_dict()
    load_matching(v1, state, 'epoch_1.pth')
    assert all(value.equal(state[k]) for k, value in v1.state_dict().items())


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (lambda s: s.pop('norm0.bias'), 'not in it: norm0.bias'),
        (lambda s: s.update(extra=torch.ones(1)), 'no place in the model: extra'),
        (lambda s: s.update({'norm0.bias': torch.ones(9)}), r'norm0.bias is \(9,\)'),
    ],
    ids=['missing', 'left over', 'shape'],
)
def test_a_state_that_does_not_match_is_refused_with_its_source(
    v1, small, change, message
):
    state = dict(small(ConvNeXt).state_dict())
    change(state)
    before = copy_of(v1)
    with pytest.raises(CheckpointError, match=rf'epoch_1.pth[\s\S]*{message}'):
        load_matching(v1, state, 'epoch_1.pth')
    assert all(value.equal(before[k]) for k, value in v1.state_dict().items())


# --- what is no weight --------------------------------------------------------------


@pytest.mark.parametrize('value', [float('nan'), float('inf')])
def test_weights_that_are_no_finite_numbers_are_refused(
    v1, v1_state, save, refused, value
):
    v1_state['stages.1.0.pwconv1.weight'][0, 0] = value
    refused(v1, save(v1_state), r'no finite numbers: stages\.1\.0\.pwconv1\.weight')


def test_complex_weights_are_refused(v1, v1_state, save, refused):
    name = 'stages.1.0.pwconv1.weight'
    v1_state[name] = v1_state[name].to(torch.complex64)
    refused(v1, save(v1_state), 'no finite numbers')


def test_a_matrix_without_dimensions_is_refused_by_its_file(
    v1, v1_state, save, refused
):
    v1_state['stages.1.0.pwconv1.weight'] = torch.ones(())
    file = save(v1_state)
    assert str(file) in str(refused(v1, file))
