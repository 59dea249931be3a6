"""Which checkpoint of a work dir a run is continued from."""

import logging
from pathlib import Path

from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.logging import print_log

from convnext_dense.errors import CheckpointError

from .files import newest_whole, read_manifest


def choose(work_dir: Path) -> Path | None:
    """Choose the newest whole checkpoint, the same one in all processes.

    What is passed over is logged with the reason. A checkpoint without a manifest,
    written by another program, is taken only if ``last_checkpoint`` points to it.

    Returns:
        The checkpoint; None if the work dir has none, so that the same command
        starts a run and continues it.

    Raises:
        CheckpointError: If there are checkpoints and none is whole.
    """
    found: list[str | None] = [None, None]
    if is_main_process():
        try:
            path = _newest(work_dir)
            found[0] = str(path) if path else None
        except CheckpointError as error:
            found[1] = str(error)  # which all processes have to hear of
    broadcast_object_list(found)
    if found[1]:
        raise CheckpointError(found[1])
    return Path(found[0]) if found[0] else None


def _newest(work_dir: Path) -> Path | None:
    pointer = work_dir / 'last_checkpoint'
    pointed = Path(pointer.read_text().strip()) if pointer.is_file() else None
    # Where the work dir has none of its own, `out_dir` put them elsewhere. A copied
    # work dir has its own, and still points to those of the original.
    own = any(read_manifest(path) for path in work_dir.glob('*.pth'))
    elsewhere = pointed is not None and pointed.parent.is_dir() and not own
    folder = pointed.parent if pointed and elsewhere else work_dir
    path, skipped = newest_whole(folder)
    for other, reason in skipped:
        _warn(f'--resume: {other} is passed over: {reason}')
    if path:
        return path
    if pointed and (pointed, 'it has no manifest') in skipped:
        _warn(f'--resume: {pointed} has no checksum and is taken as it is')
        return pointed
    if skipped:
        raise CheckpointError(
            f'--resume: none of the {len(skipped)} checkpoints in {folder} is whole '
            f'({skipped[0][0].name}: {skipped[0][1]}); choose one with --resume PATH, '
            'or start over in another --work-dir'
        )
    _warn(f'--resume: no checkpoint in {folder}: starting from the beginning')
    return None


def _warn(message: str) -> None:
    print_log(message, logger='current', level=logging.WARNING)
