import os

import pytest

from convnext_dense.process import others


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """A machine of 4 cores whose clocks stand until ``pass_time`` moves them."""
    stat = tmp_path / 'stat'
    ticks = os.sysconf('SC_CLK_TCK')
    clocks = dict(clock=0.0, busy=0.0, own=0.0)

    def pass_time(**seconds):
        for name, by in seconds.items():
            clocks[name] += by
        busy = round(clocks['busy'] * ticks)
        # user, nice, system, idle, iowait, irq, softirq, steal, guest, guest_nice
        stat.write_text(f'cpu  {busy} 0 0 77777 {busy} 0 0 0 {busy} 0\ncpu0 9 9\n')

    pass_time()
    monkeypatch.setattr(others, 'STAT', stat)
    monkeypatch.setattr(others.time, 'perf_counter', lambda: clocks['clock'])
    monkeypatch.setattr(others.os, 'times', lambda: (clocks['own'], 0, 0, 0, 0))
    monkeypatch.setattr(others.os, 'cpu_count', lambda: 4)
    return pass_time


def test_what_others_use_is_what_is_used_without_ones_own(machine):
    watched = others.Others()
    machine(clock=2.0, busy=5.0, own=2.0)
    assert watched.cores() == (pytest.approx(1.5, abs=0.02), 4)


def test_nothing_is_told_of_no_time(machine):
    assert others.Others().cores() is None


def test_nothing_is_told_where_the_system_tells_nothing(monkeypatch, tmp_path):
    monkeypatch.setattr(others, 'STAT', tmp_path / 'missing')
    assert others.Others().cores() is None


def test_threads_that_find_their_cores_taken_are_advised_to_be_fewer():
    assert 'OMP_NUM_THREADS=1 ' in others.advice(threads=2, used=1.0, cores=2)


@pytest.mark.parametrize('used', [2.0, 7.9, 8.0])
def test_at_least_one_thread_is_advised(used):
    assert 'OMP_NUM_THREADS=1 ' in others.advice(threads=8, used=used + 6, cores=8)


@pytest.mark.parametrize(('threads', 'used'), [(2, 0.2), (1, 2.0), (6, 2.0)])
def test_threads_that_have_their_cores_are_left_alone(threads, used):
    assert others.advice(threads, used, cores=8 if threads == 6 else 2) is None
