"""When checkpoints are written, and which are kept."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmengine.dist import is_main_process
from mmengine.hooks import CheckpointHook as BaseCheckpointHook
from mmengine.runner import Runner

from convnext_dense.engine.checkpointing import (
    clear_leftovers,
    move,
    read_manifest,
    remove,
    write_text,
)
from convnext_dense.errors import UserError
from convnext_dense.registry import HOOKS


@HOOKS.register_module()
class CheckpointHook(BaseCheckpointHook):
    """mmengine's, writing whole files in the background and deleting afterwards.

    Args:
        minutes: Write a checkpoint too when so many minutes went by without one;
            ``recent.pth`` is replaced each time. None for never.
        **kwargs: Those of mmengine's hook.
    """

    def __init__(self, minutes: float | None = 15, **kwargs: Any):
        super().__init__(**kwargs)
        self.minutes = minutes
        self._saved_at = time.monotonic()
        self._saved_iter = -1
        self._best_is_new = False

    def before_train(self, runner: Runner) -> None:
        """Find the folder, and clear what a crash left there."""
        hub = runner.message_hub
        if 'keep_ckpt_ids' in hub.runtime_info:
            # They become names of files to be deleted, and come from a file.
            kept = [int(step) for step in hub.get_info('keep_ckpt_ids')]
            hub.update_info('keep_ckpt_ids', kept)
        if '://' in str(self.out_dir):
            raise UserError(
                f'default_hooks.checkpoint.out_dir={self.out_dir}: checkpoints are '
                'written to folders, where they appear whole or not at all'
            )
        super().before_train(runner)
        if is_main_process():
            Path(self.out_dir).mkdir(parents=True, exist_ok=True)
            clear_leftovers(Path(self.out_dir))
            if not runner._resume:
                self._set_aside(runner)
        self._saved_at = time.monotonic()

    def _set_aside(self, runner: Any) -> None:
        """Move an earlier run's checkpoints, which `--resume` would take for ours."""
        earlier = [p for p in Path(self.out_dir).glob('*.pth') if read_manifest(p)]
        if not earlier:
            return
        folder = Path(self.out_dir, f'before_{runner.timestamp}')
        folder.mkdir()
        for path in earlier:
            move(path, folder)
        Path(runner.work_dir, 'last_checkpoint').unlink(missing_ok=True)
        runner.logger.warning(f'checkpoints of an earlier run are now in {folder}')

    def after_boundary(self, runner: Any) -> None:
        """Write ``recent.pth`` if it is time, and report what failed meanwhile."""
        runner.writer.check()
        # Not each time: processes that agree wait for one another.
        if self.minutes is None or runner.iter % 10:
            return
        if runner.agree(time.monotonic() - self._saved_at > 60 * self.minutes):
            self.save_recent(runner)

    def save_recent(self, runner: Any) -> None:
        """Write ``recent.pth``, unless this very iteration has a checkpoint."""
        if self.is_saved(runner):
            return
        meta = dict(epoch=runner.epoch, iter=runner.iter)
        runner.logger.info(f'saving recent.pth after iteration {runner.iter}')
        self.last_ckpt = str(Path(self.out_dir, 'recent.pth'))
        runner.save_checkpoint(self.out_dir, 'recent.pth', meta=meta, by_epoch=False)
        self._written(runner, runner.iter)

    def is_saved(self, runner: Any) -> bool:
        """Tell whether the present iteration has a checkpoint to resume from."""
        return self._saved_iter == runner.iter

    def after_validation(self, runner: Any) -> None:
        """Write a checkpoint that knows of a new best one, and of this validation."""
        if self._best_is_new:
            self._best_is_new = False
            step = runner.epoch if self.by_epoch else runner.iter
            meta = dict(epoch=runner.epoch, iter=runner.iter)
            self._save_checkpoint_with_step(runner, step, meta)

    def after_run(self, runner: Any) -> None:
        """Wait until all is written."""
        runner.writer.wait()

    def after_train(self, runner: Any) -> None:
        """Publish, where that is configured, what has been written."""
        runner.writer.wait()
        super().after_train(runner)

    def _save_checkpoint_with_step(self, runner: Any, step: int, meta: dict) -> None:
        old: list[Path] = []
        if self.max_keep_ckpts > 0 and step not in self.keep_ckpt_ids:
            if len(self.keep_ckpt_ids) == self.max_keep_ckpts:
                old = [self._path(self.keep_ckpt_ids.popleft())]
            self.keep_ckpt_ids.append(step)
            runner.message_hub.update_info('keep_ckpt_ids', [*self.keep_ckpt_ids])
        path = self._path(step)
        self.last_ckpt = str(path)
        runner.message_hub.update_info('last_ckpt', self.last_ckpt)
        runner.save_checkpoint(
            self.out_dir,
            path.name,
            save_optimizer=self.save_optimizer,
            save_param_scheduler=self.save_param_scheduler,
            meta=meta,
            by_epoch=self.by_epoch,
        )
        recent = Path(self.out_dir, 'recent.pth')
        resumable = self.save_optimizer and self.save_param_scheduler
        self._written(runner, meta['iter'] if resumable else -1, [*old, recent])

    def _written(self, runner: Any, iteration: int, old: Sequence[Path] = ()) -> None:
        """Once the last checkpoint is whole, point to it and delete the old ones."""
        self._saved_at = time.monotonic()
        self._saved_iter = iteration
        if not is_main_process():
            return
        pointer, last = Path(runner.work_dir, 'last_checkpoint'), str(self.last_ckpt)

        def finish() -> None:
            write_text(pointer, last)
            for path in old:
                remove(path)

        runner.writer.submit(finish)

    def _path(self, step: int) -> Path:
        return Path(self.out_dir, self.filename_tmpl.format(step))

    def _save_best_checkpoint(self, runner: Any, metrics: dict) -> None:
        if not self.save_best:
            return
        if 'auto' in self.key_indicators:
            self._init_rule(self.rules, [next(iter(metrics))])
        for key, rule in zip(self.key_indicators, self.rules, strict=True):
            if key not in metrics:
                runner.logger.warning(
                    f'no best checkpoint is kept: save_best={key} is none of the '
                    f'metrics, which are {", ".join(metrics)}'
                )
                continue
            self._save_if_best(runner, key, rule, metrics[key])

    def _save_if_best(self, runner: Any, key: str, rule: str, score: Any) -> None:
        hub, one = runner.message_hub, len(self.key_indicators) == 1
        score_key = 'best_score' if one else f'best_score_{key}'
        path_key = 'best_ckpt' if one else f'best_ckpt_{key}'
        best = hub.get_info(score_key, self.init_value_map[rule])
        if score is None or not self.is_better_than[key](score, best):
            return
        kind, count = (
            ('epoch', runner.epoch) if self.by_epoch else ('iter', runner.iter)
        )
        name = f'best_{key}_{self.filename_tmpl.format(count)}'.replace('/', '_')
        before, path = hub.get_info(path_key), Path(self.out_dir, name)
        hub.update_info(score_key, score)
        hub.update_info(path_key, str(path))
        if one:
            self.best_ckpt_path = str(path)
        else:
            self.best_ckpt_path_dict[key] = str(path)
        meta = dict(epoch=runner.epoch, iter=runner.iter)
        runner.save_checkpoint(
            self.out_dir, name, save_optimizer=False, save_param_scheduler=False,
            meta=meta, by_epoch=False,
        )  # fmt: skip
        runner.logger.info(
            f'The best checkpoint with {score:0.4f} {key} at {count} {kind} is saved '
            f'to {name}.'
        )
        self._best_is_new = True
        if before and is_main_process():
            # A name from a checkpoint reaches no other folder.
            old = Path(self.out_dir, Path(before).name)
            if old != path and old.name.startswith('best_'):
                runner.writer.submit(lambda: remove(old))
