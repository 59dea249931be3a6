"""``convnext-dense predict``: from what a user names to files."""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from tqdm import tqdm

from convnext_dense.errors import UserError

from .outputs import JSON, LABELS, PICTURES, Outputs
from .predictor import THRESHOLD, Predictor
from .results import indices_of
from .sources import Item, Source, find_sources, read_items

# Images are read while the network works on those before.
AHEAD = 4


def predict(
    checkpoint: Path,
    inputs: Sequence[str],
    *,
    config: Path | None,
    out: Path,
    threshold: float | None,
    classes: Sequence[str] | None,
    save: Sequence[str] | None,
    annotations: Path | None,
    device: str | None,
    window: int | None,
    batch_size: int,
    say: Callable[[str], None],
) -> None:
    """Predict images and videos, and write pictures and results.

    Args:
        checkpoint: A file of weights.
        inputs: As for ``find_sources``.
        config: The checkpoint's config, if it is not in it.
        out: The folder for results.
        threshold: Lowest score of an object; ``THRESHOLD`` without it.
        classes: Names of the classes to find and draw.
        save: Of ``pictures``, ``json`` and ``labels``; what fits the model without it.
        annotations: A COCO file with the ids that the results should have.
        device: Where the network runs.
        window: Side of a sliding window in pixels.
        batch_size: Images that go through the network together.
        say: Takes each line that a person should read.

    Raises:
        UserError: On any mistake; in the end, if some of many images were unreadable.
    """
    if batch_size < 1:
        raise UserError(f'--batch-size {batch_size}: at least one image is needed')
    sources = find_sources(inputs)
    if config is None:
        predictor = Predictor(checkpoint, device=device, window=window)
    else:
        predictor = Predictor(config, checkpoint, device=device, window=window)
    if threshold is not None and predictor.segments:
        raise UserError(
            f'--threshold {threshold}: a segmentor gives each pixel a class and no '
            'score; leave it out'
        )
    if classes is not None:
        indices_of(classes, predictor.classes)
    kinds = _kinds(save, predictor.segments)
    failures: list[UserError] = []
    count, seconds, begin = 0, 0.0, time.perf_counter()
    bar = tqdm(desc='predicting', unit='image', disable=None, total=_total(sources))
    with bar, Outputs(out, kinds, predictor.classes, annotations, classes) as outputs:
        for batch in _batches(_read_ahead(sources), batch_size, failures):
            start = time.perf_counter()
            results = predictor(
                [item.image for item in batch],
                threshold=THRESHOLD if threshold is None else threshold,
                classes=classes,
                batch_size=batch_size,
            )
            seconds += time.perf_counter() - start
            for item, result in zip(batch, results, strict=True):
                outputs.write(item, result)
            count += len(batch)
            bar.update(len(batch))
    elapsed = time.perf_counter() - begin
    if count:
        say(
            f'{count} {"image" if count == 1 else "images"} in {elapsed:.1f} s, '
            f'{count / elapsed:.1f} images/s in all, {count / seconds:.1f} images/s by '
            f'the model alone, on {predictor.device}: {out}'
        )
    if failures:
        raise UserError(_told(failures, len(sources)))


def _kinds(save: Sequence[str] | None, segments: bool) -> list[str]:
    fitting = [PICTURES, LABELS] if segments else [PICTURES, JSON]
    if save is None:
        return fitting
    unfit = [kind for kind in save if kind not in fitting]
    if unfit:
        what = 'segmentor' if segments else 'detector'
        raise UserError(
            f'--save {unfit[0]}: a {what} gives {" and ".join(fitting)}; '
            'label maps are what segmentors give, COCO results what detectors do'
        )
    return [*save]


def _total(sources: Sequence[Source]) -> int | None:
    """Count the images, unless videos make that unknown."""
    return None if any(source.video for source in sources) else len(sources)


def _read_ahead(sources: Sequence[Source]) -> Iterator[Item | UserError]:
    """Read all sources in a thread; what cannot be read is an item too."""

    def items() -> Iterator[Item | UserError]:
        for source in sources:
            try:
                yield from read_items(source)
            except UserError as error:
                yield error

    reader = items()
    with ThreadPoolExecutor(1) as pool:
        waiting: deque[Future[Item | UserError | None]] = deque()
        while True:
            while len(waiting) < AHEAD:
                waiting.append(pool.submit(next, reader, None))
            item = waiting.popleft().result()
            if item is None:
                return
            yield item


def _batches(
    items: Iterator[Item | UserError], size: int, failures: list[UserError]
) -> Iterator[list[Item]]:
    batch: list[Item] = []
    for item in items:
        if isinstance(item, UserError):
            failures.append(item)
            continue
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _told(failures: Sequence[UserError], number: int) -> str:
    if number == 1:
        return str(failures[0])
    listed = ''.join(f'\n  {error}' for error in failures[:10])
    more = f'\n  and {len(failures) - 10} more' * (len(failures) > 10)
    return f'{len(failures)} of {number} could not be used:{listed}{more}'
