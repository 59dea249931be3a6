import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run(*arguments):
    command = [sys.executable, '-W', 'ignore', 'tools/complexity.py', *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def test_the_numbers_are_written_as_json(tmp_path):
    done = run('ConvNeXtV2-atto', '--json', str(tmp_path / 'a.json'))
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / 'a.json').read_text())
    assert found['ConvNeXtV2-atto']['total']['params'] == 3_708_400


def test_a_mistake_is_one_line():
    done = run('ConvNeXtV2-giant')
    assert (done.returncode, done.stderr.count('\n')) == (2, 1)


def test_a_shape_too_small_for_four_stages_is_refused():
    done = run('ConvNeXtV2-atto', '--shape', '16', '16')
    assert done.returncode == 2
    assert '32' in done.stderr
