"""Where a run's numbers and pictures go beside its work dir."""

import os
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mmengine.config import Config

from convnext_dense.errors import UserError

# By the name of the package: mmengine's backend.
BACKENDS = {
    'tensorboard': 'TensorboardVisBackend',
    'wandb': 'WandbVisBackend',
    'mlflow': 'MLflowVisBackend',
}


def add_loggers(cfg: Config) -> None:
    """Add what ``loggers`` names to the backends of the config's visualizer.

    Without that setting it is TensorBoard, where it is installed. An entry is the name
    of a package, or a backend's whole config: ``dict(type='WandbVisBackend',
    init_kwargs=dict(project='shapes'))``. Backends that the visualizer has already
    stay as they are.

    Raises:
        UserError: If a name is unknown or its package is not installed.
    """
    chosen = cfg.get('loggers')
    if chosen is None:
        chosen = ['tensorboard'] if find_spec('tensorboard') else []
    if isinstance(chosen, str | Mapping):
        chosen = [chosen]
    cfg.setdefault('visualizer', dict(type='Visualizer'))
    visualizer = cfg.visualizer
    backends = visualizer.get('vis_backends') or []
    present = {backend['type'].split('.')[-1] for backend in backends}
    added = [_backend(logger, cfg.get('work_dir') or '.') for logger in chosen]
    visualizer['vis_backends'] = [
        *backends,
        *(one for one in added if one['type'].split('.')[-1] not in present),
    ]


def _backend(logger: Any, work_dir: str) -> dict[str, Any]:
    if isinstance(logger, Mapping):
        return dict(logger)
    if logger not in BACKENDS:
        raise UserError(f'unknown logger {logger!r}; choose from {[*BACKENDS]}')
    if find_spec(logger) is None:
        raise UserError(
            f'loggers: {logger} is not installed; pip install {logger}, or take it out'
        )
    if logger != 'mlflow':
        return dict(type=BACKENDS[logger])
    # mmengine asks for a store of plain files, which MLflow 3 refuses.
    folder = Path(work_dir).resolve()
    server = os.environ.get('MLFLOW_TRACKING_URI')
    if server:
        return dict(type=BACKENDS[logger], tracking_uri=server)
    return dict(
        type=BACKENDS[logger],
        exp_name=folder.name,
        tracking_uri=f'sqlite:///{folder}/mlflow.db',
        artifact_location=str(folder / 'mlflow'),
        artifact_suffix=('.log', '.json'),
    )
