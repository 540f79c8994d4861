"""Start a server and measure what a request costs it, until all of its work is done."""

import asyncio
import json
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from tempfile import TemporaryDirectory
from typing import Final

from tests.bench.load import Door, connected
from tests.bench.payload import Body
from tests.bench.processes import apart, cpu_seconds, environment, free_port, server, waited
from tests.bench.turns import Effort, Figure

__all__ = ["Contender", "Started", "measured", "started"]

_LOOK: Final = 0.1  # seconds between two questions whether all work is done


@dataclass(frozen=True, slots=True)
class Contender:
    """A server to be measured: what starts it (PORT, DIR: its own), how it is asked, to what it is compared.

    `drains`: whether it goes on working after its answer, until its outbox is empty.
    """

    line: tuple[str, ...]
    reference: str
    is_proxy: bool = False
    tls: bool = False
    drains: bool = False
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Started:
    """A server that runs: its process, its door, and the address of its home port if it has an outbox."""

    process: Popen[bytes]
    door: Door
    home: str | None

    def is_quiet(self) -> bool:
        """Return whether nothing waits to be delivered."""
        if self.home is None:
            return True
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{self.home}/_/health", timeout=60) as answer:
            return not json.load(answer)["outbox"]["waiting"]


def started(contender: Contender, stack: ExitStack) -> Started:
    """Start a server, which ends with the stack."""
    folder, port = Path(stack.enter_context(TemporaryDirectory())), free_port()
    line = [word.replace("PORT", str(port)).replace("DIR", str(folder)) for word in contender.line]
    env = environment(folder, **contender.environment)
    process = stack.enter_context(server([*apart(), *line], env, port))
    ready = folder / "ready"
    told = {}
    if str(ready) in line:
        waited(ready.exists)
        told = json.loads(ready.read_text())
    authority = None
    if contender.tls:
        authority = Path(told["ca"]) if told else folder / "ca" / "mitmproxy-ca-cert.pem"
    door = Door(port, is_proxy=contender.is_proxy, authority=authority)
    return Started(process, door, told["home"] if contender.drains else None)


def measured(
    one: Started, body: Body, numbers: Iterator[int], effort: Effort, loop: asyncio.AbstractEventLoop
) -> Figure:
    """Return what one request costs, until all of its work is done."""
    return loop.run_until_complete(_measured(one, body, numbers, effort))


async def _measured(one: Started, body: Body, numbers: Iterator[int], effort: Effort) -> Figure:
    loop = asyncio.get_running_loop()
    # New ones each time, since a server may close those that are idle; to open them is not measured.
    connections = await connected(one.door, body.connections)
    before, begin = cpu_seconds(one.process.pid), time.perf_counter()
    end = loop.time() + effort.seconds
    async with asyncio.timeout(effort.seconds + 60):
        counts = await asyncio.gather(*(each.send(body, numbers, end) for each in connections))
    # What takes webhooks may be in this loop. To be asked costs the server something, too.
    await loop.run_in_executor(None, waited, one.is_quiet, _LOOK)
    after, wall = cpu_seconds(one.process.pid), time.perf_counter() - begin
    for connection in connections:
        connection.transport.close()
    count = sum(counts)
    return Figure(None if before is None or after is None else (after - before) / count, wall / count)
