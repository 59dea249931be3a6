import json
import sys

import pytest
import torch


@pytest.fixture(scope='module')
def suite_module(root):
    sys.path.insert(0, str(root / 'tools/benchmarks'))
    import suite

    yield suite
    sys.path.remove(str(root / 'tools/benchmarks'))


@pytest.fixture
def suite(suite_module, monkeypatch, tmp_path):
    """Give a function that makes a suite with a command line of its own."""

    def make(*arguments, **options):
        out = ['--json', str(tmp_path / 'out.json'), '--rounds', '3']
        monkeypatch.setattr(sys, 'argv', ['benchmark.py', *out, *arguments])
        return suite_module.Suite('A benchmark.', 'test', **options)

    return make


def row_of(suite_module, **seconds):
    timing = sys.modules['timing']
    return timing.Row('row', {k: timing.Side(v) for k, v in seconds.items()})


def test_sides_run_in_turn(suite, monkeypatch):
    calls = []
    monkeypatch.setattr('timing.SHORTEST', 0)
    sides = {side: lambda side=side: calls.append(side) for side in 'ab'}
    suite().compare('row', sides, memory=False)
    assert ''.join(calls) == 'ab' + 3 * 'ab'


def test_the_ratio_is_that_of_rounds_to_the_fastest_other(suite_module):
    row = row_of(suite_module, ours=[1, 4, 3], slow=[9, 9, 9], fast=[2, 8, 2])
    assert (row.peer, row.ratio) == ('fast', 0.5)


def test_the_ratio_to_each_other_is_to_be_had(suite_module):
    row = row_of(suite_module, ours=[1, 4, 3], slow=[4, 8, 6], fast=[2, 8, 2])
    assert row.ratio_to('slow') == 0.5


def test_a_tolerance_is_told_with_the_verdict(suite_module):
    row = row_of(suite_module, ours=[1.0])
    row.equal, row.tolerance = True, 1e-4
    assert 'results equal to 0.0001: yes' in suite_module.as_text(row)


def test_without_a_peer_there_is_no_ratio(suite_module):
    assert row_of(suite_module, ours=[1.0]).ratio is None


def test_peak_memory_is_what_the_call_held(suite_module):
    size = 64 * 2**20
    peak = sys.modules['timing'].peak_memory(lambda: torch.ones(size // 4).sum())
    if peak is None:
        pytest.skip('this system does not tell the peak of a process')
    assert 0.9 * size < peak < 1.5 * size


def test_a_missing_peer_is_named_with_its_extra_and_left_out(suite, capsys):
    one = suite()
    assert one.peer('no_such_peer') is None
    assert "pip install 'convnext-dense[bench]'" in capsys.readouterr().err
    assert one.peer('json') is json


def test_figures_are_written_as_json(suite, tmp_path):
    one = suite('--side', '32', side=(64, 'a side'))
    assert one.args.side == 32
    one.compare('row', {'ours': lambda: 1, 'other': lambda: 2}, goal=2.0, equal=True)
    assert one.finish() == 0
    found = json.loads((tmp_path / 'out.json').read_text())
    assert found['rows'][0]['ratio'] > 0
    assert found['machine']['torch'] == torch.__version__


def test_without_a_gpu_the_gpu_run_says_so(suite, capsys):
    if torch.cuda.is_available():
        pytest.skip('there is a GPU')
    with pytest.raises(SystemExit) as stop:
        suite('--device', 'cuda', devices=True)
    assert stop.value.code == 2
    assert 'no GPU here' in capsys.readouterr().out


def test_a_missed_goal_is_shown_as_missed(suite_module):
    row = row_of(suite_module, ours=[2.0], other=[1.0])
    row.goal = 0.9
    assert 'goal 0.9: missed' in suite_module.as_text(row)


@pytest.mark.parametrize(
    ('option', 'words'),
    [
        ('--rounds=0', '0 is not above 0'),
        ('--threads=-1', '-1 is not above 0'),
        ('--threads=100000000', 'above'),
        ('--size=0', '0 is not above 0'),
        ('--models=foo', 'invalid choice'),
        ('--device=cuda', 'unrecognized'),
        ('--json=/proc/nope/x.json', 'cannot be written'),
    ],
)
def test_an_option_that_cannot_be_is_refused_before_anything_runs(
    suite, capsys, option, words
):
    with pytest.raises(SystemExit, match='2'):
        suite(option, size=(64, 'side'), models=(['a'], 'models', ['a', 'b']))
    assert words in capsys.readouterr().err


@pytest.mark.parametrize('name', ['side', 'height', 'sides'])
def test_images_below_the_last_stride_are_refused(suite, capsys, name):
    with pytest.raises(SystemExit):
        suite(f'--{name}', '31', **{name: ([64] if name == 'sides' else 64, 'a side')})
    assert f'--{name} 31 is below 32' in capsys.readouterr().err


def test_what_is_refused_leaves_no_file(suite, tmp_path):
    with pytest.raises(SystemExit):
        suite('--side', '31', side=(64, 'a side'))
    assert not (tmp_path / 'out.json').exists()
