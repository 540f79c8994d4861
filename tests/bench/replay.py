"""Replay 100,000 webhooks to a server that fails now and then: what arrives, in what time and memory.

The server is another process: 10 % of its answers are 503, 3 % are 429 with Retry-After: 1, 1 % resets.
"""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from segment_pendo.mapping.assess import assess
from segment_pendo.mapping.setup import Setup
from segment_pendo.recordings.recorder import Recorder
from segment_pendo.words import SdkRequest

COUNT = int(os.environ.get("COUNT", "100000"))
_USERS = 5000
_BATCH = 100
_TOOLS = Path(__file__).parents[1] / "tools"


def recorded(path: Path, count: int, users: int) -> None:
    """Write a recording of so many identify calls, in batches."""
    recorder = Recorder(path, setup=Setup())
    for start in range(0, count, _BATCH):
        calls = [
            {
                "type": "identify",
                "userId": f"user{number % users}",
                "messageId": f"m{number}",
                "traits": {"plan": "premium", "number": number},
            }
            for number in range(start, min(start + _BATCH, count))
        ]
        request = SdkRequest("POST", "/v1/batch", body=json.dumps({"batch": calls}).encode())
        at = datetime(2024, 5, 9, 10, tzinfo=UTC)
        recorder.take(assess(request, id=str(start), at=at, setup=Setup()))
    recorder.close()


def main() -> Iterator[str]:
    """Yield the lines of the table."""
    yield "| webhooks | distinct | posts | out of order | seconds | peak MB | exit code |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    with TemporaryDirectory() as folder:
        file, seen = Path(folder, "calls.jsonl"), Path(folder, "seen.json")
        recorded(file, COUNT, _USERS)
        server = subprocess.Popen(
            [sys.executable, str(_TOOLS / "flaky_pendo.py"), str(seen)], stdout=subprocess.PIPE, text=True
        )
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "segment_pendo", "replay", str(file), "--to", url],
            env=os.environ | {"XDG_STATE_HOME": folder},
            capture_output=True,
            text=True,
        )
        took = time.perf_counter() - began
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        server.terminate()
        server.wait()
        told = json.loads(seen.read_text())
    yield (
        f"| {COUNT:,} | {told['distinct']:,} | {told['posts']:,} | {told['disordered']:,} | {took:.0f} "
        f"| {peak:.0f} | {done.returncode} |"
    )
