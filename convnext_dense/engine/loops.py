"""Training loops that continue exactly where a checkpoint was written.

mmengine's loops know no position inside an epoch, restore no random state, and forget
a validation that was due when a run died after saving.
"""

import errno
from collections.abc import Iterator
from typing import Any

from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop
from torch import nn
from torch.utils.data import IterableDataset

from convnext_dense.errors import UserError
from convnext_dense.registry import LOOPS

from .resuming import Batches, random_state, resumable, set_random_state, stop_workers


class _Resumable:
    """What both loops share: position, random states, and validations that are due.

    Besides mmengine's, hooks may have ``after_boundary(runner)``, called between two
    iterations when everything of the last one is done, and ``after_validation``.
    """

    runner: Any
    dataloader: Any
    val_interval: int
    val_begin: int
    stop_training: bool
    _iter: int

    def __init__(self, runner: Any, dataloader: Any, *args: Any, **kwargs: Any):
        if isinstance(dataloader, dict):
            diff_rank_seed = runner._randomness_cfg.get('diff_rank_seed', False)
            dataloader = runner.build_dataloader(
                dataloader, seed=runner.seed, diff_rank_seed=diff_rank_seed
            )
        if isinstance(dataloader.dataset, IterableDataset):
            raise UserError(
                'train_dataloader.dataset: a run on an iterable data set cannot be '
                'resumed; use one with indices'
            )
        super().__init__(  # type: ignore[call-arg]
            runner, resumable(dataloader, runner.seed), *args, **kwargs
        )
        self.passes = 0  # over the data
        self.given = 0  # batches of this pass that were trained on
        self.validated = 0  # the iteration after which a validation was last completed
        # What random numbers were like before the iteration at hand.
        self.before: dict[str, Any] = {}
        self._random: dict[str, Any] | None = None
        self._iterator: Any = None

    def run(self) -> nn.Module:
        """Train, and leave no workers behind, whatever happens."""
        try:
            self._begin()
            self._train()
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            # A checkpoint in the making may have filled it: that is told first.
            self.runner.writer.wait()
            raise UserError(
                f'{error.strerror} ({error.filename}); the last checkpoint is whole: '
                'make space, and continue with --resume'
            ) from error
        finally:
            stop_workers(self.dataloader, self._iterator)
            if self.runner.val_loop is not None:
                stop_workers(self.runner.val_loop.dataloader)
        return self.runner.model

    def _train(self) -> None:
        # Epochs and iterations each have their own.
        raise NotImplementedError

    @property
    def batches(self) -> Batches:
        """Where the batches come from."""
        return self.dataloader.batch_sampler

    def state_dict(self, given: int | None = None) -> dict[str, Any]:
        """Give the position, as plain numbers.

        Args:
            given: Another number of batches of this pass than were trained on.
        """
        given = self.given if given is None else given
        return dict(
            passes=self.passes,
            validated=self.validated,
            stop_training=self.stop_training,
            batches=self.batches.state_after(given),
        )

    def load_state_dict(self, state: dict[str, Any], random: dict[str, Any]) -> None:
        """Continue from a position, with the random states of this process."""
        self.passes = state['passes']
        self.validated = state['validated']
        self.stop_training = state['stop_training']
        self.batches.set_epoch(self.passes)
        self.batches.resume(state['batches'])
        self.given = state['batches']['given']
        self._random = random

    def _continue_randomness(self) -> None:
        """Restore random states, after all that a start draws by itself."""
        if self._random is not None:
            set_random_state(self._random)
            self._random = None

    def _begin(self) -> None:
        self.runner.call_hook('before_train')
        if self.given == 0:
            self._continue_randomness()
        if self._iter > 0:
            self._validate_if_due()

    def _pass(self) -> Iterator[Any]:
        """Give the rest of the batches of this pass."""
        self._iterator = iter(self.dataloader)
        for batch in self._iterator:
            self._continue_randomness()
            self.given += 1
            self.before = random_state()
            yield batch
            self.runner.call_hook('after_boundary')
        self.passes += 1
        self.given = 0
        self.batches.set_epoch(self.passes)

    def _validate_if_due(self) -> None:
        self._decide_current_val_interval()  # type: ignore[attr-defined]
        if self.runner.val_loop is None or self.validated == self._iter:
            return
        if not self._due():
            return
        self._continue_randomness()
        self.runner.val_loop.run()
        self.validated = self._iter
        self.runner.call_hook('after_validation')

    def _due(self) -> bool:
        # Validation is due after epochs or iterations, as the subclass counts.
        raise NotImplementedError


@LOOPS.register_module()
class EpochLoop(_Resumable, EpochBasedTrainLoop):
    """mmengine's epoch loop, continued exactly from any iteration."""

    def _train(self) -> None:
        while self._epoch < self._max_epochs and not self.stop_training:
            self.run_epoch()
            self._validate_if_due()
        self.runner.call_hook('after_train')

    def run_epoch(self) -> None:
        """Train for the rest of an epoch."""
        self.runner.call_hook('before_train_epoch')
        self.runner.model.train()
        for batch in self._pass():
            self.run_iter(self.given - 1, batch)
        self._continue_randomness()  # where the checkpoint lay after the last batch
        self.runner.call_hook('after_train_epoch')
        self._epoch += 1

    def _due(self) -> bool:
        # Within an epoch, what was due at its start has been done.
        due = self._epoch % self.val_interval == 0 or self._epoch == self._max_epochs
        return self.given == 0 and self._epoch >= self.val_begin and due


@LOOPS.register_module()
class IterationLoop(_Resumable, IterBasedTrainLoop):
    """mmengine's iteration loop, continued exactly from any iteration."""

    def _train(self) -> None:
        self.runner.call_hook('before_train_epoch')
        batches = self._endless()
        while self._iter < self._max_iters and not self.stop_training:
            self.runner.model.train()
            self.run_iter(next(batches))
            self._validate_if_due()
        self.runner.call_hook('after_train_epoch')
        self.runner.call_hook('after_train')

    def _endless(self) -> Iterator[Any]:
        while True:
            yield from self._pass()

    def _due(self) -> bool:
        due = self._iter % self.val_interval == 0 or self._iter == self._max_iters
        return self._iter >= self.val_begin and due
