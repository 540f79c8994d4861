"""From a line to its row: a pipe that stays open, into which a call comes when the last one has its row.

Some verbs have no such time: `check` needs a whole request, `state`, `why` and `races` all of their input.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from select import select
from statistics import median
from tempfile import TemporaryDirectory
from typing import IO, Final

from tests.bench.processes import environment
from tests.bench.turns import Effort, milli, table

__all__ = ["main"]

_LINES, _BRIEF = 50, 3
_WAIT: Final = 30  # seconds for a row, which is no result
_COMMANDS: Final = {
    "map": ["map", "-"],
    "explain": ["explain", "-"],
    "explain --short": ["explain", "--short", "-"],
    "explain --format ndjson": ["explain", "--format", "ndjson", "-"],
}


def calls(count: int) -> list[bytes]:
    """Return the lines of so many calls, each of a visitor of its own."""
    traits = {"plan": "pro", "email": "ann@example.com"}
    return [
        json.dumps(
            {"type": "identify", "userId": f"user{number}", "messageId": f"m{number}", "traits": traits}
        ).encode()
        + b"\n"
        for number in range(count)
    ]


def measured(folder: Path, words: list[str], lines: list[bytes]) -> list[float]:
    """Return the seconds from each line to its row; those of the first one begin with the process."""
    command = [sys.executable, "-m", "segment_pendo", *words]
    found = []
    begin = time.perf_counter()
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment(folder),
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for number, line in enumerate(lines):
            process.stdin.write(line)
            process.stdin.flush()
            _read_until(process.stdout, f"user{number}".encode())
            found.append(time.perf_counter() - begin)
            _read_rest(process.stdout)
            begin = time.perf_counter()
        process.stdin.close()
        process.stdout.read()
    return found


def _read_until(output: IO[bytes], word: bytes) -> None:
    text = b""
    while word not in text:
        assert select([output], [], [], _WAIT)[0], f"no row within {_WAIT} s"
        more = os.read(output.fileno(), 65536)
        assert more, "it ended before the row"
        text += more


def _read_rest(output: IO[bytes]) -> None:
    """Read what else there is to say of a line, until nothing comes for a moment."""
    while select([output], [], [], 0.02)[0]:
        os.read(output.fileno(), 65536)


def main(effort: Effort) -> Iterator[str]:
    """Yield the table: a row for each verb."""
    count = _BRIEF if effort.is_brief else _LINES
    rows = []
    with TemporaryDirectory() as name:
        for verb, words in _COMMANDS.items():
            first, *others = measured(Path(name), words, calls(count))
            rows.append([f"`{verb}`", milli([first]), f"{median(others) * 1e3:.1f}", milli([max(others)])])
    yield from table(("verb", "ms from its start to a row", "ms from a line to its row", "ms at most"), rows)
