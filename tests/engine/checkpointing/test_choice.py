"""``--resume auto`` takes the newest whole checkpoint and says what it passed over."""

import pytest

from convnext_dense.engine.checkpointing import Manifest, choice, write_whole
from convnext_dense.engine.checkpointing.choice import choose
from convnext_dense.errors import CheckpointError


@pytest.fixture
def warnings(monkeypatch):
    told = []
    monkeypatch.setattr(choice, 'print_log', lambda message, **_: told.append(message))
    return told


def write(path, iteration):
    write_whole(path, lambda f: f.write(b'x'), Manifest((), iter=iteration))


def test_an_empty_work_dir_starts_from_the_beginning(tmp_path, warnings):
    assert choose(tmp_path) is None
    assert 'starting from the beginning' in warnings[0]


def test_a_damaged_one_is_passed_over_and_named(tmp_path, warnings):
    write(tmp_path / 'iter_1.pth', 1)
    write(tmp_path / 'iter_2.pth', 2)
    (tmp_path / 'iter_2.pth').write_bytes(b'y')
    assert choose(tmp_path) == tmp_path / 'iter_1.pth'
    assert 'iter_2.pth is passed over: its content' in warnings[0]


def test_damaged_ones_alone_are_an_error(tmp_path, warnings):
    write(tmp_path / 'iter_2.pth', 2)
    (tmp_path / 'iter_2.pth').write_bytes(b'y')
    with pytest.raises(CheckpointError, match='none of the 1 checkpoints'):
        choose(tmp_path)


def test_one_of_another_program_is_taken_if_it_is_pointed_to(tmp_path, warnings):
    (tmp_path / 'epoch_1.pth').write_bytes(b'y')
    (tmp_path / 'last_checkpoint').write_text(str(tmp_path / 'epoch_1.pth'))
    assert choose(tmp_path) == tmp_path / 'epoch_1.pth'
    assert 'no checksum' in warnings[-1]


def test_the_folder_that_is_pointed_to_is_looked_through(tmp_path, warnings):
    (tmp_path / 'out').mkdir()
    write(tmp_path / 'out/iter_3.pth', 3)
    (tmp_path / 'last_checkpoint').write_text(str(tmp_path / 'out/iter_1.pth'))
    assert choose(tmp_path) == tmp_path / 'out/iter_3.pth'


def test_a_copied_work_dir_takes_its_own(tmp_path, warnings):
    original, copied = tmp_path / 'a', tmp_path / 'b'
    for folder in (original, copied):
        folder.mkdir()
        (folder / 'last_checkpoint').write_text(str(original / 'iter_2.pth'))
    write(original / 'iter_2.pth', 2)
    write(copied / 'iter_1.pth', 1)
    assert choose(copied) == copied / 'iter_1.pth'


def test_a_work_dir_without_any_follows_its_pointer(tmp_path, warnings):
    elsewhere, work_dir = tmp_path / 'a', tmp_path / 'b'
    elsewhere.mkdir()
    work_dir.mkdir()
    write(elsewhere / 'iter_2.pth', 2)
    (work_dir / 'last_checkpoint').write_text(str(elsewhere / 'iter_2.pth'))
    assert choose(work_dir) == elsewhere / 'iter_2.pth'
