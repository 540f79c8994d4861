"""An archive worked out by one process, by two, and by two of Dask's, on the same parts in turn.

COUNT names how many events there are, of a twentieth as many visitors; 100,000 by default. For 10,000,000 it
takes a quiet machine and an hour. What an engine costs itself is the CPU time beyond that of one process.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / "tools"))  # where pytest has it

import archives
from tests.bench.processes import environment
from tests.bench.turns import Effort, interleaved, micro, ratio, table

__all__ = ["main"]

COUNT: Final = int(os.environ.get("COUNT", "100000"))
_BRIEF: Final = 2000
_EACH: Final = 20  # events of a visitor
_PARTS: Final = 16  # at least
_PART: Final = 50_000  # events of a part, at most
_ALONE: Final = "one process"
_TITLES: Final = (
    "engine",
    "events a second",
    "of one process",
    "CPU us an event",
    "its CPU",
    "MB at most",
)
_ENGINES: Final = {
    _ALONE: ("--workers", "1"),
    "`--workers 2`": ("--workers", "2"),
    "`--scheduler local --workers 2`": ("--workers", "2", "--scheduler", "local"),
}


_COUNTS: Final = "for _ in range(20_000_000): pass"


class Run(NamedTuple):
    """One run: seconds of the clock, and of the CPU of all its processes; MB of the largest of them."""

    wall: float
    cpu: float
    megabytes: float


def measured(folder: Path, work: Path, options: tuple[str, ...]) -> Run:
    """Work an archive out from its beginning."""
    shutil.rmtree(work, ignore_errors=True)
    line = [sys.executable, "-m", "segment_pendo", "archive", "report", str(folder), "--work", str(work)]
    begin = time.perf_counter()
    process = subprocess.Popen([*line, *options], env=environment(work.parent), stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, f"{options} ended with {process.returncode}"
    return Run(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def counting(processes: int) -> float:
    """Return how long so many processes take that only count, each as far."""
    begin = time.perf_counter()
    started = [subprocess.Popen([sys.executable, "-c", _COUNTS]) for _ in range(processes)]
    assert all(process.wait() == 0 for process in started)
    return time.perf_counter() - begin


def main(effort: Effort) -> Iterator[str]:
    """Yield the table: a row for each engine."""
    count = _BRIEF if effort.is_brief else COUNT
    with TemporaryDirectory() as name:
        parts = max(_PARTS, count // _PART)
        folder = archives.write(Path(name, "logs"), count, people=count // _EACH, parts=parts)
        work = {
            engine: partial(measured, folder, Path(name, "work"), options)
            for engine, options in _ENGINES.items()
        }
        runs = interleaved(work, effort.rounds)
    bare = interleaved({"1": partial(counting, 1), "2": partial(counting, 2)}, effort.rounds)
    yield f"{count:,} events of {count // _EACH:,} visitors in {parts} parts, mapped, folded and counted."
    yield ""
    yield from table(_TITLES, (_row(engine, runs[engine], runs[_ALONE], count) for engine in runs))
    yield ""
    twice = ratio([2 * wall for wall in bare["1"]], bare["2"])
    yield f"Two processes that only count do {twice} times the work of one here; no engine can do more."


def _row(engine: str, runs: list[Run], alone: list[Run], count: int) -> list[str]:
    return [
        engine,
        f"{count / median(run.wall for run in runs):,.0f}",
        ratio([run.wall for run in alone], [run.wall for run in runs]),
        micro(run.cpu / count for run in runs),
        ratio([run.cpu for run in runs], [run.cpu for run in alone]),
        f"{max(run.megabytes for run in runs):.0f}",
    ]
