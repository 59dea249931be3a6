import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from convnext_dense.mmcv_ops import finder, install

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def mmcv(monkeypatch):
    """Give mmcv as it is before anyone has asked for its extension."""
    package = pytest.importorskip('mmcv')
    monkeypatch.delitem(sys.modules, finder.EXTENSION, raising=False)
    monkeypatch.setattr(package, '_ext', None, raising=False)
    return package


@pytest.fixture
def compiled(mmcv, monkeypatch, tmp_path):
    """Put an extension into mmcv's own folder, as compiling mmcv does."""
    file = tmp_path / '_ext.py'
    file.write_text("nms = 'compiled'\n")
    monkeypatch.setattr(mmcv, '__path__', [str(tmp_path), *mmcv.__path__])
    return file


def test_python_finds_an_extension_where_none_is_compiled(mmcv):
    assert importlib.util.find_spec('mmcv._ext').name == 'mmcv._ext'


def test_mmengine_takes_mmcv_for_complete(mmcv):
    dl_utils = pytest.importorskip('mmengine.utils.dl_utils')
    assert dl_utils.mmcv_full_available()


def test_a_compiled_extension_is_preferred(compiled):
    assert importlib.util.find_spec('mmcv._ext').origin == str(compiled)


def test_a_compiled_extension_is_imported_untouched(compiled):
    assert importlib.import_module('mmcv._ext').nms == 'compiled'


def test_another_hook_that_answers_is_preferred(mmcv, monkeypatch):
    class Other:
        @staticmethod
        def find_spec(fullname, path, target=None):
            if fullname == 'mmcv._ext':
                return importlib.util.spec_from_loader(fullname, None, origin='other')

    monkeypatch.setattr(sys, 'meta_path', [Other, *sys.meta_path])
    assert importlib.util.find_spec('mmcv._ext').origin == 'other'


def test_installing_again_adds_nothing():
    before = list(sys.meta_path)
    install()
    assert sys.meta_path == before


@pytest.mark.parametrize('name', ['mmcv', 'mmcv.ops', 'mmcv._ext.nms', '_ext', 'torch'])
def test_no_other_module_is_answered_for(name):
    assert finder.StandInFinder().find_spec(name, None) is None


def test_installing_imports_neither_torch_nor_mmcv():
    # The package's own __init__ is replaced: what it imports is not at stake here.
    code = f"""
import sys, types
package = types.ModuleType('convnext_dense')
package.__path__ = [{str(PROJECT / 'convnext_dense')!r}]
sys.modules['convnext_dense'] = package
from convnext_dense.mmcv_ops import install
install()
print(*{{'torch', 'torchvision', 'numpy', 'mmcv', 'mmengine'}} & set(sys.modules))
"""
    run = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == ''
