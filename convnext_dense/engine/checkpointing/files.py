"""Files that appear whole, with a checksum beside, whatever moment a machine dies.

A checkpoint ``epoch_3.pth`` has a manifest ``epoch_3.pth.json`` beside it with the
SHA-256 of its bytes. The order of writing keeps one rule: a file under its own name
always has its checksum in its manifest.

1. The bytes go to ``epoch_3.pth.part``, and to the disk (fsync).
2. The manifest is replaced; where an earlier ``epoch_3.pth`` is there, it lists both
   checksums, so that either file is whole.
3. ``epoch_3.pth.part`` becomes ``epoch_3.pth`` (rename is atomic), and the folder goes
   to the disk.
4. The file is read back and compared; then the manifest drops the earlier checksum.

What a crash leaves behind is a ``.part`` file or a manifest without a file.
"""

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from convnext_dense.errors import CheckpointError

PART = '.part'
MANIFEST = '.json'
CHUNK = 1 << 22  # bytes


@dataclass(frozen=True)
class Manifest:
    """What is known of a checkpoint without reading it.

    Args:
        sha256: Checksums in hexadecimal digits, of which the file has one.
        epoch: Epochs behind it.
        iter: Iterations behind it.
        seed: The seed of the run, which a resumed run needs before anything else.
        resumable: Whether it holds all that resuming needs, or only weights.
    """

    sha256: tuple[str, ...]
    epoch: int = 0
    iter: int = 0
    seed: int | None = None
    resumable: bool = True


class _Hashed:
    """A file that hashes what is written to it, in passing."""

    def __init__(self, file: BinaryIO):
        self.file = file
        self.sha256 = hashlib.sha256()
        self.error: OSError | None = None

    def write(self, data: Any) -> int:
        self.sha256.update(data)
        try:
            return self.file.write(data)
        except OSError as error:
            self.error = error  # torch turns it into one that does not say why
            raise

    def flush(self) -> None:
        self.file.flush()


def write_whole(path: Path, save: Callable[[Any], None], about: Manifest) -> Manifest:
    """Write a checkpoint so that a reader sees all of it or the one before.

    Args:
        path: Where it goes; an earlier file there stays whole until the end.
        save: Writes the content to the file that it is given.
        about: The manifest; its checksum is filled in.

    Returns:
        The manifest as written.

    Raises:
        OSError: If the disk is full or fails; the earlier files are untouched.
        CheckpointError: If the file does not read back as it was written.
    """
    part = path.with_name(path.name + PART)
    try:
        with open(part, 'wb') as file:
            hashed = _Hashed(file)
            _save(save, hashed)
            file.flush()
            os.fsync(file.fileno())
        about = replace(about, sha256=(hashed.sha256.hexdigest(),))
        earlier = read_manifest(path) if path.exists() else None
        both = replace(about, sha256=about.sha256 + (earlier.sha256 if earlier else ()))
        write_text(_beside(path), json.dumps(asdict(both)))
        os.replace(part, path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)
    if sha256_of(path) != about.sha256[0]:
        raise CheckpointError(
            f'{path} does not read back as it was written: its disk is failing'
        )
    if earlier:
        write_text(_beside(path), json.dumps(asdict(about)))
    return about


def _save(save: Callable[[Any], None], file: _Hashed) -> None:
    try:
        save(file)
    except Exception:
        if file.error is not None:
            raise file.error from None
        raise


def write_text(path: Path, text: str) -> None:
    """Replace a small file as a whole."""
    part = path.with_name(path.name + PART)
    with open(part, 'w', encoding='utf-8') as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)
    _sync_folder(path.parent)


def remove(path: Path) -> None:
    """Delete a checkpoint, then its manifest."""
    path.unlink(missing_ok=True)
    _beside(path).unlink(missing_ok=True)


def move(path: Path, folder: Path) -> None:
    """Move a checkpoint with its manifest, which is there first and there last."""
    manifest = _beside(path)
    write_text(folder / manifest.name, manifest.read_text(encoding='utf-8'))
    path.rename(folder / path.name)
    manifest.unlink()


def clear_leftovers(folder: Path) -> None:
    """Delete what a crash left: files in part, and manifests without a file."""
    for pattern in (f'*.pth*{PART}', f'last_checkpoint{PART}'):
        for path in folder.glob(pattern):
            path.unlink(missing_ok=True)
    for path in folder.glob(f'*.pth{MANIFEST}'):
        if not path.with_name(path.name.removesuffix(MANIFEST)).exists():
            path.unlink(missing_ok=True)


def read_manifest(path: Path) -> Manifest | None:
    """Read the manifest beside a checkpoint; None if it is absent or damaged."""
    try:
        content = json.loads(_beside(path).read_text(encoding='utf-8'))
        checksums = tuple(map(str, content['sha256']))
        seed = content['seed']
        return Manifest(
            checksums,
            int(content['epoch']),
            int(content['iter']),
            None if seed is None else int(seed),
            bool(content['resumable']),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def fault_of(path: Path) -> str | None:
    """Say what is wrong with a checkpoint, in words; None if it is whole."""
    if not path.is_file():
        return 'it is not there'
    if not _beside(path).is_file():
        return 'it has no manifest'
    manifest = read_manifest(path)
    if manifest is None:
        return 'its manifest is damaged'
    if sha256_of(path) not in manifest.sha256:
        return 'its content does not match its checksum: it is cut short or damaged'
    return None


def verify(path: Path) -> None:
    """Compare a checkpoint with its manifest, where it has one.

    Raises:
        CheckpointError: If as much as a bit differs.
    """
    fault = fault_of(path) if _beside(path).is_file() else None
    if fault:
        raise CheckpointError(f'{path} cannot be used: {fault}')


def newest_whole(folder: Path) -> tuple[Path | None, list[tuple[Path, str]]]:
    """Find the newest checkpoint of a folder that is whole and can be resumed.

    Returns:
        The checkpoint, or None; and those that are newer and were passed over, each
        with the reason.
    """
    candidates = []
    skipped = []
    for path in folder.glob('*.pth'):
        manifest = read_manifest(path)
        if manifest is None:
            skipped.append((path, str(fault_of(path))))
        elif manifest.resumable:
            candidates.append((manifest.iter, path.stat().st_mtime_ns, path))
    for _, _, path in sorted(candidates, reverse=True):
        fault = fault_of(path)
        if fault is None:
            return path, skipped
        skipped.append((path, fault))
    return None, skipped


def sha256_of(path: Path) -> str:
    """Hash a file."""
    digest = hashlib.sha256()
    with open(path, 'rb') as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _beside(path: Path) -> Path:
    return path.with_name(path.name + MANIFEST)


def _sync_folder(folder: Path) -> None:
    """Make renames in a folder outlast a power failure."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
