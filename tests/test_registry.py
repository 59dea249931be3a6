from importlib.util import find_spec

import pytest

from convnext_dense.registry import DATASETS, MODELS, SCOPE, TRANSFORMS

# What stands in a config, by the registry of mmengine's that it is looked up in.
NAMES = {
    'MODELS': ['ConvNeXt', 'ConvNeXtV2'],
    'OPTIM_WRAPPER_CONSTRUCTORS': ['LayerDecayConstructor'],
    'DATASETS': ['ImageFolder'],
    'TRANSFORMS': ['LoadImage', 'RandomResizedCrop', 'PackImage'],
}
HOST_NAMES = {
    'mmdet': {'DATASETS': ['CocoDataset']},
    'mmseg': {'DATASETS': ['LabelMapDataset'], 'TRANSFORMS': ['LoadLabelMap']},
}
MODULES = ('mmcv', 'mmdet', 'mmseg')

# Looks every name up, as a runner with that default scope does, and builds the models.
LOOK_UP = """
import json, sys
from mmengine import registry
from mmengine.registry import DefaultScope, MODELS
found, widths = [], []
with DefaultScope.overwrite_default_scope({scope!r}):
    for name, types in {names!r}.items():
        for key in types:
            with getattr(registry, name).switch_scope_and_registry(None) as current:
                found.append(current.get('convnext_dense.' + key).__name__)
    for key in {names!r}['MODELS']:
        model = MODELS.build(dict(type='convnext_dense.' + key, arch='atto'))
        widths.append(model.widths[0])
print(json.dumps([found, widths, [m for m in {modules!r} if m in sys.modules]]))
"""


def needs(host):
    reason = f'{host} is not installed'
    return pytest.param(
        host, marks=pytest.mark.skipif(not find_spec(host), reason=reason)
    )


@pytest.fixture(
    scope='module', params=[None, 'mmengine', needs('mmdet'), needs('mmseg')]
)
def looked_up(request, run_python):
    """Look all names up from a default scope, in a fresh interpreter.

    A host cannot itself be imported where mmcv is not compiled until the package is.
    Elsewhere nothing is imported first.
    """
    scope = request.param
    code = LOOK_UP.format(scope=scope, names=names_from(scope), modules=MODULES)
    return scope, *run_python(
        f'import convnext_dense\n{code}' if scope in MODULES else code
    )


def names_from(scope):
    return NAMES | HOST_NAMES.get(scope, {})


def test_names_with_our_scope_resolve_from_any_default_scope(looked_up):
    scope, found, *_ = looked_up
    assert found == [key for keys in names_from(scope).values() for key in keys]


def test_models_are_built_from_any_default_scope(looked_up):
    assert looked_up[2] == [40, 40]


def test_a_look_up_imports_no_host_but_that_of_its_scope(looked_up):
    scope, _, _, imported = looked_up
    if scope == 'mmseg':
        pytest.skip('mmseg itself imports mmdet')
    assert imported == (['mmcv', scope] if scope in MODULES else [])


BUILD = """
import json, sys
from convnext_dense import backbones, checkpoints, layers, optim
from convnext_dense.backbones import ConvNeXt, ConvNeXtV2
for family in (ConvNeXt, ConvNeXtV2):
    family('atto').init_weights()
print(json.dumps([name for name in {modules!r} if name in sys.modules]))
"""


def test_backbones_are_built_without_the_hosts(run_python):
    assert run_python(BUILD.format(modules=MODULES)) == []


def test_a_name_of_ours_resolves_without_the_scope_in_our_registry():
    assert MODELS.get('ConvNeXt') is MODELS.get(f'{SCOPE}.ConvNeXt')


def test_names_of_mmengine_resolve_in_our_registry():
    assert MODELS.get('BaseDataPreprocessor').__module__.startswith('mmengine')


def test_an_unknown_name_is_an_error_that_names_it():
    with pytest.raises((KeyError, RuntimeError), match=r'convnext_dense\.ConvNeXtV9'):
        MODELS.build(dict(type='convnext_dense.ConvNeXtV9'))


@pytest.mark.parametrize('registry', [MODELS, DATASETS, TRANSFORMS], ids=str)
def test_a_registry_has_the_scope_of_the_package(registry):
    assert registry.scope == SCOPE
