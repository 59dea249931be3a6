"""Read a config file as the tools run it."""

import difflib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config, DictAction
from mmengine.config import config as mmengine_config
from mmengine.config.utils import MODULE2PACKAGE

from convnext_dense.errors import UserError
from convnext_dense.registry import SCOPE

from .device import fit_to_device
from .overrides import as_present, check_overrides
from .settings import apply_settings
from .trust import distrust_files
from .value_checks import check_values, names_read

# Lets configs say `_base_ = 'convnext_dense::...'`, wherever they lie.
MODULE2PACKAGE[SCOPE] = SCOPE
# mmengine looks for a distribution named mmsegmentation, which the maintained
# continuation is not; the module's own name finds either.
MODULE2PACKAGE['mmseg'] = 'mmseg'

_find = mmengine_config._get_external_cfg_path


def _find_leaf(package: str, path: str) -> str:
    """Look a config up in the index of its package, in which no bases are.

    mmengine reads the whole index, hundreds of files, before it knows that.
    """
    if path.startswith('_base_/'):
        raise ValueError(f'{path} is a base')
    return _find(package, path)


mmengine_config._get_external_cfg_path = _find_leaf


class FormattedOnce(Config):
    """A config whose text, which a run asks for several times, is laid out once."""

    @property
    def pretty_text(self) -> str:
        """Give the config as Python code."""
        content = repr(self._cfg_dict)
        if content not in _TEXTS:
            _TEXTS.clear()
            _TEXTS[content] = super().pretty_text
        return _TEXTS[content]


HOOKS_OF_MMENGINE = {
    'runtime_info', 'timer', 'sampler_seed', 'logger', 'param_scheduler', 'checkpoint',
}  # fmt: skip
_TEXTS: dict[str, str] = {}  # by content


def load_config(path: str | Path, options: Sequence[str] = ()) -> Config:
    """Read a config, apply ``key=value`` options, and resolve its settings.

    Args:
        path: A Python config file.
        options: Overrides as ``--cfg-options`` takes them.

    Raises:
        UserError: If the file is missing or faulty, or an option names nothing.
    """
    distrust_files()
    path = _shipped(Path(path))
    if path.is_dir():
        raise UserError(f'{path} is a folder: name a config file in it')
    if not path.is_file():
        raise UserError(f'config not found: {path}{_near_files(path)}')
    if path.suffix != '.py':
        raise UserError(f'{path} is no Python file, which configs are')
    try:
        read = Config.fromfile(path)
    except Exception as error:  # a config is a program, and may raise anything
        kind = type(error).__name__
        raise UserError(f'{path} is no valid config: {kind}: {error}') from error
    cfg = FormattedOnce(read._cfg_dict, cfg_text=read.text, filename=read.filename)
    _drop_own_scope(cfg._cfg_dict)
    overrides = parse_options(options)
    check_overrides(cfg, overrides)
    cfg.merge_from_dict(as_present(cfg, overrides))
    names = names_read(cfg._cfg_dict)
    apply_settings(cfg)
    check_values(cfg._cfg_dict, names)
    fit_to_device(cfg)
    _let_no_workers_rest(cfg)
    _leave_out_hooks(cfg)
    return cfg


def _shipped(path: Path) -> Path:
    """Find a config that the package ships, such as ``convnext_dense::shapes/a.py``."""
    scope, colons, name = str(path).partition('::')
    if scope != SCOPE or not colons:
        return path
    return Path(__file__).parents[1] / '.mim/configs' / name


def _drop_own_scope(node: Any) -> None:
    """Undo the scope that mmengine stamps on what comes from ``convnext_dense::``.

    Our own types carry the scope in their names; the hosts' types beside them would
    not be found in it.
    """
    if isinstance(node, list | tuple):
        for item in node:
            _drop_own_scope(item)
    if isinstance(node, dict):
        if node.get('_scope_') == SCOPE:
            del node['_scope_']
        for value in node.values():
            _drop_own_scope(value)


def parse_options(options: Sequence[str]) -> dict:
    """Turn ``['a.b=1', 'c=[2, 3]']`` into ``{'a.b': 1, 'c': [2, 3]}``."""
    overrides = {}
    for option in options:
        key, equals, value = option.partition('=')
        key, value = key.strip(), value.strip()
        if re.match(r'(\{|dict\()', value):
            raise UserError(
                f'--cfg-options {option}: a dict is given key by key, as in '
                f'{key}.type=... {key}.other=...'
            )
        if not equals or not key:
            raise UserError(f'--cfg-options takes key=value pairs, got {option!r}')
        try:
            overrides[key] = DictAction._parse_iterable(value)
        except (AssertionError, RecursionError) as error:
            raise UserError(
                f'--cfg-options {option}: a bracket is not closed; quote a value that '
                "has spaces, as in 'key=[1, 2]'"
            ) from error
    return overrides


def _let_no_workers_rest(cfg: Config) -> None:
    """Where a loader has no workers, torch refuses to keep them between epochs."""
    for phase in ('train', 'val', 'test'):
        loader = cfg.get(f'{phase}_dataloader')
        if loader and loader.get('num_workers') == 0:
            loader.persistent_workers = False


def _leave_out_hooks(cfg: Config) -> None:
    """Let None take a hook out; mmengine knows that only of hooks it has by itself."""
    for name, hook in [*(cfg.get('default_hooks') or {}).items()]:
        if hook is None and name not in HOOKS_OF_MMENGINE:
            del cfg.default_hooks[name]


def _near_files(path: Path) -> str:
    folder = path.parent if path.parent.is_dir() else Path('configs')
    # Not all that lies below: an environment holds ten thousand.
    files = [*folder.glob('*.py'), *Path('configs').rglob('*.py')]
    files = [file for file in files if '_base_' not in file.parts]
    names = {file.name: file for file in files}
    near = difflib.get_close_matches(path.name, names, n=2, cutoff=0.5)
    if not near:
        return ''
    return '; did you mean ' + ' or '.join(str(names[name]) for name in near) + '?'
