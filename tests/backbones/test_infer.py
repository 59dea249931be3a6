import pytest
import torch

from convnext_dense.backbones import Conv2Former, ConvNeXt, ConvNeXtV2
from convnext_dense.backbones.infer import backbone_of
from convnext_dense.errors import CheckpointError

families = pytest.mark.parametrize('family', [ConvNeXt, ConvNeXtV2, Conv2Former])


@families
def test_family_depths_and_widths_are_seen_in_the_weights(small, family, tmp_path):
    backbone = small(family)
    torch.save(backbone.state_dict(), tmp_path / 'a.pth')
    assert str(backbone_of(tmp_path / 'a.pth')) == str(backbone)


@families
def test_the_precision_is_that_of_the_file(small, family, tmp_path):
    torch.save(small(family).half().state_dict(), tmp_path / 'a.pth')
    found = backbone_of(tmp_path / 'a.pth')
    assert {param.dtype for param in found.parameters()} == {torch.float16}


@pytest.mark.parametrize('kernel_size', [5, 7, 11])
def test_the_kernel_of_conv2former_is_seen(kernel_size, tmp_path):
    arch = dict(depths=(1, 1, 1, 1), widths=(8, 8, 8, 8), kernel_size=kernel_size)
    torch.save(Conv2Former(arch).state_dict(), tmp_path / 'a.pth')
    convolution = backbone_of(tmp_path / 'a.pth').stages[0][0].attn.att[2]
    assert convolution.kernel_size == (kernel_size, kernel_size)


def test_a_network_without_layer_scale_is_known(small, tmp_path):
    state = small(ConvNeXt, layer_scale_init_value=0.0).state_dict()
    torch.save(state, tmp_path / 'a.pth')
    assert backbone_of(tmp_path / 'a.pth').stages[0][0].gamma is None


def test_outputs_are_those_that_the_file_has_norms_for(small, tmp_path):
    torch.save(small(ConvNeXt, out_indices=(1, 3)).state_dict(), tmp_path / 'a.pth')
    assert backbone_of(tmp_path / 'a.pth').out_indices == (1, 3)


def test_a_network_cut_in_the_middle_is_refused(small, tmp_path):
    state = small(ConvNeXt, out_indices=(0, 1)).state_dict()
    torch.save(state, tmp_path / 'a.pth')
    with pytest.raises(CheckpointError, match=r'stages\.2\.0\.norm\.weight'):
        backbone_of(tmp_path / 'a.pth')


def test_an_unknown_layout_is_refused(tmp_path):
    torch.save({'conv1.weight': torch.ones(3)}, tmp_path / 'a.pth')
    with pytest.raises(CheckpointError, match='no layout that is known'):
        backbone_of(tmp_path / 'a.pth')
