"""The report from the shell: one line, of success or of what is wrong."""

import subprocess
import sys
from pathlib import Path

import pytest

from convnext_dense.cli import main

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ('make', 'told'),
    [
        (lambda folder: folder / 'absent', 'no such folder'),
        (lambda folder: folder, 'holds no run'),
    ],
)
def test_a_folder_that_is_none_of_ours_is_named(make, told, tmp_path, capsys):
    assert main(['report', str(make(tmp_path))]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith('error: ')
    assert told in line


def test_more_than_two_runs_are_not_compared(capsys):
    assert main(['report', 'a', 'b', 'c']) == 2
    assert 'two work dirs can be compared, not 3' in capsys.readouterr().err


def test_the_script_is_the_command():
    done = subprocess.run(
        [sys.executable, 'tools/report.py', 'absent'],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (2, 'error: no such folder: absent\n')


def test_a_report_needs_no_torch(run_python):
    code = 'import sys, convnext_dense.report; print(int("torch" in sys.modules))'
    assert run_python(code) == 0
