"""Checkpoints are whole or not there, whatever moment the machine dies."""

import errno
import json
import os
from itertools import count
from pathlib import Path

import pytest

from convnext_dense.engine.checkpointing import (
    Manifest,
    clear_leftovers,
    fault_of,
    files,
    newest_whole,
    read_manifest,
    remove,
    verify,
    write_text,
    write_whole,
)
from convnext_dense.errors import CheckpointError


def write(path, content, iteration):
    about = Manifest((), epoch=0, iter=iteration, seed=7)
    write_whole(path, lambda file: [file.write(bytes([b])) for b in content], about)


def test_what_is_written_is_whole_and_known(tmp_path):
    write(tmp_path / 'a.pth', b'abc', 5)
    assert (tmp_path / 'a.pth').read_bytes() == b'abc'
    assert fault_of(tmp_path / 'a.pth') is None
    assert read_manifest(tmp_path / 'a.pth').seed == 7


@pytest.mark.parametrize('bit', range(24))
def test_one_flipped_bit_is_noticed(tmp_path, bit):
    write(tmp_path / 'a.pth', b'abc', 5)
    content = bytearray(b'abc')
    content[bit // 8] ^= 1 << bit % 8
    (tmp_path / 'a.pth').write_bytes(content)
    with pytest.raises(CheckpointError, match='does not match its checksum'):
        verify(tmp_path / 'a.pth')


@pytest.mark.parametrize(
    'manifest',
    ['', '{', '[]', '{"sha256": 3}', '{"sha256": ["x"], "epoch": "a"}', '\0'],
)
def test_a_damaged_manifest_is_a_fault_and_no_crash(tmp_path, manifest):
    write(tmp_path / 'a.pth', b'abc', 5)
    (tmp_path / 'a.pth.json').write_text(manifest)
    assert read_manifest(tmp_path / 'a.pth') is None
    assert fault_of(tmp_path / 'a.pth') == 'its manifest is damaged'


def test_the_newest_whole_one_is_found_and_the_others_named(tmp_path):
    for name, iteration in (('a', 1), ('b', 3), ('c', 2), ('d', 4)):
        write(tmp_path / f'{name}.pth', name.encode(), iteration)
    (tmp_path / 'd.pth').write_bytes(b'')
    (tmp_path / 'b.pth').write_bytes(b'x')
    found, skipped = newest_whole(tmp_path)
    assert found == tmp_path / 'c.pth'
    assert {path.stem for path, _ in skipped} == {'b', 'd'}


def test_weights_alone_are_not_resumed(tmp_path):
    about = Manifest((), iter=9, resumable=False)
    write_whole(tmp_path / 'best.pth', lambda file: file.write(b'x'), about)
    assert newest_whole(tmp_path) == (None, [])


def test_a_removed_checkpoint_leaves_nothing(tmp_path):
    write(tmp_path / 'a.pth', b'abc', 5)
    remove(tmp_path / 'a.pth')
    assert [*tmp_path.iterdir()] == []


class Crash(BaseException):
    """The machine dies."""


@pytest.fixture
def dying(monkeypatch):
    """Give a function that makes the n-th write, sync, rename or delete the last."""

    def dying(last):
        steps = count()

        def dies(function):
            def call(*args, **kwargs):
                if next(steps) == last:
                    raise Crash
                return function(*args, **kwargs)

            return call

        for owner, name in (
            (os, 'replace'), (os, 'fsync'), (Path, 'unlink'),
            (files._Hashed, 'write'), (files, 'sha256_of'), (files, 'open'),
        ):  # fmt: skip
            original = getattr(owner, name, open)
            monkeypatch.setattr(owner, name, dies(original), raising=False)

    return dying


def save_twice(folder):
    """Save as training does: a new one, the same anew, the old one deleted."""
    write(folder / 'new.pth', b'new', 2)
    write_text(folder / 'last_checkpoint', 'new.pth')
    remove(folder / 'old.pth')
    write(folder / 'new.pth', b'again', 2)


def test_a_crash_at_any_step_leaves_a_whole_checkpoint(tmp_path, dying, monkeypatch):
    for last in count():
        folder = tmp_path / str(last)
        folder.mkdir()
        write(folder / 'old.pth', b'old', 1)
        with monkeypatch.context():
            dying(last)
            try:
                save_twice(folder)
            except Crash:
                ended = False
            else:
                ended = True
            monkeypatch.undo()
        found, _ = newest_whole(folder)
        assert found.read_bytes() in (b'old', b'new', b'again'), last
        clear_leftovers(folder)
        assert newest_whole(folder)[0] == found
        assert not [*folder.glob('*.part')]
        if ended:
            break
    assert last > 30
    assert found.read_bytes() == b'again'


def test_a_full_disk_leaves_the_earlier_file(tmp_path, monkeypatch):
    write(tmp_path / 'a.pth', b'abc', 5)

    def full(file, data):
        file.error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        raise RuntimeError('what torch makes of it')

    monkeypatch.setattr(files._Hashed, 'write', full)
    with pytest.raises(OSError, match='No space left'):
        write(tmp_path / 'a.pth', b'defg', 6)
    assert fault_of(tmp_path / 'a.pth') is None
    assert [p.name for p in sorted(tmp_path.iterdir())] == ['a.pth', 'a.pth.json']


def test_a_disk_that_returns_something_else_is_noticed(tmp_path, monkeypatch):
    monkeypatch.setattr(files, 'sha256_of', lambda path: '0')
    with pytest.raises(CheckpointError, match='does not read back'):
        write(tmp_path / 'a.pth', b'abc', 5)


def test_a_manifest_is_json_with_the_checksum(tmp_path):
    write(tmp_path / 'a.pth', b'abc', 5)
    (checksum,) = json.loads((tmp_path / 'a.pth.json').read_text())['sha256']
    assert checksum.startswith('ba7816bf')  # FIPS 180-2, appendix B.1
