"""Start-up: verbs that open no port beside `mitmdump --version`, a run beside a bare proxy that listens.

Ratios below 1: ours is quicker.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.bench.processes import MITMDUMP, apart, environment, waited
from tests.bench.turns import Effort, Figure, interleaved, milli, ratio, table

__all__ = ["main"]

OURS: Final = str(Path(sys.executable).with_name("segment-pendo"))
RECORDING: Final = Path(__file__).parents[2] / "fixtures" / "recordings" / "analytics-node.jsonl"
_BARE: Final = Path(__file__).parent / "peers" / "bare_proxy.py"
_VERSION: Final = "`mitmdump --version`"
_LISTENS: Final = "mitmproxy's DumpMaster that listens"
_VERBS: Final = {
    "`--help`": ("--help",),
    "`run --help`": ("run", "--help"),
    "`map`": ("map", "one.ndjson"),
    "`explain`": ("explain", "one.ndjson"),
    "`why`": ("why", "u", "--from", "one.ndjson"),
    "`check`": ("check", "calls.jsonl"),
    "`diff`": ("diff", "calls.jsonl", "calls.jsonl"),
    "`state show`": ("state", "show", "--from", "one.ndjson"),
    "`races`": ("races", "one.ndjson"),
    "`finding`": ("finding", "ID_COLLISION"),
    "`recording scan`": ("recording", "scan", "calls.jsonl"),
    "`ca path`": ("ca", "path"),
}
# What a shell waits for after Tab, behind these words.
_COMPLETIONS: Final = ("segment-pendo ", "segment-pendo why ", "segment-pendo run --assume ")
_RUNS: Final = {
    "`run`, home port and proxy": ("run", "--port", "0"),
    "`run --no-proxy`": ("run", "--port", "0", "--no-proxy"),
}
_TITLES: Final = ("start", "ratio, wall time", "ratio, CPU", "beside", "wall ms", "CPU ms")


def ended(line: list[str], env: Mapping[str, str], folder: Path) -> Figure:
    """Return what a command needs until it has ended."""
    begin = time.perf_counter()
    process = _started(line, env, folder)
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode in {0, 1}, f"{line} ended with {process.returncode}"
    return Figure(used.ru_utime + used.ru_stime, wall)


def listening(line: list[str], env: Mapping[str, str], folder: Path, ready: Path) -> Figure:
    """Return what a server needs until it says that it listens."""
    ready.unlink(missing_ok=True)
    begin = time.perf_counter()
    process = _started(line, env, folder)
    try:
        waited(lambda: ready.exists() or process.poll() is not None)
        wall = time.perf_counter() - begin
        assert process.poll() is None, f"{line} ended with {process.returncode}"
    finally:
        process.kill()
        _, _, used = os.wait4(process.pid, 0)
        process.returncode = -9
    return Figure(used.ru_utime + used.ru_stime, wall)


def _started(line: list[str], env: Mapping[str, str], folder: Path) -> subprocess.Popen[bytes]:
    none = subprocess.DEVNULL
    return subprocess.Popen(line, env=env, cwd=folder, stdin=none, stdout=none, stderr=none)


type _Work = dict[str, Callable[[], Figure]]


def _contenders(folder: Path, env: Mapping[str, str]) -> tuple[_Work, dict[str, str]]:
    """Return what is measured, and to which each is compared."""
    first, ready = apart(), folder / "ready"
    work: _Work = {_VERSION: partial(ended, [*first, MITMDUMP, "--version"], env, folder)}
    reference = {}
    for name, words in _VERBS.items():
        work[name] = partial(ended, [*first, OURS, *words], env, folder)
        reference[name] = _VERSION
    for typed in _COMPLETIONS:
        name = f"`{typed}` and Tab"
        work[name] = partial(ended, [*first, OURS], {**env, **_tab(typed)}, folder)
        reference[name] = _VERSION
    bare = [*first, sys.executable, str(_BARE), str(ready), str(folder / "ca")]
    work[_LISTENS] = partial(listening, bare, env, folder, ready)
    for name, words in _RUNS.items():
        line = [*first, OURS, *words, "--ready-file", str(ready)]
        work[name] = partial(listening, line, env, folder, ready)
        reference[name] = _LISTENS
    return work, reference


def _tab(line: str) -> dict[str, str]:
    """Return the variables by which bash asks how a line may go on."""
    return {
        "_SEGMENT_PENDO_COMPLETE": "bash_complete",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(line.split())),
    }


def main(effort: Effort) -> Iterator[str]:
    """Yield the table."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(RECORDING, folder / "calls.jsonl")
        call = '{"type": "identify", "userId": "u", "traits": {"firstName": "Ann"}}\n'
        (folder / "one.ndjson").write_text(call)
        work, reference = _contenders(folder, environment(folder))
        interleaved(work, 0 if effort.is_brief else 1)  # compiled files and the CA are there then
        found = interleaved(work, effort.rounds)
    rows = []
    for name, figures in found.items():
        beside = reference.get(name, name)
        walls, others = ([one.wall for one in measured] for measured in (figures, found[beside]))
        costs, their = ([one.cost for one in measured] for measured in (figures, found[beside]))
        cpu = milli(one.cpu for one in figures)
        rows.append([name, ratio(walls, others), ratio(costs, their), beside, milli(walls), cpu])
    yield from table(_TITLES, rows)
