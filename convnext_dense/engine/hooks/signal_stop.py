"""Signals that end a run in good order."""

import signal
from types import FrameType
from typing import Any

from mmengine.hooks import Hook

from convnext_dense.errors import Stopped
from convnext_dense.registry import HOOKS

from .checkpoint import CheckpointHook

# sysexits.h calls it EX_TEMPFAIL: not done, and worth another try.
TRY_AGAIN = 75
INTERRUPTED = 130
SIGNALS = (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT)


@HOOKS.register_module()
class SignalStop(Hook):
    """Save and stop on SIGTERM, SIGUSR1 and Ctrl-C, between two iterations.

    The exit code is 75 on SIGTERM and SIGUSR1, which schedulers send before they take
    the machine away, and 130 on Ctrl-C; a second Ctrl-C stops at once. A signal during
    a validation ends it if this iteration has a checkpoint already; the validation is
    then run after resuming.
    """

    priority = 'LOWEST'

    def __init__(self) -> None:
        self._received: int | None = None
        self._handlers: dict[int, Any] = {}
        self._resumable = False

    def before_train(self, runner: Any) -> None:
        """Listen."""
        self._resumable = self._checkpoint(runner) is not None
        for number in SIGNALS:
            self._handlers[number] = signal.signal(number, self._receive)

    def after_run(self, runner: Any) -> None:  # noqa: ARG002
        """Listen no more."""
        self._release()

    def after_boundary(self, runner: Any) -> None:
        """Save and stop, if any process received a signal."""
        number = self._received or 0
        if not runner.agree(bool(number)):
            return
        checkpoint = self._checkpoint(runner)
        if checkpoint is not None:
            checkpoint.save_recent(runner)
        self._stop(runner, number or signal.SIGTERM)

    after_validation = after_boundary

    def after_val_iter(
        self,
        runner: Any,
        batch_idx: int,  # noqa: ARG002
        data_batch: Any = None,  # noqa: ARG002
        outputs: Any = None,  # noqa: ARG002
    ) -> None:
        """Stop in the middle of a validation, if nothing would be lost."""
        checkpoint = self._checkpoint(runner)
        if self._received and checkpoint and checkpoint.is_saved(runner):
            self._stop(runner, self._received)

    def _receive(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        if number == signal.SIGINT and self._received == signal.SIGINT:
            self._release()
            raise KeyboardInterrupt
        self._received = number

    def _release(self) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers.clear()

    def _stop(self, runner: Any, number: int) -> None:
        runner.writer.wait()
        self._release()
        name = signal.Signals(number).name
        saved = 'continue with --resume' if self._resumable else 'nothing was saved'
        raise Stopped(
            f'stopped by {name} after iteration {runner.iter}: {saved}',
            INTERRUPTED if number == signal.SIGINT else TRY_AGAIN,
        )

    @staticmethod
    def _checkpoint(runner: Any) -> CheckpointHook | None:
        hooks = (h for h in runner.hooks if isinstance(h, CheckpointHook))
        return next(hooks, None)
