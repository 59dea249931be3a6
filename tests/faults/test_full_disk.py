"""A disk that fills during a checkpoint costs nothing but the time until it is seen."""

import subprocess
from pathlib import Path

import pytest
from mmengine.logging import MMLogger

from convnext_dense.engine.checkpointing import newest_whole, read_manifest
from convnext_dense.errors import UserError


@pytest.fixture
def small_disk(tmp_path):
    """Give a folder on a file system of its own, of 400 KB."""
    folder = tmp_path / 'disk'
    folder.mkdir()
    mount = ['mount', '-t', 'tmpfs', '-o', 'size=400k', 'tmpfs', str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip('there is no mount here')
    if done.returncode:
        pytest.skip(f'mounting a tmpfs is not permitted here: {done.stderr.strip()}')
    yield folder
    close_logs(folder)
    subprocess.run(['umount', str(folder)], check=True)


def close_logs(folder):
    """Close the runs' logs; tests to come would write to the full disk otherwise."""
    for logger in MMLogger._instance_dict.values():
        for handler in [*logger.handlers]:
            if Path(getattr(handler, 'baseFilename', '/')).is_relative_to(folder):
                logger.removeHandler(handler)
                handler.close()


def test_the_one_before_is_whole_and_training_goes_on_after(toy, small_disk, tmp_path):
    unbroken = toy.train(toy.config(tmp_path / 'unbroken'))
    ballast = small_disk / 'ballast'
    cfg = toy.config(small_disk, hooks=[dict(type='Kill', at=8)])
    with pytest.raises(toy.Killed):
        toy.train(cfg)
    free = 400_000 - sum(f.stat().st_size for f in small_disk.rglob('*') if f.is_file())
    ballast.write_bytes(bytes(free - 60_000))
    # A checkpoint, or the log beside it.
    with pytest.raises(UserError, match=r'No space left.*make space'):
        toy.train(toy.config(small_disk, resume=True))
    path, _ = newest_whole(small_disk)
    assert read_manifest(path).iter >= 6
    ballast.unlink()
    assert toy.same(toy.train(toy.config(small_disk, resume=True)), unbroken)
