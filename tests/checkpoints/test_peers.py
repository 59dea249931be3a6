"""Weights of other libraries' own models: loaded here, they give the same features."""

import pytest
import torch
import torch.nn.functional as F

from convnext_dense.backbones import ConvNeXt, ConvNeXtV2
from convnext_dense.checkpoints import load_pretrained
from convnext_dense.checkpoints.renaming import rename, to_timm

# One block a stage: the widths are what differs between variants, and the names of
# further blocks differ in their number alone.
DEPTHS = (1, 1, 1, 1)
FAMILIES = [
    pytest.param(family, family.variants[arch].widths, id=f'{family.__name__}-{arch}')
    for family in (ConvNeXt, ConvNeXtV2)
    for arch in family.variants
]
every_width = pytest.mark.parametrize(('family', 'widths'), FAMILIES)


@pytest.fixture(scope='module')
def timm():
    return pytest.importorskip('timm', reason='timm is not installed')


@pytest.fixture(scope='module')
def transformers():
    return pytest.importorskip('transformers', reason='transformers is not installed')


def shaken(model):
    """Let every weight show: layer scale and response norms start near zero."""
    with torch.no_grad():
        for param in model.parameters():
            param.add_(torch.randn_like(param), alpha=0.05)
    return model.eval()


def features_here(family, widths, file):
    backbone = family(dict(depths=DEPTHS, widths=widths)).eval()
    load_pretrained(backbone, file)
    return backbone(IMAGE)


def normed(x):
    """Normalise as an output norm does that the file does not have."""
    x = x.permute(0, 2, 3, 1)
    return F.layer_norm(x, x.shape[-1:], eps=1e-6).permute(0, 3, 1, 2)


IMAGE = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))


def same(found, expected):
    expected = [normed(x) for x in expected]
    torch.testing.assert_close([*found], expected, atol=1e-4, rtol=0)


def timm_model(timm, family, widths, **kwargs):
    v2 = dict(use_grn=True, ls_init_value=None) if family is ConvNeXtV2 else {}
    net = timm.models.convnext.ConvNeXt
    return shaken(net(depths=DEPTHS, dims=widths, num_classes=3, **v2, **kwargs))


@every_width
@torch.no_grad()
def test_timms_weights_give_timms_features(timm, family, widths, tmp_path):
    model = timm_model(timm, family, widths)
    torch.save(model.state_dict(), tmp_path / 'a.pth')
    expected = model.forward_intermediates(IMAGE, intermediates_only=True)
    same(features_here(family, widths, tmp_path / 'a.pth'), expected)


@torch.no_grad()
def test_timms_mlps_may_be_convolutions(timm, tmp_path):
    model = timm_model(timm, ConvNeXt, (8, 16, 24, 32), conv_mlp=True)
    torch.save(model.state_dict(), tmp_path / 'a.pth')
    expected = model.forward_intermediates(IMAGE, intermediates_only=True)
    same(features_here(ConvNeXt, (8, 16, 24, 32), tmp_path / 'a.pth'), expected)


@torch.no_grad()
def test_timms_feature_extractors_are_known(timm, tmp_path):
    model = timm.create_model(
        'convnext_atto', features_only=True, depths=DEPTHS, dims=(8, 16, 24, 32)
    )
    torch.save(shaken(model).state_dict(), tmp_path / 'a.pth')
    same(features_here(ConvNeXt, (8, 16, 24, 32), tmp_path / 'a.pth'), model(IMAGE))


@every_width
def test_our_weights_in_timms_names_fill_timms_model(timm, family, widths):
    # timm's models of these widths compute their MLPs as convolutions.
    convolves = dict(conv_mlp=family is ConvNeXt and widths[0] <= 80)
    state = timm_model(timm, family, widths, **convolves).state_dict()
    here = {key for key in state if not key.startswith('head.')}
    back = to_timm(rename(state).state)
    assert {key: value.shape for key, value in back.items()} == {
        key: state[key].shape for key in here
    }


@every_width
@pytest.mark.parametrize('task', ['Model', 'ForImageClassification', 'Backbone'])
@torch.no_grad()
def test_transformers_weights_give_its_features(
    transformers, family, widths, task, tmp_path
):
    version = 'V2' if family is ConvNeXtV2 else ''
    config = getattr(transformers, f'ConvNext{version}Config')(
        depths=[*DEPTHS], hidden_sizes=[*widths], layer_scale_init_value=1.0,
        out_indices=[1, 2, 3, 4],
    )  # fmt: skip
    model = shaken(getattr(transformers, f'ConvNext{version}{task}')(config))
    model.save_pretrained(tmp_path)
    found = features_here(family, widths, tmp_path)
    if task == 'Backbone':  # it has output norms of its own
        torch.testing.assert_close(
            [*found], [*model(IMAGE).feature_maps], atol=1e-4, rtol=0
        )
    else:
        same(found, model(IMAGE, output_hidden_states=True).hidden_states[1:])


@torch.no_grad()
def test_the_weights_of_dinov3_give_its_features(transformers, tmp_path):
    widths = ConvNeXt.variants['tiny'].widths
    config = transformers.DINOv3ConvNextConfig(
        depths=[*DEPTHS], hidden_sizes=[*widths], layer_scale_init_value=1.0
    )
    model = shaken(transformers.DINOv3ConvNextModel(config))
    model.save_pretrained(tmp_path)
    expected = model(IMAGE, output_hidden_states=True).hidden_states[1:]
    found = features_here(ConvNeXt, widths, tmp_path)
    # Its last is normed and flattened behind the pooling; the others are maps.
    same(found[:3], expected[:3])


@pytest.mark.parametrize('arch', ['tiny', 'small', 'base', 'large'])
@torch.no_grad()
def test_torchvisions_weights_give_its_features(arch, tmp_path):
    from torchvision.models.convnext import CNBlockConfig
    from torchvision.models.convnext import ConvNeXt as Theirs

    widths = ConvNeXt.variants[arch].widths
    steps = zip(widths, (*widths[1:], None), strict=True)
    model = shaken(Theirs([CNBlockConfig(now, later, 1) for now, later in steps]))
    torch.save(model.state_dict(), tmp_path / 'a.pth')
    stages, x = [], IMAGE
    for index, layer in enumerate(model.features):
        x = layer(x)
        if index % 2:
            stages.append(x)
    same(features_here(ConvNeXt, widths, tmp_path / 'a.pth'), stages)
