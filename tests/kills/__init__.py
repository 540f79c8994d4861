"""Kill a run again and again while apps send to it and it delivers: count what was lost, doubled, disordered.

`uv run python -m tests.kills --kills 1000`; tests/e2e/test_kills.py does it 20 times.
"""

import http.client
import json
import random
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

sys.path.insert(0, str(Path(__file__).parents[1] / "tools"))  # where pytest has it

from background import background
from processes import Running, free_port, get, until

__all__ = ["CONCURRENCY", "Report", "killed"]

CONCURRENCY = 8
_APPS = 4
_USERS = 5  # of each app
_PAUSE = 0.004  # seconds between two requests of an app


@dataclass
class Report:
    """What the apps were answered 200 for, and what came to Pendo in which order."""

    kills: int = 0
    acknowledged: set[str] = field(default_factory=set)
    arrived: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    @property
    def received(self) -> set[str]:
        return {f"{user} {number}" for user, numbers in self.arrived.items() for number in numbers}

    @property
    def lost(self) -> set[str]:
        return self.acknowledged - self.received

    @property
    def doubled(self) -> list[str]:
        return [
            f"{user} {number}"
            for user, numbers in self.arrived.items()
            for number in sorted(set(numbers))
            for _ in range(numbers.count(number) - 1)
        ]

    @property
    def disordered(self) -> list[str]:
        """Return each webhook that came for the first time after a later one of its user."""
        wrong = []
        for user, numbers in self.arrived.items():
            latest = -1
            for number in dict.fromkeys(numbers):
                if number < latest:
                    wrong.append(f"{user} {number}")
                latest = max(latest, number)
        return wrong

    def __str__(self) -> str:
        return (
            f"{self.kills} kills: {len(self.acknowledged):,} calls acknowledged, {len(self.lost):,} of them "
            f"lost; {len(self.received):,} webhooks received, {len(self.doubled):,} more than once (at most "
            f"{self.kills * CONCURRENCY:,}), {len(self.disordered):,} out of order"
        )


class _App(threading.Thread):
    """Sends batches of a call for each of its users, in order; remembers what was answered 200."""

    def __init__(self, name: str, port: int, report: Report) -> None:
        super().__init__()
        self._users = [f"{name}-{number}" for number in range(_USERS)]
        self._port = port
        self._report = report
        self._ended = threading.Event()

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        number = 0
        while not self._ended.wait(_PAUSE):
            calls = [
                {"type": "identify", "userId": user, "messageId": f"{user} {number}", "traits": {"n": number}}
                for user in self._users
            ]
            try:
                connection.request("POST", "/v1/batch", json.dumps({"batch": calls}))
                answer = connection.getresponse()
                answer.read()
                if answer.status == 200:
                    self._report.acknowledged.update(f"{user} {number}" for user in self._users)
            except (OSError, http.client.HTTPException):
                connection.close()
                self._ended.wait(0.02)
            number += 1
        connection.close()

    def end(self) -> None:
        self._ended.set()
        self.join()


def killed(kills: int, directory: Path, *, seed: int = 0, say: Callable[[str], None] = print) -> Report:
    """Kill a run so many times under load, then let one deliver the rest."""
    report, draw, port = Report(), random.Random(seed), free_port()

    async def take(request: web.Request) -> web.Response:
        event = json.loads(await request.read())
        report.arrived[event["userId"]].append(event["traits"]["n"])
        return web.Response()

    with background([web.post("/data/segmentio/{key}", take)]) as pendo:
        options = (
            "--no-proxy",
            "--port",
            str(port),
            "--store",
            str(directory / "store.sqlite3"),
            "--to",
            pendo,
        )
        how = ("--concurrency", str(CONCURRENCY), "--retry-window", "1h")
        apps = [_App(f"app{number}", port, report) for number in range(_APPS)]
        try:
            for app in apps:
                app.start()
            for _ in range(kills):
                running = Running(directory, *options, *how)
                came = len(report.acknowledged)
                until(lambda came=came: len(report.acknowledged) > came)  # type: ignore[misc]
                time.sleep(draw.uniform(0, 0.4))  # the moment of the kill is what is tried
                running.process.kill()
                running.process.wait()
                report.kills += 1
                if report.kills % 50 == 0:
                    say(f"{report}")
        finally:
            for app in apps:
                app.end()
        running = Running(directory, *options, *how)
        try:
            until(lambda: get(f"{running.home}/_/health")[1]["deliveries"].get("waiting", 0) == 0, 300)
            assert running.end() == 0
        finally:
            running.process.kill()
    return report
