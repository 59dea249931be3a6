"""The losses of validation data."""

import pytest
import torch
from torch import nn

from convnext_dense.engine.hooks.validation_loss import loader_with_truth, mean_losses
from convnext_dense.errors import UserError


def loader(*types):
    pipeline = [dict(type=name) for name in types]
    return dict(batch_size=8, dataset=dict(type='Data', pipeline=pipeline))


@pytest.mark.parametrize('name', ['LoadAnnotations', 'convnext_dense.LoadLabelMap'])
def test_the_truth_is_loaded_before_the_image_is_resized(name):
    cfg = loader('LoadImageFromFile', 'Resize', name, 'Pack')
    changed = loader_with_truth(cfg)['dataset']['pipeline']
    types = [step['type'] for step in changed]
    assert types == ['LoadImageFromFile', name, 'Resize', 'Pack']
    assert cfg['dataset']['pipeline'][1]['type'] == 'Resize'


def test_a_pipeline_without_truth_is_an_error():
    with pytest.raises(UserError, match='none of LoadAnnotations'):
        loader_with_truth(loader('LoadImageFromFile', 'Resize'))


class Preprocessor:
    batch_augments = 'mixup'

    def __call__(self, batch, training):
        assert training
        assert self.batch_augments is None
        return dict(inputs=batch)


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.data_preprocessor = Preprocessor()

    def forward(self, inputs, mode):
        assert mode == 'loss'
        return dict(loss_a=inputs, loss_b=2 * inputs, acc=inputs)

    def parse_losses(self, losses):
        total = losses['loss_a'] + losses['loss_b']
        return total, dict(loss=total, **losses)


def test_losses_are_averaged_over_the_images_and_accuracies_are_not():
    found = mean_losses(Model(), [torch.tensor(1.0), torch.tensor(4.0)])
    assert found == {'loss': 7.5, 'loss_a': 2.5, 'loss_b': 5.0}


def test_the_augmentation_of_batches_is_put_back():
    model = Model()
    mean_losses(model, [torch.tensor(1.0)])
    assert model.data_preprocessor.batch_augments == 'mixup'


def test_without_images_there_is_no_loss():
    assert mean_losses(Model(), []) == {}
