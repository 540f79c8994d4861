"""A Pendo that fails now and then, as its seed says: 10 % 503, 3 % 429 with Retry-After, 1 % resets.

As a program, it prints its URL and, when it is ended, writes what it got as JSON to the file it was given.
"""

import asyncio
import json
import random
import signal
import sys
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from aiohttp import web

__all__ = ["FlakyPendo"]


@dataclass
class FlakyPendo:
    """Takes webhooks whose traits have a number that grows for each user.

    `refuses`: answers 400 to these users. `delay`: seconds until each answer.
    """

    seed: int = 0
    retry_after: int = 1
    refuses: Callable[[str], bool] = lambda _user: False
    delay: float = 0
    posts: int = 0
    taken: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        self._draw = random.Random(self.seed)

    @property
    def distinct(self) -> int:
        return sum(len(set(numbers)) for numbers in self.taken.values())

    @property
    def doubled(self) -> int:
        return sum(len(numbers) for numbers in self.taken.values()) - self.distinct

    @property
    def disordered(self) -> int:
        """How many came for the first time after a later one of their user."""
        wrong = 0
        for numbers in self.taken.values():
            first_time = list(dict.fromkeys(numbers))
            wrong += sum(a > b for a, b in pairwise(first_time))
        return wrong

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/data/segmentio/{key}", self.answer)]

    async def answer(self, request: web.Request) -> web.Response:
        self.posts += 1
        event = json.loads(await request.read())
        if self.delay:
            await asyncio.sleep(self.delay)
        if self.refuses(event["userId"]):
            return web.Response(status=400)
        chance = self._draw.random()
        if chance < 0.10:
            return web.Response(status=503)
        if chance < 0.13:
            return web.Response(status=429, headers={"Retry-After": str(self.retry_after)})
        if chance < 0.14:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        self.taken[event["userId"]].append(event["traits"]["number"])
        return web.Response()


async def _main() -> dict[str, int]:
    pendo, ended = FlakyPendo(), asyncio.Event()
    app = web.Application()
    app.add_routes(pendo.routes())
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)  # noqa: T201 - whoever starts it reads that
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    await ended.wait()
    await runner.cleanup()
    return {
        "posts": pendo.posts,
        "distinct": pendo.distinct,
        "doubled": pendo.doubled,
        "disordered": pendo.disordered,
    }


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(asyncio.run(_main())))
