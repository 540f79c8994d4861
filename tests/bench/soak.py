"""How memory grows over 200,000 events of 1,000 visitors, while Pendo is on loopback and while it is down.

A run of its own with a store on disk takes batches of 100 from this process; its resident memory is read
after the first 20,000 events and after all of them.
"""

import http.client
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

EVENTS = 200_000
FIRST = 20_000
VISITORS = 1_000
BATCH = 100


def _resident(pid: int) -> int:
    """Resident memory in bytes; 0 where the system does not say."""
    status = Path(f"/proc/{pid}/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))


def _send(home: str, first: int, last: int) -> None:
    connection = http.client.HTTPConnection(home.partition("//")[2], timeout=60)
    for begin in range(first, last, BATCH):
        calls = [
            {
                "type": "identify",
                "userId": f"user-{number % VISITORS}",
                "messageId": f"message-{number}",
                "traits": {"plan": "pro", "logins": number, "email": f"user-{number % VISITORS}@example.com"},
            }
            for number in range(begin, begin + BATCH)
        ]
        connection.request("POST", "/v1/batch", json.dumps({"batch": calls}))
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200
    connection.close()


def _waiting(home: str) -> int:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{home}/_/health", timeout=60) as answer:
        return int(json.load(answer)["outbox"]["waiting"])


def _measured(*options: str, settles: bool) -> tuple[float, float, float, int]:
    """Return MB at first and at the end, bytes an event in between, and how many webhooks wait then."""
    with TemporaryDirectory() as folder:
        ready = Path(folder, "ready")
        line = [sys.executable, "-m", "segment_pendo", "run", "--port", "0", "--no-proxy"]
        process = subprocess.Popen(
            [
                *line,
                "--ready-file",
                str(ready),
                "--store",
                str(Path(folder, "s.db")),
                "--drain",
                "0",
                *options,
            ],
            env=os.environ,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            while not ready.exists():
                time.sleep(0.02)
            home = json.loads(ready.read_text())["home"]
            sizes = []
            for first, last in ((0, FIRST), (FIRST, EVENTS)):
                _send(home, first, last)
                while settles and _waiting(home):
                    time.sleep(0.2)
                sizes.append(_resident(process.pid))
            left = _waiting(home)
        finally:
            process.terminate()
            process.wait()
    before, after = sizes
    return before / 1e6, after / 1e6, (after - before) / (EVENTS - FIRST), left


def main() -> Iterator[str]:
    """Yield the lines of the table."""
    with socket.socket() as probe:  # nobody will listen there
        probe.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{probe.getsockname()[1]}"
    yield f"| {EVENTS:,} events | MB after {FIRST:,} | MB at the end | bytes an event | waiting at the end |"
    yield "| --- | --- | --- | --- | --- |"
    for name, options, settles in (
        ("to the Pendo on loopback", (), True),
        ("while another Pendo is down", ("--to", nowhere, "--retry-window", "1h"), False),
    ):
        before, after, growth, left = _measured(*options, settles=settles)
        yield f"| {name} | {before:.0f} | {after:.0f} | {growth:.0f} | {left:,} |"
