"""Files to state dicts, without running what a file contains."""

import pickle
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from convnext_dense.errors import CheckpointError

from .safe_globals import SAFE_GLOBALS

# Wrappers around the weights, in the order in which they are looked for.
WRAPPERS = (
    'state_dict', 'model', 'model_state_dict', 'module',
    # Averages, where a file holds nothing else.
    'ema_state_dict', 'state_dict_ema', 'model_ema',
)  # fmt: skip


# What a snapshot folder of a Hugging Face repository keeps its weights in.
SNAPSHOT_FILES = ('model.safetensors', 'pytorch_model.bin')


# How files begin that stand under a checkpoint's name by mistake.
KINDS = {
    b'<!doctype': 'a page of the web, perhaps one that asks to log in',
    b'<html': 'a page of the web, perhaps one that asks to log in',
    b'version https://git-lfs': 'a pointer of Git LFS: run `git lfs pull` beside it',
    b'\x1f\x8b': 'compressed by gzip: unpack it first',
}


def read_file(path: Path, *, trust: bool = False) -> Any:
    """Read a ``.pth``/``.pt`` or safetensors file onto the CPU.

    Args:
        path: The file, or the folder of a Hugging Face snapshot.
        trust: Unpickle arbitrary objects, which runs code that the file chooses.

    Raises:
        CheckpointError: If the file is missing, is no checkpoint, is cut short, or
            needs pickle without ``trust``; it names the global that it asked for.
    """
    if path.is_dir():
        path = _in_snapshot(path)
    if not path.is_file():
        raise CheckpointError(f'checkpoint not found: {path}')
    _check_kind(path)
    if path.suffix == '.safetensors':
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            return load_file(path)
        except OSError as error:
            raise CheckpointError(f'{path} cannot be read: {error}') from error
        except SafetensorError as error:
            raise CheckpointError(f'{path} is no whole safetensors: {error}') from error
    try:
        with (
            torch.serialization.safe_globals(SAFE_GLOBALS),
            warnings.catch_warnings(),
        ):
            # The error that follows says it in words for people.
            warnings.filterwarnings('ignore', message='Detected pickle protocol')
            return torch.load(path, map_location='cpu', weights_only=not trust)
    except pickle.UnpicklingError as error:
        raise CheckpointError(_refusal(path, str(error))) from error
    except ImportError as error:
        raise CheckpointError(
            f'{path} was saved with a package that is not installed: {error}'
        ) from error
    except PermissionError as error:
        raise CheckpointError(f'{path} may not be read: {error.strerror}') from error
    # A damaged pickle fails in any way: struct.error, IndexError, AssertionError...
    except Exception as error:
        # What a cut archive lacks is said in a paragraph on torch's own versions.
        first = str(error).partition('\n')[0].partition('. ')[0]
        raise CheckpointError(
            f'{path} is not a whole checkpoint ({path.stat().st_size:,} bytes; {first})'
        ) from error


def _check_kind(path: Path) -> None:
    """Refuse what is known not to be a checkpoint by its first bytes."""
    try:
        with path.open('rb') as file:
            begin = file.read(512)
    except OSError as error:
        raise CheckpointError(f'{path} cannot be read: {error.strerror}') from error
    if not begin:
        raise CheckpointError(f'{path} is empty')
    for first, kind in KINDS.items():
        if begin.lstrip().lower().startswith(first):
            raise CheckpointError(f'{path} is no checkpoint but {kind}')
    if path.suffix != '.safetensors' and begin[8:].lstrip().startswith(b'{"'):
        raise CheckpointError(
            f'{path} looks like safetensors: give it the suffix .safetensors'
        )


def read_state(path: Path, *, trust: bool = False) -> dict[str, Tensor]:
    """Read a file and find the state dict in it, wrapped or bare.

    Raises:
        CheckpointError: As :func:`read_file`, or if no weights are found.
    """
    return weights_in(read_file(path, trust=trust), path)


def weights_in(content: Any, path: Path) -> dict[str, Tensor]:
    """Find the state dict in what a file held; ``path`` is for errors."""
    for wrapper in WRAPPERS:
        if isinstance(content, Mapping) and isinstance(content.get(wrapper), Mapping):
            content = content[wrapper]
            break
    if not isinstance(content, Mapping):
        raise CheckpointError(f'{path} holds a {type(content).__name__}, no state dict')
    state = {
        key: value
        for key, value in content.items()
        if isinstance(key, str) and isinstance(value, Tensor)
    }
    if not state:
        raise CheckpointError(f'{path} holds no weights; its keys: {[*content][:5]}')
    return state


def _in_snapshot(folder: Path) -> Path:
    for name in SNAPSHOT_FILES:
        if (folder / name).is_file():
            return folder / name
    raise CheckpointError(
        f'{folder} is a folder without {" or ".join(SNAPSHOT_FILES)}: name a file'
    )


def _refusal(path: Path, message: str) -> str:
    asked = re.search(
        r'GLOBAL ([\w.]+)|[Uu]nsupported (?:class|global) ([\w.]+)', message
    )
    if not asked:
        return f'{path} is no checkpoint that torch can read'
    name = asked.group(1) or asked.group(2)
    return (
        f'{path} asks to run {name} while it is read, so it was not read; convert it '
        'to plain tensors where it was made, or, if you trust its source, with '
        'tools/convert_checkpoint.py --trust (in Python: trust=True)'
    )
