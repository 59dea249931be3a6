"""Numbers of parameters as the papers and READMEs print them, with classifier."""

import pytest
import torch
from torch import nn

from convnext_dense.backbones import ConvNeXt, ConvNeXtV2

# In millions. V1: facebookresearch/ConvNeXt, README; V2: facebookresearch/ConvNeXt-V2,
# README.
SIZES = [
    (ConvNeXt, 'tiny', 28.6), (ConvNeXt, 'small', 50.2), (ConvNeXt, 'base', 88.6),
    (ConvNeXt, 'large', 197.8), (ConvNeXt, 'xlarge', 350.2),
    (ConvNeXtV2, 'atto', 3.7), (ConvNeXtV2, 'femto', 5.2), (ConvNeXtV2, 'pico', 9.1),
    (ConvNeXtV2, 'nano', 15.6), (ConvNeXtV2, 'tiny', 28.6), (ConvNeXtV2, 'base', 89),
    (ConvNeXtV2, 'large', 198), (ConvNeXtV2, 'huge', 660),
]  # fmt: skip


@pytest.mark.parametrize(
    ('family', 'arch', 'millions'),
    [pytest.param(*row, id=f'{row[0].__name__}-{row[1]}') for row in SIZES],
)
def test_the_classifier_has_the_published_size(family, arch, millions):
    with torch.device('meta'):
        backbone = family(arch)
        width = backbone.widths[-1]
        head = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, 1000))
    params = [p for n, p in backbone.named_parameters() if not n.startswith('norm')]
    found = sum(p.numel() for p in [*params, *head.parameters()])
    assert found / 1e6 == pytest.approx(millions, rel=0.01)


@pytest.mark.parametrize('arch', ['atto', 'femto', 'pico', 'nano'])
def test_the_smallest_variants_have_the_shape_of_v2(arch):
    assert ConvNeXt.variants[arch] == ConvNeXtV2.variants[arch]
