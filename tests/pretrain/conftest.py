"""Small masked autoencoders."""

import pytest
import torch

from convnext_dense import FCMAE, ConvNeXtV2

DEPTHS, WIDTHS = (1, 1, 2, 1), (16, 24, 32, 48)


@pytest.fixture
def build():
    """Give a function that builds a small model, every weight of which shows."""

    def build(encoder='convnext_dense.ConvNeXtV2', depths=DEPTHS, **kwargs):
        if isinstance(encoder, str):
            encoder = dict(type=encoder, arch=dict(depths=depths, widths=WIDTHS))
        model = FCMAE(encoder, **dict(decoder_width=32) | kwargs)
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(1)
            for param in model.parameters():
                param.add_(0.2 * torch.randn_like(param))
        return model

    return build


@pytest.fixture
def encoder(small):
    """Give a dense backbone."""
    return small(ConvNeXtV2)
