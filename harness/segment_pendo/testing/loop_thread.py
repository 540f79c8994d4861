"""The bench: one thread in which the harnesses of a test session live, each with an address of its own.

A harness stays open after its test, so that what an SDK's thread sends late is credited to the test that made
it; the oldest are closed for their descriptors. `url` is one address for the whole session, for apps that
live as long: what comes to /t/NAME/... belongs to the test whose `prefix` that is, all else to the test that
runs.
"""

import asyncio
import os
import re
import threading
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Final

from aiohttp import web
from yarl import URL

from segment_pendo.serve.listener import Listener
from segment_pendo.testing.flushing import Flushes
from segment_pendo.testing.harness import Harness
from segment_pendo.testing.options import Options
from segment_pendo.testing.waiting import Clock

__all__ = ["Bench"]

_MOST_ENDED: Final = 30
_START: Final = 20.0
_LAST_CALLS: Final = 2.0
_PREFIXED: Final = re.compile(r"(/t/[^/]+)(/.*)")


class _Loop(asyncio.SelectorEventLoop):
    def time(self) -> float:
        return Clock.now()


class Bench:
    """Opens harnesses; `close` ends it all. Its thread begins with it."""

    def __init__(self) -> None:
        self._process = os.getpid()
        self._loop = _Loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="segment-pendo")
        self._thread.start()
        self._ended: deque[Harness] = deque()
        self._by_prefix: dict[str, Harness] = {}
        self._running: Harness | None = None
        self._door = self.ask(lambda: Listener([], self._shared))
        self.run(self._door.start(0))
        self.url = self._door.url
        self.late: list[tuple[str, str]] = []
        self.written: dict[Path, str] = {}

    def ask[T](self, what: Callable[[], T]) -> T:
        """Do something in the thread; what it gives, or raises.

        RuntimeError in a forked process, which has no such thread.
        """
        if os.getpid() != self._process:
            msg = "segment_pendo lives in the process of the test; a forked one can only send to its host"
            raise RuntimeError(msg)
        done: Future[T] = Future()

        def do() -> None:
            try:
                done.set_result(what())
            except BaseException as error:  # noqa: BLE001 - it is raised where it was asked for
                done.set_exception(error)

        self._loop.call_soon_threadsafe(do)
        return done.result()

    def run[T](self, what: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the thread; what it gives, or raises."""
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(_START)

    def open(self, name: str, options: Options) -> Harness:
        """A harness for the test of this name. Raises ListenerError."""
        harness = self.ask(lambda: Harness(name, options, self))
        self.run(harness.open())
        self._by_prefix[harness.prefix] = self._running = harness
        return harness

    async def _shared(self, request: web.Request) -> web.StreamResponse:
        prefixed = _PREFIXED.match(request.raw_path)
        harness = self._by_prefix.get(prefixed[1]) if prefixed else self._running
        if harness is None:
            return web.Response(
                status=404,
                text="no test that uses segment_pendo runs now, or this one's address was closed\n",
            )
        if prefixed:
            request = request.clone(rel_url=URL(prefixed[2], encoded=True))
        return await harness.answer(request)

    def end(self, harness: Harness, *, passed: bool) -> None:
        """The test has ended; its address stays for what comes late. Raises RecordingError."""
        self._ended.append(harness)
        self._running = None if self._running is harness else self._running
        try:
            harness.end(passed=passed)
        finally:
            self._close([self._ended.popleft() for _ in range(len(self._ended) - _MOST_ENDED)])

    def _close(self, ended: list[Harness]) -> None:
        async def together() -> None:
            await asyncio.gather(*(harness.close() for harness in ended))

        if ended:
            self.run(together())
        for harness in ended:
            self._by_prefix.pop(harness.prefix, None)
            self.late += [(harness.name, text) for text in harness.late]

    def close(self) -> list[tuple[str, str]]:
        """Close everything; (test, call) for each call that came after its test had ended."""
        # A client that lives as long as the session may hold what no test waited for.
        Flushes().run([self.url, *(harness.host for harness in self._ended)], _LAST_CALLS)
        self._close(list(self._ended))
        self._ended.clear()
        self.run(self._door.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_START)
        self._loop.close()
        return self.late
