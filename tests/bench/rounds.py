"""How long work takes beside a reference: CPU time, in rounds that go from one to the other in turn."""

import gc
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

__all__ = ["done", "tables"]

type Works = Mapping[str, Callable[[], object]]


def done(steps: Iterable[object]) -> None:
    """Make everything and keep nothing: what a run has answered, it forgets as well."""
    deque(steps, maxlen=0)


def _seconds(work: Callable[[], object]) -> float:
    gc.collect()
    start = time.process_time()
    work()
    return time.process_time() - start


def tables(
    unit: str,
    sizes: Mapping[str, int],
    works: Callable[[str, Path], Works],
    events: Mapping[str, int],
    rounds: int,
) -> Iterator[str]:
    """Yield the lines of a table for each size of a body, which has so many calls.

    `works` returns what is measured for a size; it may write into the folder. `events`: how many it does.
    """
    for size, calls in sizes.items():
        yield f"Bodies of {size}: {calls} calls each."
        yield ""
        yield f"| stage | CPU us {unit} | of the reference's speed | rounds |"
        yield "| --- | --- | --- | --- |"
        with TemporaryDirectory() as folder:
            yield from _table(works(size, Path(folder)), events[size], rounds)
        yield ""


def _table(works: Works, events: int, rounds: int) -> Iterator[str]:
    """Yield the rows of a table: CPU time of one of `events` events, and the reference's beside it.

    The first work is the reference. The ratio is taken in each round; shown are its median and its spread.
    """
    for work in works.values():  # what is made once, is made now
        work()
    taken = [[_seconds(work) for work in works.values()] for _ in range(rounds)]
    for column, name in enumerate(works):
        each = median(seconds[column] for seconds in taken) / events * 1e6
        ratios = sorted(seconds[0] / seconds[column] for seconds in taken)
        spread = f"{ratios[0]:.3f} to {ratios[-1]:.3f}" if column else ""
        yield f"| {name} | {each:.1f} | {median(ratios):.3f} | {spread} |"
