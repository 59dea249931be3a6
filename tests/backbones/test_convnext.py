import pytest
import torch

from convnext_dense.backbones import ConvNeXt, ConvNeXtV2


def gammas(backbone):
    return {n: p for n, p in backbone.named_parameters() if n.endswith('.gamma')}


@pytest.mark.parametrize('value', [1e-6, 1.0])
@pytest.mark.parametrize('init', [False, True], ids=['built', 'init_weights() called'])
def test_layer_scale_starts_at_the_given_value(value, init):
    backbone = ConvNeXt('atto', layer_scale_init_value=value)
    if init:
        backbone.init_weights()
    found = torch.cat([*gammas(backbone).values()])
    assert found.equal(torch.full_like(found, value))


def test_every_block_has_a_layer_scale():
    assert len(gammas(ConvNeXt('atto'))) == sum(ConvNeXt.variants['atto'].depths)


def test_layer_scale_starts_as_for_classification_by_default():
    found = torch.cat([*gammas(ConvNeXt('atto')).values()])
    assert found.equal(torch.full_like(found, 1e-6))


@pytest.mark.parametrize('value', [0.0, -1.0])
def test_a_layer_scale_that_is_not_positive_means_none(value):
    assert not gammas(ConvNeXt('atto', layer_scale_init_value=value))


def test_a_block_without_layer_scale_is_one_with_a_layer_scale_of_one(small):
    plain = small(ConvNeXt, layer_scale_init_value=0.0).double().eval()
    scaled = small(ConvNeXt, layer_scale_init_value=1.0).double().eval()
    scaled.load_state_dict(plain.state_dict(), strict=False)
    for gamma in gammas(scaled).values():
        gamma.data.fill_(1)
    x = torch.randn(1, 3, 64, 64, dtype=torch.float64)
    torch.testing.assert_close(scaled(x), plain(x))


@pytest.mark.parametrize('arch', ['atto', 'femto', 'pico', 'nano'])
def test_the_smallest_variants_have_the_shape_of_v2(arch):
    assert ConvNeXt.variants[arch] == ConvNeXtV2.variants[arch]
