"""From a config file to a trained or tested model."""

import os
from collections.abc import Sequence
from pathlib import Path

import torch
from mmengine.config import Config

from convnext_dense.checkpoints.zoo import zoo_hint
from convnext_dense.errors import UserError
from convnext_dense.process import Others, advice

from .config import load_config
from .device import check_devices
from .explaining import explained
from .hosts import import_host
from .loggers import add_loggers
from .runner import Runner
from .survival import make_survive
from .tta import augment_tests


def train(
    config: Path,
    *,
    work_dir: Path | None = None,
    resume: str | None = None,
    launcher: str = 'none',
    cfg_options: Sequence[str] = (),
) -> None:
    """Train and validate as a config says.

    Args:
        config: The config file; its ``default_scope`` decides the task.
        work_dir: Where logs, checkpoints, ``metrics.json`` and pictures go;
            ``work_dirs/<name of the config>`` by default.
        resume: ``'auto'`` for the latest checkpoint in the work dir, or a path.
        launcher: ``'none'``, ``'pytorch'``, ``'slurm'`` or ``'mpi'``.
        cfg_options: ``key=value`` overrides.

    Raises:
        UserError: On any mistake that the message explains.
    """
    others = Others()
    cfg = prepare(config, work_dir, launcher, cfg_options)
    if resume == 'auto':
        cfg.resume = 'auto'
    elif resume:
        if not Path(resume).is_file():
            raise UserError(f'--resume: checkpoint not found: {resume}')
        cfg.resume, cfg.load_from = True, resume
    with explained('settings'):
        runner = Runner.from_cfg(cfg)
    _no_accident(runner)
    _warn_of_others(runner, others)
    runner.train()
    _say_results(runner)


def evaluate(
    config: Path,
    checkpoint: Path,
    *,
    tta: bool = False,
    work_dir: Path | None = None,
    launcher: str = 'none',
    cfg_options: Sequence[str] = (),
) -> dict[str, float]:
    """Evaluate a checkpoint on the test set; arguments as for :func:`train`.

    With ``tta``, the predictions of several scales and flips are merged: see
    :func:`~convnext_dense.engine.tta.augment_tests`.

    Returns:
        The evaluator's metrics, which ``metrics.json`` holds too.
    """
    if not checkpoint.is_file():
        raise UserError(f'checkpoint not found: {checkpoint}{zoo_hint(checkpoint)}')
    cfg = prepare(config, work_dir, launcher, cfg_options)
    if cfg.get('test_dataloader') is None:
        raise UserError(f'{config} has no `test_dataloader`: there is nothing to test')
    cfg.load_from, cfg.resume = str(checkpoint), False
    # The checkpoint brings the weights that an `init_cfg` would fetch.
    _drop_pretrained(cfg.model)
    if tta:
        augment_tests(cfg)
    with explained('settings'):
        runner = Runner.from_cfg(cfg)
    return runner.test()


def prepare(
    config: Path, work_dir: Path | None, launcher: str, cfg_options: Sequence[str]
) -> Config:
    """Read the config of a run and make sure that its work dir can be written."""
    check_devices()
    cfg = load_config(config, cfg_options)
    if 'model' not in cfg:
        raise UserError(f'{config} describes no `model`: it is no config to run')
    start = cfg.get('load_from')
    if start is not None and not isinstance(start, str):
        raise UserError(f'load_from is the path of a checkpoint, got {start!r}')
    if launcher == 'pytorch' and 'RANK' not in os.environ:
        raise UserError(
            '--launcher pytorch is for processes that torchrun starts: '
            'use tools/dist_train.sh CONFIG GPUS'
        )
    cfg.launcher = launcher
    if work_dir is not None:
        cfg.work_dir = str(work_dir)
    elif cfg.get('work_dir') is None:
        cfg.work_dir = str(Path('work_dirs', config.stem))
    _make_writable(Path(cfg.work_dir))
    import_host(cfg.get('default_scope', 'mmengine'))
    with explained('settings'):
        add_loggers(cfg)
        make_survive(cfg)
    return cfg


def _make_writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f'.writable-{os.getpid()}'
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise UserError(
            f'work dir {folder} cannot be written ({error.strerror}); '
            'choose another with --work-dir'
        ) from error


def _no_accident(runner: Runner) -> None:
    """Say that a work dir holds an earlier run, whose checkpoints are set aside."""
    if any(Path(runner.work_dir).glob('*.pth')) and runner.resumed_from is None:
        runner.logger.warning(
            f'{runner.work_dir} holds an earlier run, which this one starts over; '
            '--resume continues it'
        )


def _warn_of_others(runner: Runner, others: Others) -> None:
    """Say that this process, alone on processor cores, has to share them."""
    found = others.cores()
    if found and not torch.cuda.is_available() and runner.world_size == 1:
        told = advice(torch.get_num_threads(), *found)
        if told:
            runner.logger.warning(told)


def _drop_pretrained(node: object) -> None:
    if isinstance(node, list | tuple):
        for item in node:
            _drop_pretrained(item)
    elif isinstance(node, dict):
        init = node.get('init_cfg')
        if isinstance(init, dict) and init.get('type') == 'Pretrained':
            node['init_cfg'] = None
        for value in node.values():
            _drop_pretrained(value)


def _say_results(runner: Runner) -> None:
    work_dir = Path(runner.work_dir)
    found = {
        'metrics': work_dir / 'metrics.json',
        'best checkpoint': max(work_dir.glob('best_*.pth'), default=None, key=_age),
        'pictures': max(work_dir.glob('pictures/*.png'), default=None, key=_age),
    }
    for what, path in found.items():
        if path and path.exists():
            runner.logger.info(f'{what}: {path}')
    if runner.val_loop is not None:
        runner.logger.info(f'for a report: convnext-dense report {work_dir}')


def _age(path: Path) -> float:
    return path.stat().st_mtime
