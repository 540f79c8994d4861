"""Engines for the tasks of a job: this process, or a pool of processes on this machine."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Final, Self

from segment_pendo.archive.source import ArchiveError

__all__ = ["Here", "Pool"]

_MOST_BROKEN: Final = 3  # pools in a row in which no task was finished


class Here:
    """Runs one task after another in this process."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def map[T, R](self, function: Callable[[T], R], tasks: Sequence[T]) -> Iterator[R]:
        """Yield the result of each task, in order."""
        return map(function, tasks)


class Pool:
    """Runs tasks in so many processes, as a context manager.

    One that is killed costs its task's time: it is run again.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._processes: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def _end(self, *, wait: bool = True) -> None:
        if self._processes is not None:
            self._processes.shutdown(wait=wait, cancel_futures=True)
            self._processes = None

    def map[T, R](self, function: Callable[[T], R], tasks: Sequence[T]) -> Iterator[R]:
        """Yield the result of each task as it comes. Raises what the task raises, ArchiveError."""
        left, broken = dict(enumerate(tasks)), 0
        while left:
            before = len(left)
            try:
                yield from self._results(function, left)
            except BrokenProcessPool:
                self._end()
                broken = broken + 1 if len(left) == before else 0
            except BaseException:
                self._end(wait=False)
                raise
            if broken == _MOST_BROKEN:
                msg = (
                    f"{_MOST_BROKEN} times in a row a process ended before it had finished a part: there may "
                    "be too little memory. Ask for fewer processes; finished parts are not read again."
                )
                raise ArchiveError(msg)

    def _results[T, R](self, function: Callable[[T], R], left: dict[int, T]) -> Iterator[R]:
        """Yield the result of each task that is left, which then is no longer."""
        if self._processes is None:
            # spawn: a fork would inherit threads and open connections of whoever calls this
            self._processes = ProcessPoolExecutor(self._workers, get_context("spawn"))
        running = {self._processes.submit(function, task): number for number, task in left.items()}
        for future in as_completed(running):
            result = future.result()
            del left[running[future]]
            yield result
