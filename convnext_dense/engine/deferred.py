"""Libraries that a host imports and few of its users need, loaded when used."""

import importlib
import importlib.util
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any


@contextmanager
def deferred(*packages: str) -> Iterator[None]:
    """Put stand-ins in the place of packages while others import them.

    What they take from one loads it when it is called, or asked for an attribute.
    Whoever imports it afterwards gets the package itself.

    Args:
        *packages: Names of top-level packages. One that is loaded or not installed is
            left alone.
    """
    finder = _Finder(
        {p for p in packages if p not in sys.modules and importlib.util.find_spec(p)}
    )
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for package in finder.packages:
            _forget(package)


class _Finder(MetaPathFinder, Loader):
    """Finds and loads stand-ins for packages and all within them."""

    def __init__(self, packages: set[str]):
        self.packages = packages

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        if fullname.partition('.')[0] not in self.packages:
            return None
        return ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _StandIn(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Do nothing: that is the point."""


class _StandIn(ModuleType):
    def __getattr__(self, name: str) -> Any:
        if name.startswith('__'):
            raise AttributeError(name)
        return _Later(self.__name__, name)


class _Later:
    """A function, class or module that is looked up when it is used."""

    def __init__(self, module: str, name: str):
        self._where = (module, name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._found()(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith('__'):
            raise AttributeError(name)
        return getattr(self._found(), name)

    def _found(self) -> Any:
        module, name = self._where
        if isinstance(sys.modules.get(module), _StandIn):
            # It is used while others are still importing.
            _forget(module.partition('.')[0])
        loaded = importlib.import_module(module)
        try:
            return getattr(loaded, name)
        except AttributeError:
            return importlib.import_module(f'{module}.{name}')


def _forget(package: str) -> None:
    """Let the next import of a package find itself."""
    for finder in sys.meta_path:
        if isinstance(finder, _Finder):
            finder.packages.discard(package)
    for name, module in [*sys.modules.items()]:
        if isinstance(module, _StandIn) and name.partition('.')[0] == package:
            del sys.modules[name]
