"""mmengine's runner, where ours has to differ."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from mmengine.logging import MMLogger
from mmengine.model import MMDistributedDataParallel, is_model_wrapper
from mmengine.runner import Runner as BaseRunner
from torch import nn

from convnext_dense.checkpoints import load_matching, read_file, weights_in
from convnext_dense.errors import UserError

from .console import quieten
from .history import SAFE_GLOBALS


class Runner(BaseRunner):
    """A runner that reads checkpoints safely and trains on CPUs together.

    - ``load_from``, ``resume`` and testing run nothing in a file, and find all weights
      or load none: see :mod:`convnext_dense.checkpoints`.
    - Without GPUs, several processes train by gloo.
    - The console shows progress; what else is logged goes to the log file.
    """

    def build_logger(self, *args: Any, **kwargs: Any) -> MMLogger:
        """Build the logger; the console gets what a person reads."""
        logger = super().build_logger(*args, **kwargs)
        quieten(logger)
        return logger

    def load_checkpoint(
        self,
        filename: str,
        map_location: str | Callable = 'cpu',  # noqa: ARG002
        strict: bool = True,  # noqa: ARG002
        revise_keys: Sequence = (),  # noqa: ARG002
    ) -> dict[str, Any]:
        """Load a checkpoint of this very model; weights go to its device.

        Raises:
            CheckpointError: If the file is unreadable or does not fit.
        """
        path = Path(filename)
        checkpoint = read_file(path, allow=SAFE_GLOBALS)
        model = self.model.module if is_model_wrapper(self.model) else self.model
        load_matching(model, weights_in(checkpoint, path), str(path))
        # mmengine runs the text it finds here as a config.
        if isinstance(checkpoint.get('meta'), dict):
            checkpoint['meta'].pop('config', None)
        self._has_loaded = True
        self.logger.info(f'loaded {path}')
        return checkpoint

    def wrap_model(self, model_wrapper_cfg: dict | None, model: nn.Module) -> nn.Module:
        """Wrap for distributed training; on a CPU without device ids."""
        if (
            self.distributed
            and not torch.cuda.is_available()
            and model_wrapper_cfg is None
        ):
            return MMDistributedDataParallel(
                module=model,
                broadcast_buffers=False,
                find_unused_parameters=self.cfg.get('find_unused_parameters', False),
            )
        return super().wrap_model(model_wrapper_cfg, model)


def check_devices() -> None:
    """Check that each process of this machine has a GPU, or that none asks for one.

    Raises:
        UserError: If GPUs are asked for that are not there.
    """
    processes = int(os.environ.get('LOCAL_WORLD_SIZE', 1))
    visible = os.environ.get('CUDA_VISIBLE_DEVICES', '')
    asked = [] if visible in ('', '-1') else visible.split(',')
    here = torch.cuda.device_count()
    if asked and not here:
        raise UserError(
            f'{len(asked)} GPUs asked for (CUDA_VISIBLE_DEVICES={visible}), and there '
            'are none here; unset CUDA_VISIBLE_DEVICES to run on the CPU'
        )
    if 0 < here < processes:
        raise UserError(
            f'{processes} processes need a GPU each, and there are {here}: '
            f'start {here}, or set CUDA_VISIBLE_DEVICES=-1 to run on the CPU'
        )
