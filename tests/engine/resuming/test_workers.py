"""Workers end with the process that they work for."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SCRIPT = """
import os, time, torch
from torch.utils.data import DataLoader, Dataset
from convnext_dense.engine.resuming.workers import protected
class Data(Dataset):
    def __len__(self): return 100
    def __getitem__(self, i): return torch.zeros(1000, 1000)
loader = DataLoader(Data(), num_workers=2, worker_init_fn=protected(None))
batches = iter(loader)
next(batches)
print(*[worker.pid for worker in batches._workers], flush=True)
time.sleep(60)
"""


def runs(pid):
    try:
        return (
            Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0] != 'Z'
        )
    except OSError:
        return False


@pytest.mark.skipif(sys.platform != 'linux', reason='Linux alone tells of such ends')
def test_workers_of_a_killed_run_end():
    run = subprocess.Popen(
        [sys.executable, '-c', SCRIPT], stdout=subprocess.PIPE, text=True
    )
    workers = [int(pid) for pid in run.stdout.readline().split()]
    assert len(workers) == 2
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    for _ in range(100):
        if not any(map(runs, workers)):
            return
        time.sleep(0.1)
    pytest.fail(f'still there: {[pid for pid in workers if runs(pid)]}')
