import gc

import pytest

from convnext_dense import uncollected as module
from convnext_dense.uncollected import uncollected


@pytest.fixture(autouse=True)
def thawed(monkeypatch):
    monkeypatch.setattr(module, '_freezing', False)
    yield
    gc.unfreeze()
    gc.enable()


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


def test_objects_of_others_are_not_frozen():
    gc.unfreeze()
    with uncollected():
        pass
    assert gc.get_freeze_count() == 0


def test_once_frozen_later_imports_are_too():
    with uncollected(freeze=True):
        pass
    gc.unfreeze()
    with uncollected():
        pass
    assert gc.get_freeze_count() > 0
