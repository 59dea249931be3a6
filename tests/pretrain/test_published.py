"""Masked autoencoders as the release writes them."""

import pytest
import torch

from convnext_dense import ConvNeXtV2
from convnext_dense.checkpoints import load_pretrained
from convnext_dense.errors import CheckpointError
from convnext_dense.pretrain.published import (
    from_published,
    load_published,
    to_published,
)


def same(state, other):
    return state.keys() == other.keys() and all(
        torch.equal(value, other[name]) for name, value in state.items()
    )


def test_the_published_file_comes_back_as_it_was(golden, build, tmp_path):
    state = golden('fcmae_small')['checkpoint']['model']
    model = build()
    torch.save({'model': state}, tmp_path / 'a.pth')
    load_published(model, tmp_path / 'a.pth')
    assert same(to_published(model.state_dict()), state)


@pytest.mark.parametrize('sparse', [False, True])
@pytest.mark.parametrize('wrapper', ['', 'module.'])
def test_weights_survive_the_way_there_and_back(build, sparse, wrapper):
    state = build().state_dict()
    published = to_published(state, sparse=sparse)
    published = {f'{wrapper}{name}': value for name, value in published.items()}
    assert same(from_published(published, 'a file'), state)


def test_sparse_names_and_shapes_are_the_published_ones(golden, build):
    published = golden('convnextv2_fcmae_sparse_small')['checkpoint']['model']
    ours = to_published(build(depths=(2, 1, 3, 1)).state_dict(), sparse=True)
    shapes = {
        name: value.shape for name, value in ours.items() if name.startswith('encoder.')
    }
    assert shapes == {
        name: value.shape
        for name, value in published.items()
        if name.startswith('encoder.')
    }


def test_an_encoder_read_from_sparse_names_computes_the_same(build, tmp_path):
    model = build()
    torch.save(to_published(model.state_dict(), sparse=True), tmp_path / 'a.pth')
    dense = ConvNeXtV2(dict(depths=(1, 1, 2, 1), widths=(16, 24, 32, 48)))
    load_pretrained(dense, tmp_path / 'a.pth')
    images = torch.randn(1, 3, 64, 64)
    found = dense.stages[0](dense.downsample_layers[0](images))
    expected = model.encoder.stages[0](model.encoder.downsample_layers[0](images))
    assert torch.equal(found, expected)


def test_an_init_cfg_goes_on_from_a_file_decoder_included(build, tmp_path):
    first = build()
    torch.save({'state_dict': first.state_dict()}, tmp_path / 'a.pth')
    init = dict(type='Pretrained', checkpoint=str(tmp_path / 'a.pth'))
    second = build(init_cfg=init)
    with torch.no_grad():
        second.pred.weight.zero_()
    second.init_weights()
    assert same(first.state_dict(), second.state_dict())


def test_without_a_file_the_weights_are_the_truncated_normal(build):
    model = build(decoder_width=256)
    model.init_weights()
    assert model.pred.weight.std().item() == pytest.approx(0.02, rel=0.05)
    assert model.pred.bias.abs().max() == 0


def test_a_checkpoint_of_another_width_is_refused_and_named(build, tmp_path):
    torch.save(build(decoder_width=64).state_dict(), tmp_path / 'wide.pth')
    model = build()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with pytest.raises(CheckpointError, match=r'wide\.pth.*(?s:.*)mask_token is'):
        load_published(model, tmp_path / 'wide.pth')
    assert same(model.state_dict(), before)


def test_weights_of_a_backbone_alone_are_refused(build, encoder, tmp_path):
    torch.save(encoder.state_dict(), tmp_path / 'a.pth')
    with pytest.raises(CheckpointError, match='holds no masked autoencoder'):
        load_published(build(), tmp_path / 'a.pth')


def test_an_encoder_without_a_decoder_is_refused(build, tmp_path):
    state = build().state_dict()
    state = {name: value for name, value in state.items() if name[:7] == 'encoder'}
    torch.save(state, tmp_path / 'a.pth')
    with pytest.raises(CheckpointError, match='mask_token'):
        load_published(build(), tmp_path / 'a.pth')
