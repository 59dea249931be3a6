"""A data loader whose position can be saved, and whose samples seed themselves."""

from typing import Any

import torch
from torch.utils.data import BatchSampler, DataLoader

from .batches import Batches, Draw, ReplayedBatches
from .randomness import seeded
from .workers import protected

OWN = ('dataset', 'seed')


class SeededDataset:
    """A data set whose random augmentation depends on nothing but the draw.

    Not on the worker that reads the sample, nor on the samples read before it. In
    every other respect it is the data set that it stands for: attributes are read
    from it and set on it.

    Args:
        dataset: The data set.
        seed: The seed of the run.
    """

    def __init__(self, dataset: Any, seed: int):
        object.__setattr__(self, 'dataset', dataset)
        object.__setattr__(self, 'seed', seed)

    def __getitem__(self, draw: Draw | int) -> Any:
        if not isinstance(draw, Draw):  # by one who looks at the data beside training
            return self.dataset[draw]
        with seeded(self.seed, draw.epoch, draw.position):
            return self.dataset[draw.sample]

    def __len__(self) -> int:
        return len(self.dataset)

    def __getattr__(self, name: str) -> Any:
        if name in OWN or name.startswith('__'):
            raise AttributeError(name)  # while it is unpickled in a spawned worker
        return getattr(self.dataset, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self.dataset, name, value)

    def __reduce__(self) -> tuple:
        return SeededDataset, (self.dataset, self.seed)


def resumable(loader: DataLoader, seed: int) -> DataLoader:
    """Build a loader of the same data that gives the same batches, from any position.

    Args:
        loader: A loader of a data set with indices.
        seed: The seed of the run.
    """
    window = 1 + loader.num_workers * (loader.prefetch_factor or 0)
    # Workers' base seeds come from it: a new iterator draws no number from the
    # stream that the model draws from.
    generator = torch.Generator()
    generator.manual_seed(seed)
    workers: dict[str, Any] = {}
    if loader.num_workers:
        workers = dict(
            prefetch_factor=loader.prefetch_factor,
            persistent_workers=loader.persistent_workers,
            multiprocessing_context=loader.multiprocessing_context,
            timeout=loader.timeout,
        )
    return DataLoader(
        SeededDataset(loader.dataset, seed),  # type: ignore[arg-type]
        batch_sampler=_batches(loader, window),
        num_workers=loader.num_workers,
        collate_fn=loader.collate_fn,
        pin_memory=loader.pin_memory,
        worker_init_fn=protected(loader.worker_init_fn),
        generator=generator,
        **workers,
    )


def _batches(loader: DataLoader, window: int) -> Batches:
    given: Any = loader.batch_sampler
    if type(given) is BatchSampler:
        return Batches(given.sampler, given.batch_size, given.drop_last, window=window)
    if type(given).__module__.startswith('mmdet.'):
        from mmdet.datasets.samplers import AspectRatioBatchSampler

        if type(given) is AspectRatioBatchSampler:
            dataset = given.sampler.dataset

            def lying(index: int) -> int:
                info = dataset.get_data_info(index)
                return int(info['width'] >= info['height'])

            return Batches(
                given.sampler, given.batch_size, given.drop_last, lying, window
            )
    return ReplayedBatches(given, window)
