"""How long one allowed request holds up everybody else: a probe beside the worst bodies that ingest takes.

Each body is POSTed to a run of its own (store on disk, recording, people redacted) by another process. The
probe is a timer in the loop of that run; the stall is what its thread did in the longest gap, in CPU time, so
that another process of the machine counts little. Beside it stand the time until the answer, what was
written, and the peak of memory.
"""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from tests.bench.turns import Effort

MOST = 500 * 1024


def batch(call: Callable[[int], Any], count: int = 2500, **envelope: Any) -> bytes:
    """Calls as many as fit, with this envelope."""
    rest = json.dumps(envelope)[1:-1]
    size, calls = len(rest) + 40, []
    for number in range(count):
        text = json.dumps(call(number), separators=(",", ":"))
        size += len(text) + 1
        if size > MOST:
            break
        calls.append(text)
    return f'{{"batch":[{",".join(calls)}]{"," if rest else ""}{rest}}}'.encode()


def tiny(number: int) -> Any:
    return {"type": "identify", "userId": f"u{number}"}


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"a": value}
    return value


BODIES: dict[str, Callable[[], bytes]] = {
    "2,500 tiny calls": lambda: batch(tiny),
    "a context of 380 KB": lambda: batch(tiny, context={"x": "y" * 380_000}),
    "a context of 380 KB of people": lambda: batch(
        tiny, context={"x": "".join(f"a{number}@initech.co " for number in range(21_000))}
    ),
    "a context of 100 KB": lambda: batch(tiny, context={"x": "y" * 100_000}),
    "a context of 240 levels": lambda: batch(tiny, context=nested(240)),
    "a context of 4,000 keys": lambda: batch(tiny, context={f"k{n}": n for n in range(4000)}),
    "a context of 400 levels": lambda: batch(tiny, context=nested(400)),
    "as many calls as fit": lambda: batch(lambda _: {"type": "t"}, 40_000),
    "many calls under many keys": lambda: batch(
        lambda _: {"type": "t", "userId": "u"}, 40_000, context={f"k{n}": n for n in range(1000)}
    ),
    "traits of many keys": lambda: batch(lambda n: tiny(n) | {"traits": {f"k{k}": k for k in range(2500)}}),
    "floats": lambda: batch(lambda n: tiny(n) | {"traits": {f"f{k}": k / 7 for k in range(5)}}),
    "integer-like keys": lambda: batch(lambda n: tiny(n) | {"traits": {str(k): k for k in range(20)}}),
    "large integers": lambda: batch(lambda n: tiny(n) | {"traits": {"n": 12345678901234567890}}),
    "one long text each": lambda: batch(lambda n: tiny(n) | {"traits": {"t": "ann@example.com " * 1900}}),
    "texts that people are in": lambda: batch(
        lambda n: tiny(n) | {"traits": {"email": f"a{n}@example.com", "name": "Ann Lee", "ip": "84.1.2.3"}}
    ),
    "nested 240 levels": lambda: batch(lambda n: tiny(n) | {"traits": nested(240)}),
    "nested 400 levels": lambda: batch(lambda n: tiny(n) | {"traits": nested(400)}),
    "lists": lambda: batch(lambda n: tiny(n) | {"traits": {"l": [[]] * 3000}}),
    "hits of every code": lambda: batch(
        lambda _: {
            "type": "group",
            "userId": " null ",
            "groupId": "::",
            "traits": {"A": {}, "a": [], "$x": "1"},
        }
    ),
}

# The run, with a probe in its loop.
PROBED = """
import asyncio, json, sys, time
from segment_pendo.cli import main
longest = 0.0

async def probe():
    global longest
    last = time.thread_time()
    while True:
        await asyncio.sleep(0.001)
        now = time.thread_time()
        longest, last = max(longest, now - last), now

def note():
    import resource
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    open(sys.argv[1], "w").write(json.dumps({"gap": longest, "peak": peak}))

from segment_pendo.serve.session import Session
entered = Session.__aenter__
async def with_probe(self):
    global longest
    session = await entered(self)
    with_probe.task = asyncio.create_task(probe())
    return session
Session.__aenter__ = with_probe
file = sys.argv[1]
try:
    main(["run", "--port", "0", "--no-proxy", "--ready-file", sys.argv[2], "--store", sys.argv[3],
          "--record", sys.argv[4], "--redact", "people"])
finally:
    note()
"""


class Result(NamedTuple):
    """The stall and the time until the answer in ms, the peak of memory and the files in MB, the status."""

    gap: float
    took: float
    peak: float
    disk: float
    status: int


def _measured(body: bytes) -> Result:
    with TemporaryDirectory() as folder:
        result, ready, store, recording = (
            Path(folder, name) for name in ("result", "ready", "s.db", "c.jsonl")
        )
        process = subprocess.Popen(
            [sys.executable, "-c", PROBED, *map(str, (result, ready, store, recording))],
            env=os.environ | {"SEGMENT_PENDO_REDACT_KEY": "a key of the bench"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while not ready.exists():
            time.sleep(0.02)
        url = f"{json.loads(ready.read_text())['home']}/v1/batch"
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        time.sleep(0.3)
        start = time.perf_counter()
        try:
            with opener.open(urllib.request.Request(url, body), timeout=120) as answer:
                status = answer.status
        except urllib.error.HTTPError as error:  # some of them are refused
            status = error.code
        took = time.perf_counter() - start
        time.sleep(1)  # what is done after the answer counts too
        process.terminate()
        process.wait()
        told = json.loads(result.read_text())
        disk = sum(file.stat().st_size for file in Path(folder).iterdir())
    return Result(told["gap"] * 1000, took * 1000, told["peak"] / 1024, disk / 1e6, status)


def main(effort: Effort) -> Iterator[str]:
    """Yield the lines of the table."""
    yield "| body | calls | KB | longest gap, CPU ms | answer ms | peak MB | on disk MB | status |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for name, make in islice(BODIES.items(), 2 if effort.is_brief else None):
        body = make()
        count = len(json.loads(body)["batch"])
        result = _measured(body)
        yield (
            f"| {name} | {count:,} | {len(body) // 1000} | {result.gap:.0f} | {result.took:.0f} "
            f"| {result.peak:.0f} | {result.disk:.1f} | {result.status} |"
        )
