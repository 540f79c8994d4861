"""The stream of the API: server-sent events, which browsers read with EventSource.

Each event is a line of `run --format ndjson`, made once for all readers from what the store has committed.
Its id is a position in the store: whoever comes back with it goes on there. A reader that is too slow is told
how many events it missed.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from itertools import islice
from typing import Final, NamedTuple

from aiohttp import web

from segment_pendo.explain.events import missed_event, ready_event
from segment_pendo.explain.rows import dumps
from segment_pendo.serve.listener import json_answer
from segment_pendo.serve.relay import in_turns
from segment_pendo.serve.store import Store
from segment_pendo.serve.store.filters import FilterError
from segment_pendo.serve.store.news import ALL, Position, Told
from segment_pendo.words import JsonObject

__all__ = ["Feed"]

_HEARTBEAT: Final = 15.0  # seconds
_LOOK_AGAIN: Final = 1.0  # seconds, whether a reader is still there
_TURN: Final = 0.005  # seconds that making events may hold the event loop at a time
_MOST: Final = 2000  # events that are kept for readers
_MOST_BYTES: Final = 16_000_000  # of them
_AT_A_TIME: Final = 100
_MOST_READERS: Final = 100
_COME_BACK: Final = 1000  # milliseconds after which a browser asks again


class _Made(NamedTuple):
    position: Position
    text: bytes
    is_delivery: bool
    session: str

    def is_new(self, known: Position) -> bool:
        """Whether somebody who knows all up to a position does not know this."""
        return self.position.turn > known.turn if self.is_delivery else self.position[:2] > known[:2]


class _Reader:
    """One reader: what it knew when it came, which session it asks for, its connection and its task."""

    def __init__(self, position: Position, request: web.Request) -> None:
        self.position = position
        self._session = request.query.get("session")
        self.task = asyncio.current_task()
        self.is_writing = False
        self._request = request

    def wants(self, session: str) -> bool:
        """Whether it is to get what is about a session."""
        return self._session is None or session in {self._session, ALL}

    def is_there(self) -> bool:
        transport = self._request.transport
        return transport is not None and not transport.is_closing()


class Feed:
    """Gives each reader what is new in a store, as long as anybody reads.

    `addresses` returns what the first event says. `most`: how many events a reader may be behind before it
    misses some; `heartbeat`: after how many seconds of silence a reader gets a comment.
    """

    def __init__(
        self,
        store: Store,
        addresses: Callable[[], JsonObject],
        *,
        most: int = _MOST,
        heartbeat: float = _HEARTBEAT,
    ) -> None:
        self._news = store.news
        self._addresses = addresses
        self._most = most
        self._heartbeat = heartbeat
        self._made: deque[_Made] = deque()
        self._size = 0
        self._count = 0  # of all events that were ever made
        self._head = self._news.end()
        self._readers: set[_Reader] = set()
        self._making: asyncio.Task[None] | None = None
        self._stale = False
        self._change = asyncio.Event()
        self._closed = False
        store.database.listen(self._look)

    def end(self) -> str:
        """Return from where a reader goes on that knows all that is there."""
        return self._news.written(self._news.end())

    def close(self) -> None:
        """End every stream at once."""
        self._closed = True
        self._wake()
        for reader in self._readers:
            if reader.is_writing and reader.task is not None:  # nobody may read what it writes
                reader.task.cancel()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer with the stream: what is new from now on, or since Last-Event-ID or ?after=."""
        written = request.headers.get("Last-Event-ID") or request.query.get("after", "")
        try:
            position = self._news.read(written) if written else self._news.end()
        except FilterError as error:
            return json_answer({"error": str(error)}, 400)
        if self._closed or len(self._readers) >= _MOST_READERS:
            return json_answer({"error": f"{_MOST_READERS} streams are open, or this run ends"}, 503)
        response = web.StreamResponse(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        response.content_type = "text/event-stream"
        reader = _Reader(position or Position(0, 0, 0), request)
        if not self._readers:  # what came before is made for whoever asks for it
            self._head = self._news.end()
        self._readers.add(reader)
        try:
            await response.prepare(request)
            first = f"retry: {_COME_BACK}\n".encode() + _written(ready_event(self._addresses()))
            await self._write(reader, response, first if position else first + _missed(None))
            async for text in self._of(reader):
                await self._write(reader, response, text)
        finally:
            self._readers.discard(reader)
        return response

    @staticmethod
    async def _write(reader: _Reader, response: web.StreamResponse, text: bytes) -> None:
        reader.is_writing = True
        await response.write(text)  # waits while the reader is slow
        reader.is_writing = False

    async def _of(self, reader: _Reader) -> AsyncIterator[bytes]:
        """Yield what a reader is to get, until the feed is closed."""
        async for told in self._earlier(reader):
            if reader.wants(told.session):
                yield self._text(told)
        at = self._count
        while not self._closed:
            missed = self._count - len(self._made) - at
            if missed > 0:
                at += missed
                yield _missed(missed)
            new = [*islice(self._made, at - self._count + len(self._made), None)][:_AT_A_TIME]
            at += len(new)
            # What it has read from the store itself was perhaps made later on for the others.
            texts = [made.text for made in new if made.is_new(reader.position) and reader.wants(made.session)]
            if texts:
                yield b"".join(texts)
            elif new and not reader.is_there():  # all of it is for others, so that nothing is written
                return
            elif not new and await self._is_silent(reader):
                yield b":\n\n"

    async def _is_silent(self, reader: _Reader) -> bool:
        """Wait for something new; return whether nothing came for so long that a comment is due."""
        loop = asyncio.get_running_loop()
        change, until = self._change, loop.time() + self._heartbeat
        while not change.is_set() and reader.is_there():
            left = until - loop.time()
            if left <= 0:
                return True
            try:
                await asyncio.wait_for(change.wait(), min(left, _LOOK_AGAIN))
            except TimeoutError:
                pass
        return not reader.is_there()  # writing then ends it

    async def _earlier(self, reader: _Reader) -> AsyncIterator[Told]:
        """Yield what the store has after the position of a reader."""
        while not self._closed:
            told, position = await in_turns(self._news.after(reader.position), _TURN)
            if position == reader.position:
                return
            reader.position = position
            for one in told:
                yield one

    # --- making events once for all ---

    def _look(self) -> None:
        """See what is new, if anybody reads."""
        self._stale = True
        if not self._readers or self._closed:
            return
        if self._making is None or self._making.done():
            self._making = asyncio.get_running_loop().create_task(self._make())

    async def _make(self) -> None:
        while self._stale and not self._closed:
            self._stale = False
            told, position = await in_turns(self._news.after(self._head), _TURN)
            self._stale = self._stale or position != self._head
            self._head = position
            for one in told:
                is_delivery = one.event["event"] == "delivery"
                self._keep(_Made(one.position, self._text(one), is_delivery, one.session))
            if told:
                self._wake()

    def _keep(self, made: _Made) -> None:
        self._made.append(made)
        self._count += 1
        self._size += len(made.text)
        while len(self._made) > self._most or self._size > _MOST_BYTES:
            self._size -= len(self._made.popleft().text)

    def _wake(self) -> None:
        self._change.set()
        self._change = asyncio.Event()

    def _text(self, told: Told) -> bytes:
        return f"id: {self._news.written(told.position)}\n".encode() + _written(told.event)


def _written(event: JsonObject) -> bytes:
    return f"data: {dumps(event)}\n\n".encode()


def _missed(count: int | None) -> bytes:
    """Return that events are missing; None: nobody knows how many, so all that is known is out of date."""
    return _written(missed_event(count))
