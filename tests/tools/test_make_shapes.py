import inspect
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip('pycocotools')

from convnext_dense import cli
from convnext_dense.datasets.shapes import write_shapes
from convnext_dense.options import parser

TOOL = Path(__file__).parents[2] / 'tools' / 'make_shapes.py'
SMALL = ['--train', '3', '--val', '2', '--size', '48', '64']


@pytest.fixture(scope='module')
def main():
    return lambda arguments: cli.main(['make-shapes', *arguments])


def test_script_writes_the_set_and_says_where(tmp_path):
    root = tmp_path / 'shapes'
    command = [sys.executable, TOOL, '--root', root, *SMALL]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, '')
    assert done.stdout.startswith(f'shapes are in {root}\n')


def test_last_lines_count_every_class_of_every_split(main, tmp_path, capsys):
    main(['--root', str(tmp_path / 'shapes'), *SMALL])
    train, val = capsys.readouterr().out.splitlines()[-2:]
    assert train.startswith('  train: 3 images; circle ')
    assert val.startswith('  val: 2 images; circle ')


def test_options_reach_the_data_set(main, tmp_path):
    root = tmp_path / 'shapes'
    main(['--root', str(root), *SMALL, '--seed', '7'])
    write_shapes(root, train=3, val=2, size=(48, 64), seed=7, progress=None)


def test_one_size_is_a_square(main, tmp_path):
    root = tmp_path / 'shapes'
    main(['--root', str(root), '--train', '1', '--val', '0', '--size', '40'])
    write_shapes(root, train=1, val=0, size=40, progress=None)


def test_force_replaces_the_set(main, tmp_path):
    command = ['--root', str(tmp_path / 'shapes'), *SMALL]
    main(command)
    assert main([*command, '--seed', '1', '--force']) == 0


@pytest.mark.parametrize('name', ['train', 'val', 'seed', 'force'])
def test_defaults_are_those_of_the_function(name):
    default = inspect.signature(write_shapes).parameters[name].default
    assert vars(parser().parse_args(['make-shapes']))[name] == default


@pytest.mark.parametrize(
    'wrong',
    [
        ['--train', '-1'],
        ['--val', '-1'],
        ['--seed', '-1'],
        ['--size', '31'],
        ['--size', '64', '64', '64'],
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(main, tmp_path, capsys, wrong):
    assert main(['--root', str(tmp_path / 'shapes'), *wrong]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith('error: ')


@pytest.mark.parametrize('name', ['file', 'file/shapes', 'folder'])
def test_a_root_that_cannot_be_used_is_named(main, tmp_path, capsys, name):
    (tmp_path / 'file').write_text('mine')
    (tmp_path / 'folder').mkdir()
    (tmp_path / 'folder' / 'mine').write_text('mine')
    assert main(['--root', str(tmp_path / name), *SMALL]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith('error: ')
    assert str(tmp_path / name) in line


def test_a_root_without_permission_is_one_line(main, tmp_path, capsys, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, 'Permission denied', str(tmp_path))

    monkeypatch.setattr(Path, 'mkdir', refuse)
    assert main(['--root', str(tmp_path / 'shapes'), *SMALL]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(f'Permission denied: {tmp_path}')


def test_other_settings_without_force_are_one_line(main, tmp_path, capsys):
    command = ['--root', str(tmp_path / 'shapes'), *SMALL]
    main(command)
    assert main([*command, '--seed', '1']) == 2
    assert '--force' in capsys.readouterr().err
