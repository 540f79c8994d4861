"""Faults: failures of Segment's ingest that a test asks for with `fail`."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from segment_pendo.base.prose import plain
from segment_pendo.segment.ingest import masked
from segment_pendo.serve.listener import Handler

__all__ = ["Fault", "Faults"]

_LONGEST: Final = 3600.0


@dataclass(slots=True)
class Fault:
    """A failure of the next `times` POSTs.

    With `status` None and without `drop`, they are only delayed. With `keep`, their calls are taken all the
    same. Raises ValueError for a status, count or time that HTTP does not have.
    """

    status: int | None = 503
    times: int = 1
    delay: float = 0
    drop: bool = False
    keep: bool = False
    retry_after: int | None = None
    used: bool = False

    def __str__(self) -> str:
        what = "drop=True" if self.drop else "None" if self.status is None else str(self.status)
        return f".fail({what})"

    def __post_init__(self) -> None:
        whole = all(
            isinstance(value, int) or value is None for value in (self.status, self.times, self.retry_after)
        )
        numbers = whole and isinstance(self.delay, int | float)
        known = numbers and (self.status is None or 200 <= self.status <= 599)
        if not (known and self.times >= 1 and 0 <= self.delay < _LONGEST):
            msg = (
                "fail() takes a status from 200 to 599 (or None), at least 1 time, a delay in seconds, "
                "and whole seconds for retry_after, all of them numbers"
            )
            raise ValueError(msg)


class Faults:
    """Hold a queue of faults in front of the ingest; `note` gets a sentence about each that happens."""

    def __init__(self, note: Callable[[str], None]) -> None:
        self._note = note
        self._waiting: deque[Fault] = deque()

    def add(self, fault: Fault) -> None:
        self._waiting.append(fault)

    def clear(self) -> None:
        self._waiting.clear()

    def unused(self) -> list[str]:
        """Return a name for each fault that no request has met yet."""
        return [str(fault) for fault in self._waiting if not fault.used]

    async def answer(self, request: web.Request, take: Handler) -> web.StreamResponse:
        """Answer a request of an SDK, with the next fault if it is a POST and one is waiting."""
        if request.method != "POST" or not self._waiting:
            return await take(request)
        fault = self._waiting[0]
        fault.times -= 1
        fault.used = True
        if not fault.times:
            self._waiting.popleft()
        where = f"POST {plain(masked(request.path))}"
        if fault.delay:
            self._note(f"{where} held back for {fault.delay:g} s, as .fail() asked")
            await asyncio.sleep(fault.delay)
        if fault.status is None and not fault.drop:
            return await take(request)
        await (take(request) if fault.keep else request.read())
        kept = "its calls were taken" if fault.keep else "its calls were not taken"
        self._note(
            f"{where} {'cut off' if fault.drop else f'answered {fault.status}'}, as .fail() asked; {kept}"
        )
        if fault.drop and request.transport is not None:
            request.transport.abort()
        headers = {"Retry-After": str(fault.retry_after)} if fault.retry_after is not None else None
        return web.Response(status=fault.status or 500, headers=headers)
