import pytest
import torch

from convnext_dense.backbones import ConvNeXtV2
from convnext_dense.layers import GlobalResponseNorm


def test_it_takes_no_layer_scale():
    with pytest.raises(TypeError, match='layer_scale_init_value'):
        ConvNeXtV2('atto', layer_scale_init_value=1.0)


def test_it_has_no_layer_scale():
    names = [name for name, _ in ConvNeXtV2('atto').named_parameters()]
    assert {n for n in names if n.endswith('gamma')} == {
        n for n in names if n.endswith('grn.gamma')
    }


def test_every_block_has_a_response_norm():
    norms = [
        m for m in ConvNeXtV2('atto').modules() if isinstance(m, GlobalResponseNorm)
    ]
    assert len(norms) == sum(ConvNeXtV2.variants['atto'].depths)


def test_response_norms_start_as_the_identity_also_after_init_weights():
    backbone = ConvNeXtV2('atto')
    backbone.init_weights()
    affine = [p for n, p in backbone.named_parameters() if '.grn.' in n]
    assert not torch.cat(affine).any()
