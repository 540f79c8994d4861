"""The replayer: sends what was recorded again, at a pace, in order within each chain, several chains at a
time.

It reads its items as it goes and holds no more than a few, so that memory does not grow with the file.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

__all__ = ["Item", "Pace", "replay"]


@dataclass(frozen=True, slots=True)
class Item:
    """Something to send: where it stands in its file, when it was received, what it waits behind, and how it
    is sent.

    `send` gives an empty text, or says what went wrong.
    """

    line: int
    at: datetime
    chain: str
    send: Callable[[], Awaitable[str]]


@dataclass(slots=True)
class Pace:
    """When the next item is due.

    `speed`: 1 as recorded, 2 twice as fast, 0 as fast as it goes. `rate`: at most so many a second.

    `max_gap` cuts a longer recorded pause, in seconds as recorded.
    """

    speed: float = 0
    max_gap: float | None = None
    rate: float | None = None
    _due: float = 0
    _before: datetime | None = None

    def due(self, at: datetime) -> float:
        """Seconds after the start at which an item recorded at `at` is due; give them in order."""
        gap = 0.0
        if self._before is not None:
            if self.speed:
                gap = max(0.0, (at - self._before).total_seconds())
                gap = min(gap, self.max_gap) if self.max_gap is not None else gap
                gap /= self.speed
            if self.rate is not None:
                gap = max(gap, 1 / self.rate)
        self._due += gap
        self._before = at
        return self._due


async def replay(
    items: Iterable[Item],
    pace: Pace,
    told: Callable[[Item, str], None],
    *,
    concurrency: int,
    stop: asyncio.Event,
) -> int | None:
    """Send every item.

    `told` hears of each that has ended. Returns None at the end; the line to go on with after `stop`.
    """
    loop = asyncio.get_running_loop()
    start = loop.time()
    free = asyncio.Semaphore(concurrency)
    last: dict[str, asyncio.Task[None]] = {}

    async def one(item: Item, before: asyncio.Task[None] | None) -> None:
        try:
            if before is not None:
                await asyncio.wait([before])
            told(item, await item.send())
        finally:
            free.release()
            if last.get(item.chain) is asyncio.current_task():
                del last[item.chain]

    left: int | None = None
    for item in items:
        await _until(start + pace.due(item.at), stop)
        # A chain that is slow may fill all places; those behind it wait, and memory stays flat.
        await free.acquire()
        if stop.is_set():
            left = item.line
            break
        last[item.chain] = asyncio.create_task(one(item, last.get(item.chain)))
    while last:  # what is on its way ends, so that going on later sends nothing twice
        await asyncio.wait(list(last.values()))
    return left


async def _until(when: float, stop: asyncio.Event) -> None:
    seconds = when - asyncio.get_running_loop().time()
    if seconds > 0 and not stop.is_set():
        try:
            await asyncio.wait_for(stop.wait(), seconds)
        except TimeoutError:
            pass
