import pytest
import torch
from torch.nn import functional as F

pytest.importorskip('mmseg')

from convnext_dense.errors import UserError
from convnext_dense.registry import MODELS


def loss(**settings):
    return MODELS.build(dict(type='convnext_dense.CrossEntropyLoss') | settings)


@pytest.fixture
def logits():
    return torch.randn(2, 3, 5, 7, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def labels():
    labels = torch.randint(3, (2, 5, 7), generator=torch.Generator().manual_seed(0))
    labels[:, :2] = 255
    return labels


@pytest.mark.parametrize('avg_non_ignore', [True, False])
def test_the_mean_with_class_weights_is_torchs(logits, labels, avg_non_ignore):
    weights = [1.0, 2.0, 0.5]
    found = loss(class_weight=weights, avg_non_ignore=avg_non_ignore)(
        logits, labels, ignore_index=255
    )
    expected = F.cross_entropy(logits, labels, torch.tensor(weights), ignore_index=255)
    torch.testing.assert_close(found, expected)


def test_the_mean_without_class_weights_is_torchs(logits, labels):
    found = loss(avg_non_ignore=True)(logits, labels, ignore_index=255)
    torch.testing.assert_close(found, F.cross_entropy(logits, labels, ignore_index=255))


def test_a_number_of_weights_that_is_not_that_of_the_classes_is_named(logits, labels):
    with pytest.raises(UserError, match=r'class_weight has 2 numbers, .* 3 classes'):
        loss(class_weight=[1.0, 2.0])(logits, labels, ignore_index=255)


@pytest.mark.parametrize('weights', [2, [1, 'a'], [-1, 1], [0, 0], [], [1, torch.inf]])
def test_weights_that_no_loss_can_have_are_refused(weights):
    with pytest.raises(UserError, match='a list of numbers from 0 on'):
        loss(class_weight=weights)
