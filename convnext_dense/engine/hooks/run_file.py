"""How a run was started, beside what it wrote."""

import json
import platform
import shlex
import sys
import time
from importlib import metadata
from pathlib import Path

import torch
from mmengine.dist import get_world_size, master_only
from mmengine.hooks import Hook
from mmengine.runner import Runner

from convnext_dense import __version__
from convnext_dense.registry import HOOKS

# Distributions whose versions decide what a run computes.
PACKAGES = (
    'torch', 'torchvision', 'numpy', 'onedl-mmengine', 'onedl-mmcv',
    'onedl-mmdetection', 'onedl-mmsegmentation', 'faster-coco-eval',
)  # fmt: skip


@HOOKS.register_module()
class RunFile(Hook):
    """Write ``run.json`` in the work dir: command, seed, versions, device, config.

    Training and testing have an entry each, so that a test in the work dir of a
    training leaves that one's.
    """

    def before_train(self, runner: Runner) -> None:
        """Write the entry of a training."""
        _write(runner, 'train')

    def before_test(self, runner: Runner) -> None:
        """Write the entry of a test."""
        _write(runner, 'test')


@master_only
def _write(runner: Runner, phase: str) -> None:
    path = Path(runner.work_dir, 'run.json')
    entries = json.loads(path.read_text(encoding='utf-8')) if path.is_file() else {}
    entries[phase] = dict(
        command=shlex.join(sys.argv),
        date=time.strftime('%Y-%m-%d %H:%M:%S'),
        seed=runner.seed,
        device=device_name(),
        processes=get_world_size(),
        versions=versions(),
        load_from=runner.cfg.get('load_from'),
        config=runner.cfg.pretty_text,
    )
    part = path.with_suffix('.json.part')
    part.write_text(json.dumps(entries, indent=2) + '\n', encoding='utf-8')
    part.replace(path)


def device_name() -> str:
    """Name the GPU, or the CPU with the number of threads."""
    if torch.cuda.is_available():
        return f'{torch.cuda.get_device_name()} ({torch.cuda.device_count()} here)'
    return f'CPU ({platform.machine()}, {torch.get_num_threads()} threads)'


def versions() -> dict[str, str]:
    """Give the versions of Python, this package, and those that it stands on."""
    found = {'python': platform.python_version(), 'convnext_dense': __version__}
    for name in PACKAGES:
        for distribution in metadata.distributions(name=name):
            found[name] = distribution.version
    return found
