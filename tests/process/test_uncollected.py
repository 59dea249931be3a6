import gc
import itertools
import sys
from types import ModuleType

import pytest

from convnext_dense.process.uncollected import uncollected


@pytest.fixture(autouse=True)
def thawed(monkeypatch):
    module = sys.modules['convnext_dense.process.uncollected']
    monkeypatch.setattr(module, '_freezing', False)
    gc.unfreeze()
    yield
    gc.unfreeze()
    gc.enable()


@pytest.fixture
def load(monkeypatch):
    """Give what imports a module that was not there."""
    names = (f'imported_{number}' for number in itertools.count())
    return lambda: monkeypatch.setitem(sys.modules, next(names), ModuleType('any'))


def test_nothing_is_collected_within():
    with uncollected():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off():
    gc.disable()
    with uncollected():
        pass
    assert not gc.isenabled()


def test_an_error_turns_the_collector_on_again():
    with pytest.raises(ZeroDivisionError), uncollected():
        1 / 0  # noqa: B018
    assert gc.isenabled()


def test_objects_of_others_are_not_frozen(load):
    with uncollected():
        load()
    assert gc.get_freeze_count() == 0


def test_once_frozen_later_imports_are_too(load):
    with uncollected(freeze=True):
        load()
    gc.unfreeze()
    with uncollected():
        load()
    assert gc.get_freeze_count() > 0


def test_what_was_imported_before_is_not_frozen_again(load):
    with uncollected(freeze=True):
        pass
    assert gc.get_freeze_count() == 0
