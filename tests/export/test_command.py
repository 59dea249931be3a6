"""Mistakes are told before the network is traced, which takes a minute."""

import pytest

from convnext_dense.export import command


@pytest.fixture
def refused(checkpoints, capsys, monkeypatch):
    """Give a function from arguments to the one line that they are answered with."""
    from convnext_dense.cli import main

    def traced(*_):
        raise AssertionError('the network was traced')

    monkeypatch.setattr(command, 'write_onnx', traced)
    monkeypatch.setattr(command, 'write_program', traced)

    def complaint(*arguments):
        args = ['export', checkpoints['segmentor'], '--format', 'torch', *arguments]
        assert main([*map(str, args)]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        return line

    return complaint


def test_a_folder_is_no_file(refused, tmp_path):
    assert 'is a folder: name a file' in refused('--out', tmp_path)


def test_a_place_that_cannot_be_written_is_named(refused):
    assert '/dev/null/a.pt2 cannot be written' in refused('--out', '/dev/null/a.pt2')


def test_an_image_to_check_that_is_none_is_named(refused, tmp_path):
    path = tmp_path / 'a.jpg'
    path.touch()
    assert 'a.jpg is empty' in refused('--out', tmp_path / 'a.pt2', '--check', path)
    assert not (tmp_path / 'a.pt2').exists()


def test_folders_on_the_way_are_made(tmp_path):
    part = command.make_way(tmp_path / 'new' / 'a.onnx')
    assert part.parent.is_dir()
    assert not part.exists()
