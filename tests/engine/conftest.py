"""Scripts that several processes run as one."""

import os
import socket
import subprocess
import sys

import pytest


@pytest.fixture(scope='session')
def together(root):
    """Give a function that runs a script in so many processes, which can meet."""

    def together(script, world_size, *arguments):
        with socket.socket() as free:
            free.bind(('', 0))
            port = free.getsockname()[1]
        common = dict(
            MASTER_ADDR='127.0.0.1', MASTER_PORT=str(port), WORLD_SIZE=str(world_size),
            OMP_NUM_THREADS='1', PYTHONPATH=f'{root}:{root}/tests',
        )  # fmt: skip
        launcher = 'pytorch' if world_size > 1 else 'none'
        words = [launcher, *map(str, arguments)]
        runs = [
            subprocess.Popen(
                [sys.executable, '-W', 'ignore', '-c', script, *words], cwd=root,
                env=os.environ | common | dict(RANK=str(rank), LOCAL_RANK=str(rank)),
            )
            for rank in range(world_size)
        ]  # fmt: skip
        assert [run.wait(120) for run in runs] == [0] * world_size

    return together
