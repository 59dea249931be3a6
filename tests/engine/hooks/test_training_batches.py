"""The first batches are drawn from the tensors that the network gets."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.model import ImgDataPreprocessor
from mmengine.structures import BaseDataElement, PixelData
from PIL import Image
from torch import nn

from convnext_dense.engine.hooks import TrainingBatches
from convnext_dense.engine.hooks.training_batches import displayable

MEAN, STD = (120.0, 110.0, 100.0), (60.0, 50.0, 40.0)


@pytest.fixture
def preprocessor():
    return ImgDataPreprocessor(mean=MEAN, std=STD, bgr_to_rgb=True)


def test_normalising_is_undone(preprocessor):
    image = torch.randint(0, 256, (3, 4, 5), dtype=torch.uint8)
    inputs = preprocessor(dict(inputs=[image]))['inputs']
    expected = image[[2, 1, 0]].permute(1, 2, 0).numpy()
    np.testing.assert_array_equal(displayable(inputs, preprocessor)[0], expected)


class Model(nn.Module):
    def __init__(self, preprocessor):
        super().__init__()
        self.data_preprocessor = preprocessor


@pytest.fixture
def watched(preprocessor, tmp_path):
    """Give a function that sends batches through a model which the hook watches."""

    def run(number, iteration=0, training=True):
        model = Model(preprocessor).train(training)
        dataset = SimpleNamespace(metainfo=dict(classes=('sky', 'sea')))
        TrainingBatches(batches=2).before_train(SimpleNamespace(
            model=model, iter=iteration, work_dir=str(tmp_path),
            train_dataloader=SimpleNamespace(dataset=dataset),
        ))  # fmt: skip
        for _ in range(number):
            one = BaseDataElement()
            one.gt_sem_seg = PixelData(data=torch.zeros(1, 8, 8, dtype=torch.long))
            image = torch.full((3, 8, 8), 200, dtype=torch.uint8)
            model.data_preprocessor(dict(inputs=[image], data_samples=[one]))
        return sorted(path.name for path in tmp_path.glob('pictures/*'))

    return run


def test_only_the_first_batches_are_drawn(watched, tmp_path):
    assert watched(5) == ['train_batch_0.jpg', 'train_batch_1.jpg']
    assert min(Image.open(tmp_path / 'pictures/train_batch_0.jpg').size) > 256


def test_a_resumed_run_draws_none(watched):
    assert watched(2, iteration=100) == []


def test_batches_of_a_validation_are_not_drawn(watched):
    assert watched(2, training=False) == []
