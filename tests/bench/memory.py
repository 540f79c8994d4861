"""Memory and cost of a call for each verb over files: 1,000, 20,000 and 200,000 calls of 1,000 visitors.

Each run is a process of its own, on Linux; its peak of resident memory is what the system says. After the
first 20,000 calls, a verb may hold at most 64 bytes for each further one. SIZES names other sizes, VERBS some
of the verbs.
"""

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.replay import recorded
from tests.bench.turns import Effort

SIZES = [int(size) for size in os.environ.get("SIZES", "1000,20000,200000").split(",")]
VERBS = os.environ.get("VERBS", "")
_BRIEF = [100, 300, 900]
_VISITORS = 1000
_CHANGED = 1000  # every so many calls, one differs in the other recording of `diff`
# The peak of the process itself: the one that wait4 tells begins with that of who started it.
_RUN = """
import re, sys
from pathlib import Path
peak = Path(sys.argv.pop(1))
try:
    from segment_pendo.cli import main
    main()
finally:
    peak.write_text(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1])
"""
_COMMANDS = {
    "map": ["map", "calls.jsonl"],
    "map, gzip": ["map", "--no-ingest", "calls.jsonl.gz"],
    "map, a recording": ["map", "recording.jsonl"],
    "explain --format ndjson": ["explain", "--format", "ndjson", "calls.jsonl"],
    "explain --short": ["explain", "--short", "calls.jsonl"],
    "check": ["check", "recording.jsonl"],
    "diff": ["diff", "recording.jsonl", "other.jsonl"],
    "state show": ["state", "show", "--from", "calls.jsonl"],
    "why": ["why", "user-1", "plan", "--from", "calls.jsonl"],
    "races": ["races", "calls.jsonl"],
    "replay --dry-run": ["replay", "--dry-run", "calls.jsonl", "--to", "http://127.0.0.1:9"],
    "recording scan": ["recording", "scan", "calls.jsonl"],
}


def write_calls(folder: Path, count: int) -> None:
    """Write so many calls as JSON lines, the same packed, and two recordings that differ here and there."""
    with (folder / "calls.jsonl").open("w") as plain, gzip.open(folder / "calls.jsonl.gz", "wt") as packed:
        for number in range(count):
            user = f"user-{number % _VISITORS}"
            traits = {"plan": "pro", "logins": number, "email": f"{user}@example.com"}
            call = {"type": "identify", "userId": user, "messageId": f"m-{number}", "traits": traits}
            line = json.dumps(call | {"receivedAt": "2024-05-09T10:00:00.000Z"}) + "\n"
            plain.write(line)
            packed.write(line)
    recorded(folder / "recording.jsonl", count, _VISITORS)
    with (folder / "recording.jsonl").open() as one, (folder / "other.jsonl").open("w") as other:
        for number, line in enumerate(one):
            changed = line.replace("premium", "gold", 2) if number % _CHANGED == _CHANGED - 1 else line
            other.write(changed)


def measured(folder: Path, words: list[str]) -> tuple[float, float]:
    """The peak of memory in MB, and the CPU seconds, of one run."""
    peak = folder / "peak"
    command = [sys.executable, "-c", _RUN, str(peak), *words]
    with Path(os.devnull).open("wb") as nothing:
        process = subprocess.Popen(command, cwd=folder, stdout=nothing, stderr=nothing)
        _, _, used = os.wait4(process.pid, 0)
        process.returncode = 0
    return int(peak.read_text()) / 1024, used.ru_utime + used.ru_stime


def main(effort: Effort) -> Iterator[str]:
    """The table: a row for each verb."""
    sizes = _BRIEF if effort.is_brief else SIZES
    heads = [f"MB at {size:,} | us a call" for size in sizes]
    yield f"| verb | {' | '.join(heads)} | bytes a call after {sizes[-2]:,} |"
    yield "| --- " * (2 * len(sizes) + 2) + "|"
    with TemporaryDirectory() as name:
        folders = [Path(name, str(size)) for size in sizes]
        for folder, size in zip(folders, sizes, strict=True):
            folder.mkdir()
            write_calls(folder, size)
        for verb in VERBS.split(",") if VERBS else _COMMANDS:
            runs = [measured(folder, _COMMANDS[verb]) for folder in folders]
            cells = [
                f"{peak:.1f} | {seconds / size * 1e6:,.0f}"
                for (peak, seconds), size in zip(runs, sizes, strict=True)
            ]
            growth = (runs[-1][0] - runs[-2][0]) * (1 << 20) / (sizes[-1] - sizes[-2])
            yield f"| {verb} | {' | '.join(cells)} | {growth:.0f} |"
