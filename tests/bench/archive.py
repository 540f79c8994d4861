"""An archive worked out by one process, by two, and by two of Dask's, on the same parts in turn.

COUNT names how many events there are, of PEOPLE visitors: 100,000, and a twentieth as many. ENGINES names
those that run (`2,dask`; `1` is one process, to which the others are compared, with its phases): all of
them take an hour for 10,000,000. What an engine costs itself is the CPU time beyond that of one process.
The phases are measured apart, in CPU time of one process: which of them several processes share.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / "tools"))  # where pytest has it

import archives
from tests.bench.processes import environment
from tests.bench.turns import Effort, interleaved, micro, ratio, table

from segment_pendo.archive.engine import Here
from segment_pendo.archive.job import Job
from segment_pendo.archive.results import report_of
from segment_pendo.archive.source import pieces
from segment_pendo.archive.whole import Whole
from segment_pendo.mapping.setup import Setup

__all__ = ["main"]

COUNT: Final = int(os.environ.get("COUNT", "100000"))
_BRIEF: Final = 2000
_EACH: Final = 20  # events of a visitor
PEOPLE: Final = int(os.environ.get("PEOPLE", "0"))
_PARTS: Final = 16  # at least
_PART: Final = 50_000  # events of a part, at most
_ALONE: Final = "one process"
_DASK: Final = "`--scheduler local --workers 2`"
_NAMED: Final = {"1": _ALONE, "2": "`--workers 2`", "dask": _DASK}
CHOSEN: Final = [_NAMED[name] for name in os.environ.get("ENGINES", "1,2,dask").split(",")]
_TITLES: Final = (
    "engine",
    "events a second",
    f"of {CHOSEN[0]}",
    "CPU us an event",
    "its CPU",
    "MB of all",
)
_ENGINES: Final = {
    _ALONE: ("--workers", "1"),
    "`--workers 2`": ("--workers", "2"),
    _DASK: ("--workers", "2", "--scheduler", "local"),
}


# The peaks of a process and of those it started: the ones that wait4 tells begin with that of who started it.
_RUN: Final = """
import re, resource, sys
from pathlib import Path
from segment_pendo.cli import main
if __name__ == "__main__":
    peaks = Path(sys.argv.pop(1))
    try:
        main()
    finally:
        own = re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1]
        peaks.write_text(f"{own} {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss}")
"""
_COUNTS: Final = "for _ in range(20_000_000): pass"


class Run(NamedTuple):
    """One run: seconds of the clock, and of the CPU of all its processes; MB of all of them at most."""

    wall: float
    cpu: float
    megabytes: float


def measured(folder: Path, work: Path, options: tuple[str, ...]) -> Run:
    """Work an archive out from its beginning."""
    shutil.rmtree(work, ignore_errors=True)
    peaks = work.with_name("peaks")
    line = [sys.executable, "-c", _RUN, str(peaks), "archive", "report", str(folder), "--work", str(work)]
    begin = time.perf_counter()
    process = subprocess.Popen([*line, *options], env=environment(work.parent), stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, f"{options} ended with {process.returncode}"
    own, largest = map(int, peaks.read_text().split())
    workers = int(options[1]) if options != _ENGINES[_ALONE] else 0
    return Run(wall, used.ru_utime + used.ru_stime, (own + workers * largest) / 1024)


class Phases(NamedTuple):
    """Seconds of CPU for each phase of a report; the start of the command is measured apart."""

    parts: float
    together: float
    told: float


def phases(folder: Path, work: Path) -> Phases:
    """Work an archive out in this process, phase by phase."""
    shutil.rmtree(work, ignore_errors=True)
    job = Job(Setup(), work)
    job.prepare()
    laps = [time.process_time()]
    for piece in pieces(str(folder)):
        job.fold(piece)
    laps.append(time.process_time())
    whole = Whole(*job.records(Here(), pieces(str(folder)), lambda _done: None))
    laps.append(time.process_time())
    report_of(whole, job.setup.pendo)
    laps.append(time.process_time())
    return Phases(*(end - begin for begin, end in pairwise(laps)))


def started(directory: Path) -> float:
    """Return the CPU seconds of a command that works nothing out."""
    line = [sys.executable, "-m", "segment_pendo", "archive", "report", "--help"]
    process = subprocess.Popen(line, env=environment(directory), stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return used.ru_utime + used.ru_stime


def counting(processes: int) -> float:
    """Return how long so many processes take that only count, each as far."""
    begin = time.perf_counter()
    started = [subprocess.Popen([sys.executable, "-c", _COUNTS]) for _ in range(processes)]
    assert all(process.wait() == 0 for process in started)
    return time.perf_counter() - begin


def main(effort: Effort) -> Iterator[str]:
    """Yield the tables: a row for each engine, then a row for each phase."""
    count = _BRIEF if effort.is_brief else COUNT
    people = PEOPLE or count // _EACH
    with TemporaryDirectory() as name:
        parts = max(_PARTS, count // _PART)
        folder, work = (
            archives.write(Path(name, "logs"), count, people=people, parts=parts),
            Path(name, "work"),
        )
        engines = {engine: partial(measured, folder, work, _ENGINES[engine]) for engine in CHOSEN}
        runs = interleaved(engines, effort.rounds)
        by_phase = [phases(folder, work) for _ in range(effort.rounds if _ALONE in CHOSEN else 0)]
        start = [started(Path(name)) for _ in range(effort.rounds)]
    bare = interleaved({"1": partial(counting, 1), "2": partial(counting, 2)}, effort.rounds)
    yield f"{count:,} events of {people:,} visitors in {parts} parts, mapped, folded and counted."
    yield ""
    yield from table(_TITLES, (_row(engine, runs[engine], runs[CHOSEN[0]], count) for engine in runs))
    yield ""
    twice = ratio([2 * wall for wall in bare["1"]], bare["2"])
    yield f"Two processes that only count do {twice} times the work of one here; no engine can do more."
    if by_phase:
        yield ""
        yield from _phases(by_phase, start, count)


def _phases(by_phase: list[Phases], start: list[float], count: int) -> Iterator[str]:
    shared = [each.parts + each.together for each in by_phase]
    alone = [each.told + begun for each, begun in zip(by_phase, start, strict=True)]
    rows = (
        ("map, fold and count the parts", [each.parts for each in by_phase], "each process"),
        ("put the records together", [each.together for each in by_phase], "each process"),
        ("read and hash the records", [each.told for each in by_phase], "one"),
        ("start the command", start, "one"),
    )
    yield from table(
        ("phase", "CPU us an event", "done by"),
        ([name, f"{median(seconds) / count * 1e6:.2g}", by] for name, seconds, by in rows),
    )
    yield ""
    whole, one = median(shared) + median(alone), median(alone)
    both = whole / (one + median(shared) / 2)
    yield f"With nothing else on two cores, two processes are {both:.2f} times as fast by this, at most."


def _row(engine: str, runs: list[Run], alone: list[Run], count: int) -> list[str]:
    return [
        engine,
        f"{count / median(run.wall for run in runs):,.0f}",
        ratio([run.wall for run in alone], [run.wall for run in runs]),
        micro(run.cpu / count for run in runs),
        ratio([run.cpu for run in runs], [run.cpu for run in alone]),
        f"{max(run.megabytes for run in runs):.0f}",
    ]
