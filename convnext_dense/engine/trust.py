"""Files are data: nothing in one is run while it is read.

mmengine reads a checkpoint that asks to run code a second time, without restraint;
its YAML loader builds whatever object a file names, and its pickle loader is pickle's.
The hosts call them for weights, annotations and proposals.
"""

from pathlib import Path
from typing import Any

import yaml
from mmengine.fileio import BaseFileHandler, register_handler
from mmengine.fileio.handlers import PickleHandler, YamlHandler
from mmengine.model import PretrainedInit
from mmengine.runner import CheckpointLoader, checkpoint
from torch import nn

from convnext_dense.checkpoints import load_matching, read_file, read_state
from convnext_dense.checkpoints.zoo import fetch
from convnext_dense.errors import UserError

# The safe loader, in C where that was compiled: mmengine reads hundreds of files.
LOADER = getattr(yaml, 'CSafeLoader', yaml.SafeLoader)


def distrust_files() -> None:
    """Replace, in this process, mmengine's readers of checkpoints, YAML and pickles."""
    checkpoint._safe_torch_load = _read_checkpoint
    checkpoint.load_from_http = _read_url
    CheckpointLoader.register_scheme('', _read_checkpoint, force=True)
    CheckpointLoader.register_scheme(('http://', 'https://'), _read_url, force=True)
    PretrainedInit.__call__ = _initialise  # type: ignore[method-assign]
    register_handler(['yaml', 'yml'])(_PlainYaml)
    register_handler(['pickle', 'pkl'])(_NoPickle)


def _read_checkpoint(file: Any, *_: Any, **__: Any) -> Any:
    return read_file(Path(file))


def _read_url(filename: str, *_: Any, **__: Any) -> Any:
    return read_file(fetch(filename))


def _initialise(self: PretrainedInit, module: nn.Module) -> None:
    """Load a neck, a head or a model whole; mmengine loads what happens to fit."""
    path = fetch(self.checkpoint)
    state = read_state(path)
    if self.prefix:
        prefix = self.prefix.rstrip('.') + '.'
        state = {
            name.removeprefix(prefix): value
            for name, value in state.items()
            if name.startswith(prefix)
        }
    load_matching(module, state, str(path))


class _PlainYaml(YamlHandler):
    """YAML of plain data."""

    def load_from_fileobj(self, file: Any, **_: Any) -> Any:
        """Read a file; a tag that names an object of Python's is an error."""
        try:
            return yaml.load(file, Loader=LOADER)
        except yaml.YAMLError as error:
            first = str(error).partition('\n')[0]
            raise UserError(
                f'a YAML file cannot be read as plain data: {first}'
            ) from error


class _NoPickle(PickleHandler, BaseFileHandler):
    """Pickles are written, and not read."""

    def load_from_fileobj(self, file: Any, **_: Any) -> Any:
        """Refuse."""
        raise UserError(
            f'{getattr(file, "name", "a pickle file")} is a pickle, which runs what it '
            'holds while it is read; save the data as JSON'
        )

    def load_from_path(self, filepath: Any, **_: Any) -> Any:
        """Refuse."""
        raise UserError(
            f'{filepath} is a pickle, which runs what it holds while it is read; save '
            'the data as JSON'
        )
