"""Modern ConvNet backbones for dense prediction in the OpenMMLab ecosystem.

Importing the package imports nothing heavy. Its one side effect: a finder that
answers ``import mmcv._ext`` where mmcv has no compiled extension.
"""

from importlib import import_module
from typing import Any

from convnext_dense import mmcv_ops

__version__ = '0.1.0'

# Public classes by the module that defines them; imported on first use.
_LAZY = {
    'FCMAE': 'convnext_dense.pretrain',
    'Conv2Former': 'convnext_dense.backbones',
    'ConvNeXt': 'convnext_dense.backbones',
    'ConvNeXtV2': 'convnext_dense.backbones',
    'LayerDecayConstructor': 'convnext_dense.optim',
}

__all__ = [
    'FCMAE',
    'Conv2Former',
    'ConvNeXt',
    'ConvNeXtV2',
    'LayerDecayConstructor',
    '__version__',
]

mmcv_ops.install()


def __getattr__(name: str) -> Any:
    """Import a public class when it is first asked for (PEP 562)."""
    if name not in _LAZY:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return getattr(import_module(_LAZY[name]), name)
