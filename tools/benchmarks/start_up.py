#!/usr/bin/env python
"""From the command to the first training iteration, beside the host's own classes.

Both sides are fresh processes that train the demo's detector for one iteration on
generated data: ours is ``tools/train.py``, the other mmengine's Runner on the same
config, with all registries filled first, as the host's ``tools/train.py`` does.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from suite import Suite

CONFIG = 'configs/shapes/mask-rcnn_convnext-v2-atto_demo_shapes.py'
# One iteration, then out: what follows is no start-up.
STOP = """
import os
def stop():
    from mmengine.hooks import Hook
    class Stop(Hook):
        def after_train_iter(self, *args, **kwargs):
            os._exit(0)
    return Stop()
"""
OURS = (
    STOP
    + """
import sys
from convnext_dense import cli
def stopped(command=cli.COMMANDS['train']):
    train = command()
    from convnext_dense.engine.runner import Runner
    register_hooks = Runner.register_hooks
    def register_one_more(self, *args, **kwargs):
        register_hooks(self, *args, **kwargs)
        self.register_hook(stop())
    Runner.register_hooks = register_one_more
    return train
cli.COMMANDS['train'] = stopped
sys.exit(cli.main())
"""
)
HOST = (
    STOP
    + """
import sys
import convnext_dense
from mmdet.utils import register_all_modules
register_all_modules()
from mmengine.config import Config
from mmengine.runner import Runner
cfg = Config.fromfile(sys.argv[1])
runner = Runner.from_cfg(cfg)
runner.register_hook(stop())
runner.train()
"""
)


def run(code: str, *arguments: str) -> None:
    """Run code in a process of its own, which must end well."""
    command = [sys.executable, '-W', 'ignore', '-c', code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)


def main() -> int:
    """Measure the start, and how it grows with the data set."""
    suite = Suite(
        __doc__,
        'start_up',
        rounds=2,
        images=([16, 1000], 'images in the generated training set'),
    )
    from convnext_dense.datasets.shapes import write_shapes
    from convnext_dense.engine.config import load_config

    folder = Path(tempfile.mkdtemp())
    for number in suite.args.images:
        data, out = folder / f'data{number}', folder / f'out{number}'
        write_shapes(data, train=number, val=4, size=128)
        options = [
            f'data_root={data}',
            'train_dataloader.num_workers=0',
            'train_dataloader.persistent_workers=False',
        ]
        # What the host reads has its settings filled in, so that it can.
        cfg = load_config(CONFIG, options)
        cfg.work_dir = str(out)
        cfg.dump(folder / 'host.py')
        ours = ['train', CONFIG, '--work-dir', str(out), '--cfg-options', *options]
        suite.compare(
            f'command to first iteration, {number} images',
            {
                'ours': lambda: run(OURS, *ours),  # noqa: B023
                'mmengine': lambda: run(HOST, str(folder / 'host.py')),
            },
            goal=0.6,
            memory=False,
        )
    shutil.rmtree(folder)
    return suite.finish()


if __name__ == '__main__':
    sys.exit(main())
