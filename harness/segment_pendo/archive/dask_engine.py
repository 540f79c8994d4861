"""Dask for the tasks of a job: worker processes here, or a cluster that shares the job's folder."""

from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Any, Final, Self

from segment_pendo.archive.source import ArchiveError

__all__ = ["LOCAL", "Dask"]

LOCAL: Final = "local"  # the address of a cluster of our own
_SECONDS: Final = 30  # until a scheduler must have answered


class Dask:
    """Runs tasks on a cluster, as a context manager: the one at an address, or so many processes here.

    Dask runs a task again where its worker is lost.
    """

    def __init__(self, address: str, workers: int) -> None:
        self._address = address
        self._workers = workers
        self._cluster: Any = None
        self._client: Any = None

    def __enter__(self) -> Self:
        try:
            import distributed  # noqa: PLC0415 - slow, and of an extra
        except ImportError:
            msg = "A Dask cluster needs an extra: pip install 'segment-pendo[dask]'. Processes do without it."
            raise ArchiveError(msg) from None
        address: Any = self._address
        if address == LOCAL:
            # One thread each: mapping is Python, and threads would wait for each other.
            self._cluster = address = distributed.LocalCluster(
                n_workers=self._workers, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
            )
        try:
            self._client = distributed.Client(address, timeout=_SECONDS)
        except (OSError, ValueError) as error:
            self._close()
            why = type(error).__name__
            msg = f"no Dask scheduler answers at {self._address} ({why}); start one by `dask scheduler`."
            raise ArchiveError(msg) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def _close(self) -> None:
        for opened in (self._client, self._cluster):
            if opened is not None:
                opened.close()

    def map[T, R](self, function: Callable[[T], R], tasks: Sequence[T]) -> Iterator[R]:
        """Yield the result of each task as it comes. Raises what the task raises."""
        import dask.bag  # noqa: PLC0415 - as above
        from distributed import as_completed  # noqa: PLC0415 - as above

        if not tasks:
            return
        # One part a task: a bag would put several into one, and the last of them would be waited for.
        bag = dask.bag.from_sequence(tasks, npartitions=len(tasks)).map(function)
        for future in as_completed(self._client.compute(bag.to_delayed())):
            yield from future.result()
