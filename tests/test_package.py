import re
import subprocess
import sys

import pytest

import convnext_dense
from convnext_dense.errors import CheckpointError, UserError

IMPORTED = """
import json, sys
import convnext_dense
heavy = ('torch', 'torchvision', 'numpy', 'mmengine', 'mmcv', 'mmdet', 'mmseg', 'cv2')
print(json.dumps([name for name in heavy if name in sys.modules]))
"""
FIRST = """
import json
import convnext_dense
print(json.dumps([hasattr(convnext_dense, name) for name in convnext_dense.__all__]))
"""


def test_importing_the_package_imports_nothing_heavy(run_python):
    assert run_python(IMPORTED) == []


def test_public_names_resolve_with_nothing_else_imported(run_python):
    assert all(run_python(FIRST))


@pytest.mark.parametrize('name', sorted({*convnext_dense.__all__} - {'__version__'}))
def test_a_public_class_is_called_what_it_is_imported_as(name):
    assert getattr(convnext_dense, name).__name__ == name


@pytest.mark.parametrize('name', ['ConvNeXtV9', '_private'])
def test_an_unknown_name_is_an_attribute_error(name):
    with pytest.raises(AttributeError, match=name):
        getattr(convnext_dense, name)


def test_the_version_is_a_release():
    assert re.fullmatch(r'\d+\.\d+\.\d+', convnext_dense.__version__)


def test_the_version_is_the_one_that_is_installed(root):
    pytest.importorskip('setuptools', reason='needs setuptools')
    found = subprocess.run(
        [sys.executable, '-W', 'ignore', 'setup.py', '--version'],
        capture_output=True,
        text=True,
        cwd=root,
        check=True,
    ).stdout
    assert found.split()[-1] == convnext_dense.__version__


@pytest.mark.parametrize('parent', [ValueError, UserError])
def test_a_checkpoint_error_can_be_caught_as(parent):
    assert issubclass(CheckpointError, parent)
