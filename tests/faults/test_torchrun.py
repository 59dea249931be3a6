"""Workers that are killed under torchrun are started again and end the same."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.long


def start(config, work_dir, processes, **env):
    path = f'{Path(sys.executable).parent}:{os.environ["PATH"]}'
    log = open(f'{work_dir}.{env.get("NODE_RANK", 0)}.txt', 'w')  # noqa: SIM115
    return subprocess.Popen(
        ['bash', 'tools/dist_train.sh', str(config), str(processes),
         '--work-dir', str(work_dir)],
        cwd=ROOT, stdout=log, stderr=log,
        env=os.environ | dict(PATH=path, OMP_NUM_THREADS='1') | env,
    )  # fmt: skip


def workers_of(run):
    """List the trainings that torchrun started, not their data loaders' workers."""
    found = []
    for status in Path('/proc').glob('[0-9]*/stat'):
        try:
            text = status.read_text()
        except OSError:  # it ended meanwhile
            continue
        if int(text.rpartition(')')[2].split()[1]) == run.pid:
            found.append(int(status.parent.name))
    return found


def wait_for(work_dir, iteration, run):
    """Wait until a checkpoint of at least an iteration is there."""
    from convnext_dense.engine.checkpointing import read_manifest

    while run.poll() is None:
        manifests = [read_manifest(p) for p in work_dir.glob('iter_*.pth')]
        if any(m and m.iter >= iteration for m in manifests):
            return
        time.sleep(0.02)
    pytest.fail(Path(f'{work_dir}.0.txt').read_text()[-3000:])


@pytest.fixture(scope='module')
def end(recipe, outcome, tmp_path_factory):
    work_dir = tmp_path_factory.mktemp('unbroken') / 'run'
    run = start(recipe('detector'), work_dir, 2, PORT='29631')
    assert run.wait(600) == 0
    return outcome(work_dir)


def test_a_worker_that_is_killed_twice(toy, recipe, outcome, end, tmp_path):
    work_dir = tmp_path / 'run'
    run = start(recipe('detector'), work_dir, 2, PORT='29632', MAX_RESTARTS='3')
    for iteration in (2, 4):
        wait_for(work_dir, iteration, run)
        os.kill(workers_of(run)[-1], signal.SIGKILL)
        time.sleep(1)
    assert run.wait(600) == 0, Path(f'{work_dir}.0.txt').read_text()[-3000:]
    assert toy.same(outcome(work_dir), end)


def test_two_nodes_one_of_which_loses_its_worker(toy, recipe, outcome, end, tmp_path):
    work_dir, config = tmp_path / 'run', recipe('detector')
    both = dict(NNODES='2', MASTER_ADDR='127.0.0.1', PORT='29633', MAX_RESTARTS='3')
    nodes = [start(config, work_dir, 1, NODE_RANK=str(n), **both) for n in range(2)]
    wait_for(work_dir, 2, nodes[0])
    os.kill(workers_of(nodes[1])[0], signal.SIGKILL)
    codes = [node.wait(600) for node in nodes]
    assert codes == [0, 0], Path(f'{work_dir}.0.txt').read_text()[-3000:]
    assert toy.same(outcome(work_dir), end)
