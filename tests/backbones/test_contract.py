"""What every registered backbone promises, whatever its blocks are."""

import copy
import pickle

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from mmengine.config import Config
from torch import nn

from convnext_dense.backbones.pyramid import Pyramid
from convnext_dense.errors import UserError
from convnext_dense.layers import DropPath
from convnext_dense.registry import MODELS

MODELS.import_from_location()
BACKBONES = [
    found
    for found in MODELS.module_dict.values()
    if isinstance(found, type) and issubclass(found, Pyramid)
]
backbones = pytest.mark.parametrize(
    'backbone_class', BACKBONES, ids=[cls.__name__ for cls in BACKBONES]
)
variants = pytest.mark.parametrize(
    ('backbone_class', 'arch'),
    [
        pytest.param(cls, arch, id=f'{cls.__name__}-{arch}')
        for cls in BACKBONES
        for arch in cls.variants
    ],
)
FROZEN_STAGES = [-1, 0, 1, 2, 3, 4]


def on_meta(backbone_class, *args, **kwargs):
    """Build without memory or arithmetic, so that the largest costs nothing."""
    with torch.device('meta'):
        return backbone_class(*args, **kwargs)


def image(*, batch=2, height=64, width=64, dtype=torch.float64):
    return torch.randn(batch, 3, height, width, dtype=dtype)


def loss(features):
    """Weigh all features at random: their plain sum would be that of a norm."""
    torch.manual_seed(2)
    return sum((x * torch.randn_like(x)).sum() for x in features)


def grads(backbone, x):
    loss(backbone(x)).backward()
    return {name: param.grad for name, param in backbone.named_parameters()}


# --- shapes -------------------------------------------------------------------------


@variants
def test_features_have_the_widths_and_strides_of_the_variant(backbone_class, arch):
    backbone = on_meta(backbone_class, arch)
    features = backbone(torch.empty(1, 3, 64, 96, device='meta'))
    assert [x.shape for x in features] == [
        (1, width, 16 >> stage, 24 >> stage)
        for stage, width in enumerate(backbone_class.variants[arch].widths)
    ]


@variants
def test_stages_have_the_depths_of_the_variant(backbone_class, arch):
    stages = on_meta(backbone_class, arch).stages
    assert tuple(map(len, stages)) == backbone_class.variants[arch].depths


@backbones
@pytest.mark.parametrize('out_indices', [(0,), (3,), (1, 3), (3, 0, 2)], ids=str)
def test_features_come_in_the_order_of_out_indices(small, backbone_class, out_indices):
    complete = small(backbone_class).double().eval()
    partial = small(backbone_class, out_indices=out_indices).double().eval()
    partial.load_state_dict(complete.state_dict(), strict=False)
    x = image()
    expected = complete(x)
    assert all(
        found.equal(expected[stage])
        for found, stage in zip(partial(x), out_indices, strict=True)
    )


@backbones
@pytest.mark.parametrize('last', range(4))
def test_stages_behind_the_last_output_are_not_built(backbone_class, last):
    arch = next(iter(backbone_class.variants))
    backbone = on_meta(backbone_class, arch, out_indices=(last,))
    assert len(backbone.stages) == len(backbone.downsample_layers) == last + 1


@backbones
@given(height=st.integers(32, 100), width=st.integers(32, 100))
def test_odd_sizes_are_rounded_down_at_every_halving(backbone_class, height, width):
    backbone = on_meta(backbone_class, next(iter(backbone_class.variants)))
    features = backbone(torch.empty(1, 3, height, width, device='meta'))
    # Conv2Former's first convolution is padded, so that it rounds up.
    padded = backbone_class.__name__ == 'Conv2Former'
    height, width = ((side + padded) // 2 // 2 for side in (height, width))
    assert [x.shape[2:] for x in features] == [
        (height // 2**stage, width // 2**stage) for stage in range(4)
    ]


@backbones
@pytest.mark.parametrize('channels', [1, 4])
def test_images_may_have_other_than_three_channels(small, backbone_class, channels):
    backbone = small(backbone_class, in_channels=channels).eval()
    assert len(backbone(torch.randn(1, channels, 64, 64))) == 4


# --- values -------------------------------------------------------------------------


@backbones
def test_memory_format_does_not_change_the_features(small, backbone_class):
    backbone = small(backbone_class).double().eval()
    x = image()
    found = backbone(x.contiguous(memory_format=torch.channels_last))
    torch.testing.assert_close(found, backbone(x))


@backbones
def test_an_image_does_not_depend_on_the_others_in_the_batch(small, backbone_class):
    backbone = small(backbone_class).double().eval()
    x = image()
    x[1] *= 100
    torch.testing.assert_close([f[:1] for f in backbone(x)], [*backbone(x[:1])])


@backbones
def test_every_block_shows_in_the_features(small, backbone_class):
    backbone = small(backbone_class).double().eval()
    x = image()
    before = backbone(x)[-1]
    blocks = [block for stage in backbone.stages for block in stage]
    unseen = []
    for block in blocks:
        handle = block.register_forward_hook(lambda _, inputs, output: inputs[0])
        if backbone(x)[-1].allclose(before):
            unseen.append(block)
        handle.remove()
    assert not unseen


@backbones
def test_features_are_finite_under_bfloat16_autocast(small, backbone_class):
    backbone = small(backbone_class)
    with torch.autocast('cpu', torch.bfloat16):
        features = backbone(image(dtype=torch.float32))
    assert all(x.isfinite().all() for x in features)


@backbones
def test_gradients_are_finite_under_bfloat16_autocast(small, backbone_class):
    backbone = small(backbone_class)
    with torch.autocast('cpu', torch.bfloat16):
        value = loss(backbone(image(dtype=torch.float32)))
    value.backward()
    assert all(param.grad.isfinite().all() for param in backbone.parameters())


@backbones
def test_gradients_reach_every_parameter(small, backbone_class):
    found = grads(small(backbone_class).double(), image())
    assert [n for n, grad in found.items() if grad is None or not grad.any()] == []


@backbones
def test_checkpointing_does_not_change_the_features(small, backbone_class):
    x = image()
    plain = small(backbone_class).double()(x)
    saving = small(backbone_class, with_cp=True).double()(x)
    assert all(a.equal(b) for a, b in zip(plain, saving, strict=True))


@backbones
def test_checkpointing_does_not_change_the_gradients(small, backbone_class):
    x = image()
    plain = grads(small(backbone_class).double(), x)
    saving = grads(small(backbone_class, with_cp=True).double(), x)
    torch.testing.assert_close(saving, plain)


@backbones
def test_checkpointing_runs_every_block_twice(small, backbone_class):
    backbone = small(backbone_class, with_cp=True).double()
    runs = []
    for stage in backbone.stages:
        for block in stage:
            block.register_forward_pre_hook(lambda *_: runs.append(1))
    grads(backbone, image())
    assert len(runs) == 2 * sum(backbone.depths)


@backbones
@pytest.mark.parametrize(
    'duplicate',
    [copy.deepcopy, lambda backbone: pickle.loads(pickle.dumps(backbone))],
    ids=['deepcopy', 'pickle'],
)
def test_copies_give_the_same_features(small, backbone_class, duplicate):
    backbone = small(backbone_class).double().eval()
    x = image()
    found = duplicate(backbone)(x)
    assert all(a.equal(b) for a, b in zip(found, backbone(x), strict=True))


# --- stochastic depth ---------------------------------------------------------------


@variants
def test_drop_path_grows_linearly_to_the_given_rate(backbone_class, arch):
    backbone = on_meta(backbone_class, arch, drop_path_rate=0.7)
    blocks = [block for stage in backbone.stages for block in stage]
    found = [
        {drop.rate for drop in block.modules() if isinstance(drop, DropPath)}
        for block in blocks
    ]
    last = len(blocks) - 1
    expected = [[pytest.approx(0.7 * index / last)] for index in range(last + 1)]
    assert list(map(list, found)) == expected


@backbones
def test_drop_path_does_not_depend_on_the_outputs_asked_for(backbone_class):
    arch = next(iter(backbone_class.variants))
    complete, partial = (
        on_meta(backbone_class, arch, drop_path_rate=0.7, out_indices=out_indices)
        for out_indices in ((0, 1, 2, 3), (1,))
    )
    assert str(partial.stages[1]) == str(complete.stages[1])


@backbones
def test_drop_path_changes_the_features_in_training(small, backbone_class):
    backbone = small(backbone_class, drop_path_rate=0.9).double()
    x = image()
    assert not backbone.train()(x)[-1].allclose(backbone.eval()(x)[-1])


# --- parameters ---------------------------------------------------------------------


@variants
def test_no_parameter_is_shared(backbone_class, arch):
    backbone = on_meta(backbone_class, arch)
    everything = [*backbone.named_parameters(remove_duplicate=False)]
    assert len(everything) == len([*backbone.parameters()])


@variants
def test_every_layer_id_has_parameters(backbone_class, arch):
    backbone = on_meta(backbone_class, arch)
    ids = {backbone.layer_of(name) for name, _ in backbone.named_parameters()}
    assert ids == set(range(backbone.num_layers + 2))


@variants
def test_output_norms_have_the_last_layer_id(backbone_class, arch):
    backbone = on_meta(backbone_class, arch)
    last = backbone.num_layers + 1
    names = [name for name, _ in backbone.named_parameters()]
    found = {name.split('.')[0] for name in names if backbone.layer_of(name) == last}
    assert found == {'norm0', 'norm1', 'norm2', 'norm3'}


def in_order_of_use(backbone):
    """List the parameters, output norms aside, in the order a forward pass uses."""
    names = []
    for path, module in backbone.named_modules():
        if path and not path.startswith('norm'):
            own = [f'{path}.{name}' for name in module._parameters]
            module.register_forward_pre_hook(lambda *_, own=own: names.extend(own))
    backbone(torch.empty(1, 3, 64, 64, device='meta'))
    return names


@variants
def test_layer_ids_never_fall_towards_the_output(backbone_class, arch):
    backbone = on_meta(backbone_class, arch)
    ids = [backbone.layer_of(name) for name in in_order_of_use(backbone)]
    assert ids == sorted(ids)


@variants
def test_stage_ids_never_fall_from_stage_to_stage(backbone_class, arch):
    # The published rule puts all downsampling layers with the stem, so only blocks.
    backbone = on_meta(backbone_class, arch)
    names = [name for name in in_order_of_use(backbone) if name.startswith('stages')]
    ids = [backbone.stage_of(name) for name in names]
    assert (ids, {*ids}) == (sorted(ids), {1, 2, 3, 4})


@backbones
@given(depth=st.integers(1, 60))
def test_a_group_has_at_most_three_blocks_of_the_third_stage(backbone_class, depth):
    arch = next(iter(backbone_class.variants.values()))._asdict()
    backbone = on_meta(backbone_class, arch | dict(depths=(1, 1, depth, 1)))
    assert backbone.num_layers == 3 + (depth + 2) // 3


# --- freezing -----------------------------------------------------------------------


def frozen_parts(backbone, frozen_stages):
    """Name what ``frozen_stages`` says: the stem, then whole stages with their
    downsampling in front."""  # fmt: skip
    stages = range(max(frozen_stages, 0))
    down = range(max(frozen_stages, 1)) if frozen_stages >= 0 else ()
    parts = [f'downsample_layers.{i}' for i in down] + [f'stages.{i}' for i in stages]
    return tuple(f'{part}.' for part in parts)


@backbones
@pytest.mark.parametrize('frozen_stages', FROZEN_STAGES)
@pytest.mark.parametrize('trained', [False, True], ids=['built', 'train() called'])
def test_exactly_the_named_parts_are_frozen(
    small, backbone_class, frozen_stages, trained
):
    backbone = small(backbone_class, frozen_stages=frozen_stages)
    if trained:
        backbone.requires_grad_(True).train()
    frozen = {n for n, param in backbone.named_parameters() if not param.requires_grad}
    parts = frozen_parts(backbone, frozen_stages)
    assert frozen == {
        name for name, _ in backbone.named_parameters() if name.startswith(parts)
    }


@backbones
@pytest.mark.parametrize('frozen_stages', FROZEN_STAGES)
def test_exactly_the_frozen_parts_stay_in_evaluation(
    small, backbone_class, frozen_stages
):
    backbone = small(backbone_class, frozen_stages=frozen_stages).eval().train()
    still = {name for name, module in backbone.named_modules() if not module.training}
    parts = frozen_parts(backbone, frozen_stages)
    assert still == {
        name for name, _ in backbone.named_modules() if f'{name}.'.startswith(parts)
    }


@backbones
def test_a_frozen_backbone_that_is_built_in_part_can_be_trained(small, backbone_class):
    backbone = small(backbone_class, frozen_stages=4, out_indices=(1,)).train()
    trained = {n for n, param in backbone.named_parameters() if param.requires_grad}
    assert trained == {'norm1.weight', 'norm1.bias'}


# --- initial weights ----------------------------------------------------------------


@backbones
def test_weights_start_with_the_published_deviation(backbone_class):
    backbone = backbone_class(next(iter(backbone_class.variants)))
    backbone.init_weights()
    layers = [m for m in backbone.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    weights = [m.weight for m in layers if m.weight.numel() > 1000]
    assert [w.std().item() for w in weights] == pytest.approx(
        [0.02] * len(weights), rel=0.1
    )


@backbones
def test_weights_start_around_zero(backbone_class):
    backbone = backbone_class(next(iter(backbone_class.variants)))
    backbone.init_weights()
    layers = [m for m in backbone.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    values = torch.cat([m.weight.flatten() for m in layers])
    # Six deviations: nothing is cut at the published bounds of -2 and 2.
    assert values.mean().abs() < 1e-4
    assert 0.06 < values.abs().max() < 0.12


@backbones
def test_biases_start_at_zero(small, backbone_class):
    backbone = small(backbone_class)
    backbone.init_weights()
    layers = [m for m in backbone.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    biases = [m.bias for m in layers if m.bias is not None]
    assert biases
    assert not any(bias.any() for bias in biases)


# --- arguments ----------------------------------------------------------------------


@backbones
def test_an_unknown_arch_is_refused_with_the_choices(backbone_class):
    with pytest.raises(UserError, match="'giant'") as error:
        backbone_class('giant')
    assert [name for name in backbone_class.variants if name not in str(error)] == []


@backbones
@pytest.mark.parametrize(
    'change',
    [
        dict(depths=(1, 1, 1)),
        dict(widths=(8, 8, 8, 8, 8)),
        dict(depths=()),
        dict(depths=(2, 2, 0, 2)),
        dict(depths=(2, 2, -1, 2)),
        dict(depths=2),
        dict(widths=(8, 8.5, 8, 8)),
        dict(heads=3),
    ],
    ids=str,
)
def test_an_arch_of_another_form_is_refused(backbone_class, change):
    arch = next(iter(backbone_class.variants.values()))._asdict()
    with pytest.raises(UserError, match=r'^arch '):
        backbone_class(arch | change)


@backbones
@pytest.mark.parametrize('key', ['depths', 'widths'])
def test_an_arch_in_part_is_refused(backbone_class, key):
    arch = next(iter(backbone_class.variants.values()))._asdict()
    del arch[key]
    with pytest.raises(UserError, match=key):
        backbone_class(arch)


@backbones
@pytest.mark.parametrize(
    'kwargs',
    [
        dict(out_indices=()),
        dict(out_indices=(4,)),
        dict(out_indices=(-1,)),
        dict(out_indices=(0, 0)),
        dict(frozen_stages=-2),
        dict(frozen_stages=5),
        dict(drop_path_rate=-0.1),
        dict(drop_path_rate=1.0),
    ],
    ids=str,
)
def test_a_value_out_of_range_is_refused_by_name(backbone_class, kwargs):
    with pytest.raises(UserError, match=next(iter(kwargs))):
        on_meta(backbone_class, next(iter(backbone_class.variants)), **kwargs)


@backbones
def test_an_unknown_argument_is_refused(backbone_class):
    with pytest.raises(TypeError, match='window_size'):
        on_meta(backbone_class, next(iter(backbone_class.variants)), window_size=7)


def arguments(backbone_class):
    arch = next(iter(backbone_class.variants.values()))._asdict()
    return dict(
        arch=arch | dict(depths=[1, 1, 1, 1], widths=[8, 8, 8, 8]),
        out_indices=[0, 2],
        init_cfg=[dict(type='Normal', layer=['Conv2d'], std=0.1)],
    )


@backbones
def test_the_callers_lists_and_dicts_are_left_alone(backbone_class):
    given_ = arguments(backbone_class)
    backbone_class(**given_).init_weights()
    assert given_ == arguments(backbone_class)


@backbones
def test_a_config_builds_the_same_as_a_call(backbone_class):
    kwargs = arguments(backbone_class)
    kind = f'convnext_dense.{backbone_class.__name__}'
    config = Config(dict(model=dict(type=kind, **kwargs)))
    assert str(MODELS.build(config.model)) == str(backbone_class(**kwargs))


@backbones
def test_a_list_changed_afterwards_changes_nothing(backbone_class):
    given_ = arguments(backbone_class)
    backbone = backbone_class(**given_)
    given_['out_indices'].append(3)
    given_['arch']['depths'][0] = 9
    assert (backbone.out_indices, backbone.depths) == ((0, 2), (1, 1, 1, 1))
