"""Engines for the tasks of a job: this process, or a pool of processes on this machine."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Final

from segment_pendo.archive.source import ArchiveError

__all__ = ["Here", "Pool"]

_MOST_BROKEN: Final = 3  # pools in a row in which no task was finished


class Here:
    """Runs one task after another in this process."""

    def map[T, R](self, function: Callable[[T], R], tasks: Sequence[T]) -> Iterator[R]:
        """Yield the result of each task, in order."""
        return map(function, tasks)


class Pool:
    """Runs tasks in so many processes. One that is killed costs its task's time: it is run again."""

    def __init__(self, workers: int) -> None:
        self._workers = workers

    def map[T, R](self, function: Callable[[T], R], tasks: Sequence[T]) -> Iterator[R]:
        """Yield the result of each task as it comes. Raises what the task raises, ArchiveError."""
        left, broken = dict(enumerate(tasks)), 0
        while left:
            before = len(left)
            # spawn: a fork would inherit threads and open connections of whoever calls this
            with ProcessPoolExecutor(min(self._workers, before), get_context("spawn")) as pool:
                running: dict[Future[R], int] = {}
                try:
                    running = {pool.submit(function, task): number for number, task in left.items()}
                    for future in as_completed(running):
                        result = future.result()
                        del left[running[future]]
                        yield result
                except BrokenProcessPool:
                    broken = broken + 1 if len(left) == before else 0
                except BaseException:
                    pool.shutdown(wait=False, cancel_futures=True)
                    raise
            if broken == _MOST_BROKEN:
                msg = (
                    f"{_MOST_BROKEN} times in a row a process ended before it had finished a part: there may "
                    "be too little memory. Ask for fewer processes; finished parts are not read again."
                )
                raise ArchiveError(msg)
