"""What the tests of configs share."""

from functools import lru_cache

import pytest
from mmengine.config import Config


@pytest.fixture(scope='session')
def read():
    """Give a function that reads a config file as mmengine does, once.

    What it returns is shared by the tests and must not be changed.
    """
    return lru_cache(Config.fromfile)
