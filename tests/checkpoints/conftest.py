"""Files that stand for published ones."""

import pytest
import torch

from convnext_dense.backbones import ConvNeXt, ConvNeXtV2
from convnext_dense.checkpoints import CheckpointError, load_pretrained


@pytest.fixture
def v1(small):
    """Give a backbone that differs from what ``v1_state`` holds."""
    backbone = small(ConvNeXt)
    with torch.no_grad():
        for param in backbone.parameters():
            param.add_(1)
    return backbone


@pytest.fixture
def v1_state(small):
    """Give weights as the V1 release publishes them: no output norms, a classifier."""
    return classifier_state(small(ConvNeXt))


@pytest.fixture
def v2_state(small):
    """Give weights as the V2 release publishes them."""
    state = classifier_state(small(ConvNeXtV2))
    return {k: v[None, None, None] if '.grn.' in k else v for k, v in state.items()}


def classifier_state(backbone):
    state = {k: v for k, v in backbone.state_dict().items() if k[:4] != 'norm'}
    head = dict(weight=torch.randn(10, 24), bias=torch.zeros(10))
    norm = dict(weight=torch.ones(24), bias=torch.zeros(24))
    return (
        state
        | {f'norm.{k}': v for k, v in norm.items()}
        | {f'head.{k}': v for k, v in head.items()}
    )


@pytest.fixture
def save(tmp_path):
    """Give a function that saves an object and returns the file."""

    def save(content, name='weights.pth', **kwargs):
        torch.save(content, tmp_path / name, **kwargs)
        return tmp_path / name

    return save


@pytest.fixture
def refused():
    """Give a function that tries to load into a backbone and returns the error."""

    def refused(backbone, source, match=None, **kwargs):
        with pytest.raises(CheckpointError, match=match) as caught:
            load_pretrained(backbone, source, **kwargs)
        return caught.value

    return refused
