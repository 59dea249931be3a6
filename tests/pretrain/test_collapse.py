import pytest
import torch
import torch.nn.functional as F

from convnext_dense import Conv2Former, ConvNeXt, ConvNeXtV2
from convnext_dense.errors import CheckpointError
from convnext_dense.pretrain.collapse import (
    backbone_of,
    block_distances,
    cosine_distance,
)


def test_the_distance_is_the_mean_over_all_pairs():
    x = torch.randn(2, 3, 4, 5, dtype=torch.float64)
    columns = x.flatten(1, 2)
    for image, found in zip(columns, cosine_distance(x), strict=True):
        pairs = [
            (1 - F.cosine_similarity(image[:, i], image[:, j], dim=0)) / 2
            for i in range(5)
            for j in range(5)
        ]
        assert found.item() == pytest.approx(torch.stack(pairs).mean().item())


def test_channels_that_are_alike_have_no_distance():
    x = torch.randn(1, 6, 6, 1).expand(-1, -1, -1, 8) * torch.arange(1, 9)
    assert cosine_distance(x).item() == pytest.approx(0, abs=1e-9)


def test_opposite_channels_are_half_a_unit_apart():
    x = torch.randn(1, 6, 6, 1)
    assert cosine_distance(torch.cat([x, -x], -1)).item() == pytest.approx(0.5)


@pytest.mark.parametrize('family', [ConvNeXt, ConvNeXtV2])
def test_every_block_is_measured_in_order(small, family):
    found = block_distances(small(family), torch.randn(2, 3, 64, 64))
    assert [*found] == [
        f'stages.{stage}.{block}'
        for stage, depth in enumerate((2, 1, 3, 1))
        for block in range(depth)
    ]
    assert all(0 <= value <= 0.5 for value in found.values())


def test_measuring_leaves_no_hook_behind(small):
    backbone = small(ConvNeXtV2)
    block_distances(backbone, torch.randn(1, 3, 32, 32))
    assert not any(module._forward_pre_hooks for module in backbone.modules())


@pytest.mark.parametrize('family', [ConvNeXt, ConvNeXtV2])
def test_a_checkpoint_tells_its_own_architecture(small, family, tmp_path):
    backbone = small(family, widths=(8, 16, 24, 40))
    torch.save(backbone.state_dict(), tmp_path / 'a.pth')
    found = backbone_of(str(tmp_path / 'a.pth'))
    assert type(found) is family
    assert (found.depths, found.widths) == (backbone.depths, backbone.widths)
    for name, value in backbone.state_dict().items():
        assert torch.equal(value, found.state_dict()[name])


def test_another_family_is_refused(small, tmp_path):
    torch.save(small(Conv2Former).state_dict(), tmp_path / 'a.pth')
    with pytest.raises(CheckpointError, match='no whole ConvNeXt'):
        backbone_of(str(tmp_path / 'a.pth'))
