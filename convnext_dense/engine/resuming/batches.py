"""Batches that can be continued from any position, without reading data."""

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple

from mmengine.dist import get_dist_info
from mmengine.logging import print_log
from torch.utils.data import Sampler

from convnext_dense.errors import UserError


class Draw(NamedTuple):
    """One sample to be read, and what its random numbers are seeded with.

    ``position`` counts the samples of all processes in this pass over the data, so
    that the same global batch is the same however many processes share it.
    """

    sample: int
    epoch: int
    position: int


class Batches(Sampler[list[Draw]]):
    """Batches of a sampler, grouped as mmdet's ``AspectRatioBatchSampler`` groups them.

    Args:
        sampler: Gives indices, in an order that its seed and epoch determine.
        batch_size: Samples in a batch.
        drop_last: Whether a last smaller batch is left out.
        group_of: Gives the group, 0 or 1, of a sample; a batch has one group. Without
            it all samples are of one.
        window: Number of batches that may be prepared before one is trained on.
    """

    def __init__(
        self,
        sampler: Any,
        batch_size: int,
        drop_last: bool,
        group_of: Callable[[int], int] | None = None,
        window: int = 2,
    ):
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last
        self.group_of = group_of
        self.epoch = 0
        self.rank, self.world_size = get_dist_info()
        self._start = self._fresh()
        self._states: deque[dict] = deque(maxlen=window + 2)

    def _fresh(self) -> dict[str, Any]:
        return dict(given=0, drawn=0, samples=0, waiting=[[], []])

    def set_epoch(self, epoch: int) -> None:
        """Begin another pass over the data."""
        self.epoch = epoch
        self._start = self._fresh()
        self._states.clear()
        if hasattr(self.sampler, 'set_epoch'):
            self.sampler.set_epoch(epoch)

    def state_after(self, given: int) -> dict[str, Any]:
        """Give the state after a number of batches of this pass, as plain numbers."""
        for state in (*self._states, self._start):
            if state['given'] == given:
                return state | dict(batch_size=self.batch_size, data=self._size())
        raise RuntimeError(f'batch {given} of this pass was given too long ago')

    def resume(self, state: dict[str, Any]) -> None:
        """Continue the current pass from a state.

        Raises:
            UserError: If the data or the batch size are others than before.
        """
        for what, key, now in (
            ('batch size', 'batch_size', self.batch_size),
            ('number of images', 'data', self._size()),
        ):
            if state[key] == now:
                continue
            if state['given']:
                raise UserError(
                    f'the checkpoint lies within a pass over the data, with a {what} '
                    f'of {state[key]}, which is {now} now; use the same as before, or '
                    'start a new run from its weights with load_from'
                )
            print_log(
                f'the {what} was {state[key]} and is {now} now: iterations count '
                'otherwise from here, and so does the learning rate',
                logger='current',
                level=logging.WARNING,
            )
        self._start = {key: state[key] for key in self._fresh()}
        self._states.clear()

    def _size(self) -> int:
        return len(self.sampler.dataset) if hasattr(self.sampler, 'dataset') else -1

    def __len__(self) -> int:
        whole, rest = divmod(len(self.sampler), self.batch_size)
        return whole + (rest > 0 and not self.drop_last)

    def __iter__(self) -> Iterator[list[Draw]]:
        given, drawn, samples, waiting = self._start.values()
        waiting = [[*group] for group in waiting]
        left: list[int] = []

        def batch(indices: list[int]) -> list[Draw]:
            nonlocal given, samples
            first = samples
            given, samples = given + 1, samples + len(indices)
            rest = [[*left], []] if left else [[*group] for group in waiting]
            self._states.append(
                dict(given=given, drawn=drawn, samples=samples, waiting=rest)
            )
            return [
                Draw(i, self.epoch, n * self.world_size + self.rank)
                for n, i in enumerate(indices, first)
            ]

        for index in self._indices(drawn):
            drawn += 1
            group = waiting[self.group_of(index) if self.group_of else 0]
            group.append(index)
            if len(group) == self.batch_size:
                full = [*group]
                group.clear()
                yield batch(full)
        left = waiting[0] + waiting[1]
        waiting = [[], []]
        while left and not (self.drop_last and len(left) < self.batch_size):
            full, left = left[: self.batch_size], left[self.batch_size :]
            yield batch(full)

    def _indices(self, drawn: int) -> Iterable[int]:
        """Give the indices after the first ``drawn``."""
        return islice(iter(self.sampler), drawn, None)


class ReplayedBatches(Batches):
    """Batches of any other batch sampler: resuming runs through those before."""

    def __init__(self, batch_sampler: Any, window: int = 2):
        inner = getattr(batch_sampler, 'sampler', batch_sampler)
        super().__init__(inner, getattr(batch_sampler, 'batch_size', 1), False, None)
        self.batch_sampler = batch_sampler
        self._states = deque(maxlen=window + 2)

    def __len__(self) -> int:
        return len(self.batch_sampler)

    def __iter__(self) -> Iterator[list[Draw]]:
        given, _, samples, _ = self._start.values()
        for indices in islice(iter(self.batch_sampler), given, None):
            first = samples
            given, samples = given + 1, samples + len(indices)
            self._states.append(self._fresh() | dict(given=given, samples=samples))
            yield [
                Draw(i, self.epoch, n * self.world_size + self.rank)
                for n, i in enumerate(indices, first)
            ]
