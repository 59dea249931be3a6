"""A predictor of each kind."""

import pytest


@pytest.fixture(scope='session')
def detector(checkpoints):
    from convnext_dense.inference import Predictor

    return Predictor(checkpoints['detector'])


@pytest.fixture(scope='session')
def segmentor(checkpoints):
    from convnext_dense.inference import Predictor

    return Predictor(checkpoints['segmentor'])
