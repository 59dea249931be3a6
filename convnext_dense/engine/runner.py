"""mmengine's runner, where ours has to differ."""

import os
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import torch
from mmengine.logging import MMLogger
from mmengine.model import BaseTTAModel, MMDistributedDataParallel
from mmengine.runner import Runner as BaseRunner
from torch import nn

from convnext_dense.checkpoints import load_matching, read_file, weights_in
from convnext_dense.layers import use_faster_linear

from .checkpointing import Manifest, Writer, read_manifest, verify, write_whole
from .checkpointing.choice import choose
from .checkpointing.content import bare, content_of, take_up
from .console import quieten
from .distributed import Vote, meet
from .explaining import explained
from .resuming import resumable
from .sharding import check_sharding, is_sharded, shard
from .warm_up import warn_of_warm_up
from .widths import check_widths


class Runner(BaseRunner):
    """A runner that reads checkpoints safely and trains on CPUs together.

    - ``load_from``, ``resume`` and testing run nothing in a file, and find all weights
      or load none: see :mod:`convnext_dense.checkpoints`.
    - Checkpoints appear whole or not at all, and a resumed run ends as one that was
      never stopped: see :mod:`convnext_dense.engine.checkpointing`.
    - Without GPUs, several processes train by gloo.
    - The console shows progress; what else is logged goes to the log file.
    """

    def setup_env(self, env_cfg: dict) -> None:
        """Set up processes and threads; without GPUs, processes meet by gloo."""
        if self.distributed:
            meet(self.launcher, env_cfg.get('dist_cfg', {}))
        super().setup_env(env_cfg)
        self.writer = Writer()
        self.agree = Vote()
        # torchrun starts all processes again after one failed, on another node perhaps.
        if self.agree(os.environ.get('TORCHELASTIC_RESTART_COUNT', '0') != '0'):
            self.cfg.resume = 'auto'

    def set_randomness(self, seed: int | None, **kwargs: Any) -> None:
        """Seed everything; a resumed run has the seed of its first start."""
        path = self.resumed_from
        manifest = read_manifest(Path(path)) if path else None
        if manifest is not None and manifest.seed is not None:
            seed = self._randomness_cfg['seed'] = manifest.seed
        super().set_randomness(seed, **kwargs)

    @cached_property
    def resumed_from(self) -> str | Path | None:
        """The checkpoint to continue from: the one given, or the newest whole one.

        With ``resume='auto'`` the newest counts, and ``load_from`` gives the weights
        to start from where there is none.
        """
        resume, given = self.cfg.get('resume'), self.cfg.get('load_from')
        if not resume:
            return None
        return choose(Path(self.work_dir)) if resume == 'auto' or not given else given

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
        verify(path)
        checkpoint = read_file(path)
        model = bare(self.model)
        model = model.module if isinstance(model, BaseTTAModel) else model
        load_matching(model, weights_in(checkpoint, path), str(path))
        if 'state_dict' in checkpoint:
            # Of weights that fit; averaged ones change places with those in training.
            self.call_hook('after_load_checkpoint', checkpoint=checkpoint)
            load_matching(model, weights_in(checkpoint, path), str(path))
        self._has_loaded = True
        self.logger.info(f'loaded {path}')
        return checkpoint

    def load_or_resume(self) -> None:
        """Load weights, or continue a run, as the config says."""
        if self._has_loaded:
            return
        self._resume = self.resumed_from is not None
        if self.resumed_from is not None:
            self.resume(str(self.resumed_from))
        elif self._load_from is not None:
            self.load_checkpoint(self._load_from)

    def resume(self, filename: str, **_: Any) -> None:
        """Continue a run where a checkpoint was written, exactly.

        Raises:
            CheckpointError: If the file is damaged or of another run.
        """
        checkpoint = self.load_checkpoint(filename)
        take_up(self, checkpoint, filename)
        self.logger.info(f'resumed epoch: {self.epoch}, iter: {self.iter}')

    def save_checkpoint(
        self,
        out_dir: str,
        filename: str,
        file_client_args: dict | None = None,  # noqa: ARG002
        save_optimizer: bool = True,
        save_param_scheduler: bool = True,
        meta: dict | None = None,
        by_epoch: bool = True,
        backend_args: dict | None = None,  # noqa: ARG002
        *,
        before: dict[str, Any] | None = None,
    ) -> None:
        """Copy the state of the run, and write it in the background.

        All processes have to call it. The file can be resumed if it holds optimizer
        and schedules.

        Args:
            out_dir: The folder.
            filename: The name in it.
            file_client_args: Not used: files are local.
            save_optimizer: Include the optimizer.
            save_param_scheduler: Include the schedules.
            meta: ``epoch`` and ``iter`` behind the run, instead of the present ones.
            by_epoch: Whether this is called after an epoch or after an iteration.
            backend_args: Not used.
            before: Random states of the iteration at hand, to repeat it.
        """
        now = (self.epoch + by_epoch, self.iter + (not by_epoch))
        meta = dict(epoch=now[0], iter=now[1]) | (meta or {})
        resumable = save_optimizer and save_param_scheduler
        self.writer.wait()
        content = content_of(self, meta, resumable=resumable, before=before)
        if content is None:
            return
        about = Manifest((), meta['epoch'], meta['iter'], self.seed, resumable)
        path = Path(out_dir, filename)
        save = partial(torch.save, content)
        self.writer.submit(lambda: write_whole(path, save, about))

    def build_model(self, model: Any) -> nn.Module:
        """Build the model; its neck or head must be as wide as the backbone."""
        with explained('model', model):
            built = super().build_model(model)
        check_widths(built, self.cfg.model)
        use_faster_linear(built)
        return built

    def build_train_loop(self, loop: Any) -> Any:
        """Build the training loop and its data."""
        with explained('train_cfg and train_dataloader'):
            return super().build_train_loop(loop)

    def build_val_loop(self, loop: Any) -> Any:
        """Build the validation loop and its data."""
        with explained('val_cfg, val_dataloader and val_evaluator'):
            built = super().build_val_loop(loop)
        # It draws no numbers from the stream of the training.
        built.dataloader = resumable(built.dataloader, self.seed)
        return built

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
            built = super().build_param_scheduler(scheduler)
        warn_of_warm_up(built, self.train_loop.max_iters)
        return built

    def register_hooks(self, *args: Any, **kwargs: Any) -> None:
        """Build the hooks."""
        with explained('default_hooks and custom_hooks'):
            super().register_hooks(*args, **kwargs)

    def wrap_model(self, model_wrapper_cfg: dict | None, model: nn.Module) -> nn.Module:
        """Wrap for distributed training; on a CPU without device ids.

        With ``fsdp=True`` in the config, the weights are shared out instead.
        """
        if self.cfg.get('fsdp'):
            check_sharding(self.cfg, self.distributed)
            return shard(model)
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

    def _init_model_weights(self) -> None:
        if not is_sharded(self.model):  # or it was initialised while it was whole
            with explained('model'):
                super()._init_model_weights()

    def dump_config(self) -> None:
        """Write the resolved config to the work dir, and never over the user's own."""
        own = Path(self.cfg.filename or f'{self.timestamp}.py')
        path = Path(self.work_dir, own.name)
        if path.exists() and own.exists() and path.samefile(own):
            path = path.with_name(f'resolved_{own.name}')
        self.cfg.dump(path)

    def scale_lr(self, optim_wrapper: Any, auto_scale_lr: Any = None) -> None:
        """Scale the learning rate to the batch of an update, accumulated ones too."""
        counts = getattr(optim_wrapper, '_accumulative_counts', 1)
        if auto_scale_lr and counts > 1 and 'base_batch_size' in auto_scale_lr:
            base = auto_scale_lr['base_batch_size'] / counts
            auto_scale_lr = dict(auto_scale_lr, base_batch_size=base)
            self.logger.info(f'{counts} batches are accumulated for each update')
        super().scale_lr(optim_wrapper, auto_scale_lr)
