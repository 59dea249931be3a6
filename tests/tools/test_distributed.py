"""Several processes, on one machine and on several, from the shell."""

import os
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip('mmdet', reason='mmdet is not installed')

ROOT = Path(__file__).parents[2]
CONFIG = 'configs/shapes/mask-rcnn_convnext-v2-atto_demo_shapes.py'


def environment(**more):
    path = f'{Path(sys.executable).parent}:{os.environ["PATH"]}'
    return os.environ | dict(PATH=path, OMP_NUM_THREADS='1') | more


def sh(script, *arguments, env=None):
    return subprocess.run(
        ['bash', f'tools/{script}', *map(str, arguments)],
        cwd=ROOT, capture_output=True, text=True, check=False,
        env=environment(**(env or {})),
    )  # fmt: skip


@pytest.mark.parametrize('script', ['dist_train.sh', 'dist_test.sh', 'slurm_train.sh'])
def test_without_arguments_the_usage_is_told(script):
    done = sh(script)
    assert done.returncode == 2
    assert done.stderr.startswith('usage: ')


@pytest.mark.parametrize('gpus', ['0', 'two', '-1', '1.5'])
def test_a_number_of_gpus_that_is_none_is_refused(gpus):
    done = sh('dist_train.sh', CONFIG, gpus)
    assert done.returncode == 2
    assert f"got '{gpus}'" in done.stderr


def test_a_port_that_is_taken_is_named():
    with socket.socket() as taken:
        taken.bind(('', 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = sh('dist_train.sh', CONFIG, 2, env=dict(PORT=str(port)))
    assert done.returncode == 2
    assert done.stderr == (
        f'error: port {port} is taken, perhaps by another run: choose one with '
        f'PORT={port + 1}\n'
    )


def test_a_mistake_is_told_once_and_without_a_report(tmp_path):
    done = sh('dist_train.sh', 'configs/absent.py', 2, env=dict(PORT='29613'))
    assert done.returncode == 2
    assert done.stderr.count('error: config not found') == 1
    assert 'Traceback' not in done.stderr
    assert 'ChildFailedError' not in done.stderr


def test_sigterm_saves_and_ends_with_the_documented_code(shapes, tmp_path):
    command = [
        'bash', 'tools/dist_train.sh', CONFIG, '2', '--work-dir', str(tmp_path),
        '--cfg-options', f'data_root={shapes}', 'image_size=64', 'batch_size=1',
        'max_epochs=500', 'train_dataloader.num_workers=0',
    ]  # fmt: skip
    run = subprocess.Popen(
        command, cwd=ROOT, env=environment(PORT='29615'), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    for _ in range(600):
        if [*tmp_path.glob('epoch_*.pth')] or run.poll() is not None:
            break
        time.sleep(0.2)
    run.send_signal(signal.SIGTERM)
    _, errors = run.communicate(timeout=120)
    assert run.returncode == 75, errors[-3000:]
    assert 'stopped by SIGTERM' in errors
    assert 'continue with --resume' in errors


@pytest.fixture
def cluster(tmp_path):
    """Give the environment of a Slurm that only writes down what it is told."""
    tools = tmp_path / 'bin'
    tools.mkdir()
    told = tmp_path / 'told.txt'
    bodies = dict(
        sbatch=f'echo sbatch "$@" >> {told}',
        scancel=f'echo scancel "$@" >> {told}',
        scontrol=f'[ $1 = show ] && echo host1 || echo scontrol "$@" >> {told}',
        srun=f'echo srun "$@" NNODES=$NNODES ADDR=$MASTER_ADDR >> {told}; exit $CODE',
    )
    for name, body in bodies.items():
        file = tools / name
        file.write_text(f'#!/usr/bin/env bash\n{body}\n')
        file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return dict(PATH=f'{tools}:{os.environ["PATH"]}'), told


JOB = dict(
    CONVNEXT_DENSE_SLURM=str(ROOT / 'tools'), SLURM_JOB_ID='7', SLURM_NNODES='2',
    SLURM_JOB_NODELIST='host[1-2]',
)  # fmt: skip


def test_slurm_gets_a_job_that_is_signalled_and_requeued(cluster):
    env, told = cluster
    done = sh('slurm_train.sh', 'gpu', 'x', CONFIG, env=env | dict(GPUS='16'))
    assert done.returncode == 0, done.stderr
    text = told.read_text()
    for part in ('--requeue', '--signal=B:USR1@120', '--nodes=2', '--gpus-per-node=8'):
        assert part in text


@pytest.mark.parametrize(
    ('code', 'expected', 'requeued'), [(75, 0, True), (0, 0, False), (2, 2, False)]
)
def test_a_job_that_saved_goes_back_to_the_queue(cluster, code, expected, requeued):
    env, told = cluster
    job = env | JOB | dict(CODE=str(code))
    done = sh('slurm_train.sh', 'gpu', 'x', CONFIG, env=job)
    assert done.returncode == expected, done.stderr
    text = told.read_text()
    assert 'NNODES=2 ADDR=host1' in text
    assert '--resume auto' in text
    assert ('scontrol requeue 7' in text) == requeued
