"""The import hook that answers for ``mmcv._ext``.

Only the standard library is imported here: the hook is installed by
``import convnext_dense``, long before anyone may ask for mmcv.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

EXTENSION = 'mmcv._ext'
STAND_IN = 'convnext_dense.mmcv_ops.extension'


class StandInLoader(Loader):
    """Fills a module named ``mmcv._ext`` with the operators of the stand-in."""

    def exec_module(self, module: ModuleType) -> None:
        """Import the stand-in (and with it torchvision) and hand over its names.

        Args:
            module: The empty module that the import system made for ``mmcv._ext``.

        Raises:
            ModuleNotFoundError: If torch or torchvision is not installed.
        """
        stand_in = importlib.import_module(STAND_IN)
        module.__doc__ = stand_in.__doc__
        for name in stand_in.__all__:
            setattr(module, name, getattr(stand_in, name))
        # mmcv checks with hasattr, for all its operators, that the extension has
        # them; a module-level __getattr__ (PEP 562) says yes to each.
        vars(module)['__getattr__'] = stand_in.unsupported


class StandInFinder(MetaPathFinder):
    """Finds the stand-in under the name ``mmcv._ext`` and nothing else."""

    def find_spec(
        self,
        fullname: str,
        _path: Sequence[str] | None,
        _target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Return the stand-in's spec for ``mmcv._ext``, else None.

        Args:
            fullname: Dotted name of the module being looked for.
        """
        if fullname != EXTENSION:
            return None
        return ModuleSpec(fullname, StandInLoader(), origin=STAND_IN)


def install() -> None:
    """Let Python find the stand-in for ``mmcv._ext``; call as often as you like.

    Nothing but the hook is put in place: torch, torchvision and mmcv are imported
    when mmcv first asks for its extension. The hook goes to the end of
    ``sys.meta_path``, so a compiled extension is found first and used untouched.
    """
    if not any(isinstance(finder, StandInFinder) for finder in sys.meta_path):
        sys.meta_path.append(StandInFinder())
