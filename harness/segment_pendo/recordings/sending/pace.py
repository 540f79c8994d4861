"""The replayer: sends again what was recorded, at a pace; in order within a chain, several chains at a time.

It reads its items as it goes and holds only a few, so that memory does not grow with the file.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

__all__ = ["Item", "Pace", "replay"]


@dataclass(frozen=True, slots=True)
class Item:
    """Something to send.

    `line`: where it stands in its file. `at`: when it was received. `chain`: items of the same chain go one
    after the other. `send` sends it; it returns an empty text, or says what went wrong.
    """

    line: int
    at: datetime
    chain: str
    send: Callable[[], Awaitable[str]]


@dataclass(slots=True)
class Pace:
    """Says when the next item is due.

    `speed`: 1 as recorded, 2 twice as fast, 0 as fast as possible. `rate`: at most so many items a second.
    `max_gap`: a longer recorded pause is cut to so many seconds (as recorded, before `speed`).
    """

    speed: float = 0
    max_gap: float | None = None
    rate: float | None = None
    _due: float = 0
    _before: datetime | None = None

    def due(self, at: datetime) -> float:
        """Return how many seconds after the start an item recorded at `at` is due; call it in their order."""
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
    ended: Callable[[Item, str], None],
    *,
    concurrency: int,
    stop: asyncio.Event,
) -> int | None:
    """Send every item; return None at the end, or the line to go on with if `stop` was set before.

    `ended` is called with each item that was sent, and with what went wrong (an empty text: nothing).
    """
    loop = asyncio.get_running_loop()
    start = loop.time()
    free = asyncio.Semaphore(concurrency)
    last: dict[str, asyncio.Task[None]] = {}

    async def send(item: Item, before: asyncio.Task[None] | None) -> None:
        try:
            if before is not None:
                await asyncio.wait([before])
            ended(item, await item.send())
        finally:
            free.release()
            if last.get(item.chain) is asyncio.current_task():
                del last[item.chain]

    left: int | None = None
    for item in items:
        await _until(start + pace.due(item.at), stop)
        # A slow chain may take all places; the others then wait, and memory does not grow.
        await free.acquire()
        if stop.is_set():
            left = item.line
            break
        last[item.chain] = asyncio.create_task(send(item, last.get(item.chain)))
    while last:  # what was begun ends, so that going on later sends nothing twice
        await asyncio.wait(list(last.values()))
    return left


async def _until(when: float, stop: asyncio.Event) -> None:
    seconds = when - asyncio.get_running_loop().time()
    if seconds > 0 and not stop.is_set():
        try:
            await asyncio.wait_for(stop.wait(), seconds)
        except TimeoutError:
            pass
