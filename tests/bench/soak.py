"""How memory and the cost of a call grow while a run takes calls of 1,000 visitors, through each door.

Each run is a process of its own, as a user starts it, which takes batches of 100 from this process; its
resident memory and its CPU time are read after so many calls (SIZES names other numbers), the last growth is
that of the largest pair.
"""

import http.client
import json
import os
import socket
import ssl
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from subprocess import Popen
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

from tests.bench.load import SEGMENT
from tests.bench.processes import cpu_seconds, environment, free_port, server, waited
from tests.bench.turns import Effort, table

SIZES: Final = [int(size) for size in os.environ.get("SIZES", "1000,20000,200000").split(",")]
_BRIEF: Final = [100, 300, 900]
_VISITORS: Final = 1_000
_BATCH: Final = 100


class _Case(NamedTuple):
    """How a run is started, and through which door it goes. NOWHERE: a free port; DIR: a folder."""

    options: tuple[str, ...] = ()
    is_proxy: bool = False
    settles: bool = True


_CASES: Final = {
    "home port": _Case(("--no-proxy",)),
    "proxy": _Case((), is_proxy=True),
    "home port, store on disk": _Case(("--no-proxy", "--store", "DIR/s.db")),
    "home port, recorded": _Case(("--no-proxy", "--record", "DIR/calls.jsonl")),
    "home port, people redacted": _Case(("--no-proxy", "--record", "DIR/calls.jsonl", "--redact", "people")),
    "home port, another Pendo is down": _Case(
        ("--no-proxy", "--to", "http://127.0.0.1:NOWHERE", "--retry-window", "1h", "--drain", "0"),
        settles=False,
    ),
}


class _Point(NamedTuple):
    """A run after so many calls: its resident memory in bytes, its CPU seconds, how many webhooks wait."""

    resident: int
    cpu: float
    waiting: int


def _resident(pid: int) -> int:
    """Resident memory in bytes; 0 where the system does not say."""
    status = Path(f"/proc/{pid}/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))


def _connection(told: dict[str, Any], *, is_proxy: bool) -> http.client.HTTPConnection:
    address = told["proxy" if is_proxy else "home"].partition("//")[2]
    if not is_proxy:
        return http.client.HTTPConnection(address, timeout=60)
    context = ssl.create_default_context(cafile=told["ca"])
    connection = http.client.HTTPSConnection(address, timeout=60, context=context)
    connection.set_tunnel(SEGMENT)
    return connection


def _call(number: int) -> dict[str, Any]:
    user = f"user-{number % _VISITORS}"
    traits = {"plan": "pro", "logins": number, "email": f"{user}@example.com"}
    return {"type": "identify", "userId": user, "messageId": f"message-{number}", "traits": traits}


def _send(connection: http.client.HTTPConnection, first: int, last: int) -> None:
    for begin in range(first, last, _BATCH):
        calls = [
            {
                "type": "identify",
                "userId": f"user-{number % _VISITORS}",
                "messageId": f"message-{number}",
                "traits": {
                    "plan": "pro",
                    "logins": number,
                    "email": f"user-{number % _VISITORS}@example.com",
                },
            }
            for number in range(begin, min(begin + _BATCH, last))
        ]
        connection.request("POST", "/v1/batch", json.dumps({"batch": calls}))
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200


def _waiting(home: str) -> int:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{home}/_/health", timeout=60) as answer:
        return int(json.load(answer)["outbox"]["waiting"])


def _settled(home: str, process: Popen[bytes]) -> int:
    """Wait until nothing waits any more; return 0."""
    while _waiting(home):
        time.sleep(0.1)  # its own work must not be to answer us
    assert process.poll() is None
    return 0


def _points(case: _Case, sizes: list[int]) -> Iterator[_Point]:
    with TemporaryDirectory() as folder, ExitStack() as stack:
        port, ready, nowhere = free_port(), Path(folder, "ready"), str(_nowhere(stack))
        options = [word.replace("DIR", folder).replace("NOWHERE", nowhere) for word in case.options]
        line = [sys.executable, "-m", "segment_pendo", "run", "--port", str(port), "--proxy-port", "0"]
        env = environment(
            Path(folder), SEGMENT_PENDO_REDACT_KEY="a key of the bench", SEGMENT_PENDO_INTEGRATION_KEY="none"
        )
        process = stack.enter_context(server([*line, "--ready-file", str(ready), *options], env, port))
        waited(ready.exists)
        told = json.loads(ready.read_text())
        connection = _connection(told, is_proxy=case.is_proxy)
        for first, last in zip([0, *sizes], sizes, strict=False):
            _send(connection, first, last)
            left = _settled(told["home"], process) if case.settles else _waiting(told["home"])
            yield _Point(_resident(process.pid), cpu_seconds(process.pid) or 0.0, left)
        connection.close()


def _nowhere(stack: ExitStack) -> int:
    """Return a port that is taken, and at which nobody listens."""
    probe = stack.enter_context(socket.socket())
    probe.bind(("127.0.0.1", 0))
    return int(probe.getsockname()[1])


def _row(name: str, case: _Case, sizes: list[int]) -> list[str]:
    points = [*_points(case, sizes)]
    cells, before, calls = [], _Point(0, 0.0, 0), 0
    for point, size in zip(points, sizes, strict=True):
        cells += [f"{point.resident / 1e6:.0f}", f"{(point.cpu - before.cpu) / (size - calls) * 1e6:,.0f}"]
        before, calls = point, size
    growth = (points[-1].resident - points[-2].resident) / (sizes[-1] - sizes[-2])
    return [name, *cells, f"{growth:.0f}", f"{points[-1].waiting:,}"]


def main(effort: Effort) -> Iterator[str]:
    """Yield the lines of the table."""
    sizes = _BRIEF if effort.is_brief else SIZES
    titles = [title for size in sizes for title in (f"MB at {size:,}", "us a call until then")]
    last = f"bytes a call after {sizes[-2]:,}"
    rows = (_row(name, case, sizes) for name, case in _CASES.items())
    yield from table(["run", *titles, last, "waiting at the end"], rows)
