"""Write in the background, in order, and speak up about failures."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from convnext_dense.errors import CheckpointError


class Writer:
    """One thread that does what it is given, in order, until something fails.

    After a failure nothing more is done, so that an old checkpoint is never deleted
    for a new one that was not written; the failure is raised where training waits.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix='checkpoint')
        self._jobs: list[Future] = []

    def submit(self, job: Callable[[], object]) -> None:
        """Do something after all that was submitted before it."""
        before = self._jobs[-1] if self._jobs else None

        def after_success() -> None:
            if before is None or before.exception() is None:
                job()
            else:
                raise before.exception()  # type: ignore[misc]

        self._jobs.append(self._pool.submit(after_success))

    def check(self) -> None:
        """Raise the failure of a job that has ended.

        Raises:
            CheckpointError: If a file could not be written.
        """
        while self._jobs and self._jobs[0].done():
            _raise(self._jobs[0])
            self._jobs.pop(0)

    def wait(self) -> None:
        """Wait until all is done, and raise as :meth:`check` does."""
        while self._jobs:
            _raise(self._jobs[0])
            self._jobs.pop(0)


def _raise(job: Future) -> None:
    error = job.exception()
    if isinstance(error, OSError):
        raise CheckpointError(
            f'a checkpoint could not be written: {error.strerror or error} '
            f'({error.filename or "while writing"}); the one before it is whole: make '
            'space, and continue with --resume'
        ) from error
    if error is not None:
        raise error
