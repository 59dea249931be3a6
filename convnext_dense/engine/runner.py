"""mmengine's runner, where ours has to differ."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
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


class Runner(BaseRunner):
    """A runner that reads checkpoints safely and trains on CPUs together.

    - ``load_from``, ``resume`` and testing run nothing in a file, and find all weights
      or load none: see :mod:`convnext_dense.checkpoints`.
    - Without GPUs, several processes train by gloo.
    - The console shows progress; what else is logged goes to the log file.
    """

    def setup_env(self, env_cfg: dict) -> None:
        """Set up processes and threads; without GPUs, processes meet by gloo."""
        if self.distributed and not torch.cuda.is_available():
            # mmengine would give each process a GPU whatever the backend.
            torch.distributed.init_process_group('gloo')
        super().setup_env(env_cfg)

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
        checkpoint = read_file(path)
        model = self.model.module if is_model_wrapper(self.model) else self.model
        load_matching(model, weights_in(checkpoint, path), str(path))
        # mmengine runs the text it finds here as a config.
        if isinstance(checkpoint.get('meta'), dict):
            checkpoint['meta'].pop('config', None)
        self._has_loaded = True
        self.logger.info(f'loaded {path}')
        return checkpoint

    def build_model(self, model: Any) -> nn.Module:
        """Build the model; its neck or head must be as wide as the backbone."""
        with explained('model'):
            built = super().build_model(model)
        check_widths(built, self.cfg.model)
        return built

    def build_train_loop(self, loop: Any) -> Any:
        """Build the training loop and its data."""
        with explained('train_cfg and train_dataloader'):
            return super().build_train_loop(loop)

    def build_val_loop(self, loop: Any) -> Any:
        """Build the validation loop and its data."""
        with explained('val_cfg, val_dataloader and val_evaluator'):
            return super().build_val_loop(loop)

    def build_test_loop(self, loop: Any) -> Any:
        """Build the test loop and its data."""
        with explained('test_cfg, test_dataloader and test_evaluator'):
            return super().build_test_loop(loop)

    def build_optim_wrapper(self, optim_wrapper: Any) -> Any:
        """Build the optimizer."""
        with explained('optim_wrapper'):
            return super().build_optim_wrapper(optim_wrapper)

    def build_param_scheduler(self, scheduler: Any) -> Any:
        """Build the schedules of learning rates."""
        with explained('param_scheduler'):
            return super().build_param_scheduler(scheduler)

    def register_hooks(self, *args: Any, **kwargs: Any) -> None:
        """Build the hooks."""
        with explained('default_hooks and custom_hooks'):
            super().register_hooks(*args, **kwargs)

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


@contextmanager
def explained(part: str) -> Iterator[None]:
    """Turn what goes wrong while a part is built into an error that names it.

    The hosts check values with assertions and whatever Python raises by itself; the
    cause stays attached.
    """
    try:
        yield
    except UserError:
        raise
    except (AssertionError, AttributeError, KeyError, TypeError, ValueError) as error:
        told = str(error) or 'a value is out of range (the host says no more)'
        raise UserError(
            f"the config's {part} cannot be built: {type(error).__name__}: {told}"
        ) from error


def check_widths(model: nn.Module, cfg: Any) -> None:
    """Check that what stands on the backbone is as wide as its features.

    Raises:
        UserError: Naming the setting and the value that fits.
    """
    backbone: Any = getattr(model, 'backbone', None)
    if not (hasattr(backbone, 'widths') and hasattr(backbone, 'out_indices')):
        return
    features = [backbone.widths[index] for index in backbone.out_indices]
    part = 'neck' if cfg.get('neck') else 'decode_head'
    heads = {part: cfg.get(part), 'auxiliary_head': cfg.get('auxiliary_head')}
    for name, head in heads.items():
        if not isinstance(head, Mapping) or 'in_channels' not in head:
            continue
        index = head.get('in_index')
        if index is None:
            fits: Any = features
        elif isinstance(index, int):
            fits = features[index]
        else:
            fits = [features[i] for i in index]
        given = head['in_channels']
        if fits != (given if isinstance(given, int) else [*given]):
            raise UserError(
                f'model.{name}.in_channels={given} does not fit the backbone, whose '
                f'features are {fits} wide: set model.{name}.in_channels={fits}'
            )


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
