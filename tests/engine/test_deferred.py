import importlib
import subprocess
import sys

import pytest

from convnext_dense.engine.deferred import deferred


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Give the name of a package that notes when it is loaded."""
    folder = tmp_path / 'slow_library'
    folder.mkdir()
    (folder / '__init__.py').write_text('value = 1\n')
    lines = "def length(points): return len(points)\nlength.unit = 'points'\n"
    (folder / 'lines.py').write_text(lines)
    user = 'import slow_library.lines as sl\nfrom slow_library.lines import length\n'
    (tmp_path / 'its_user.py').write_text(user)
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    yield 'slow_library'
    for name in [*sys.modules]:
        if name.partition('.')[0] in ('slow_library', 'its_user'):
            del sys.modules[name]


def test_a_function_loads_the_package_when_it_is_called(package):
    with deferred(package):
        user = importlib.import_module('its_user')
    assert package not in sys.modules
    assert user.length([1, 2]) == 2
    assert user.sl.length([1, 2, 3]) == 3
    assert sys.modules[package].value == 1


def test_an_attribute_loads_the_package_when_it_is_asked_for(package):
    with deferred(package):
        user = importlib.import_module('its_user')
    assert user.length.unit == 'points'


def test_a_module_is_loaded_from_its_package(package):
    with deferred(package):
        lines = importlib.import_module(package).lines
    assert lines.length([1]) == 1


def test_what_is_used_at_once_loads_the_package(package):
    with deferred(package):
        assert importlib.import_module('its_user').length([1, 2]) == 2
        assert importlib.import_module(package).value == 1


def test_afterwards_the_package_itself_is_imported(package):
    with deferred(package):
        importlib.import_module('its_user')
    assert importlib.import_module(package).value == 1


def test_a_package_that_is_loaded_is_left_alone(package):
    lines = importlib.import_module(f'{package}.lines')
    with deferred(package):
        assert importlib.import_module('its_user').length is lines.length


def test_other_packages_are_imported_as_ever(package):
    with deferred(package):
        assert importlib.import_module('json').loads('1') == 1


def test_a_package_that_is_not_installed_is_missed_at_once():
    with deferred('no_such_library'), pytest.raises(ModuleNotFoundError):
        importlib.import_module('no_such_library')


def test_an_error_in_between_leaves_no_stand_in(package):
    with pytest.raises(ZeroDivisionError), deferred(package):
        importlib.import_module(package).value(1 / 0)
    assert importlib.import_module(package).value == 1


@pytest.mark.parametrize('package', ['numba', 'scipy', 'matplotlib'])
def test_mmdet_comes_without(package):
    pytest.importorskip('mmdet', reason='mmdet is not installed')
    code = (
        'import sys; from convnext_dense.engine.hosts import import_host; '
        f"import_host('mmdet'); sys.exit({package!r} in sys.modules)"
    )
    assert subprocess.run([sys.executable, '-c', code], check=False).returncode == 0
