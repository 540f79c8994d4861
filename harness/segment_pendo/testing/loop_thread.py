"""The loop thread: it runs the event loop in which all harnesses of a test session live.

Each harness has an address of its own. It stays open after its test, so that a call that an SDK's thread
sends late counts for the right test. The oldest harnesses are closed, to save file descriptors. `url` is one
address for the whole session, for apps that live as long: a request to /t/NAME/... belongs to the test with
that `prefix`, every other request to the test that is running.
"""

import asyncio
import os
import re
import threading
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, Final

from aiohttp import web
from yarl import URL

from segment_pendo.serve.listener import Listener
from segment_pendo.testing.flushing import Flushes
from segment_pendo.testing.harness import Harness
from segment_pendo.testing.options import Options
from segment_pendo.testing.recorded import Files
from segment_pendo.testing.waiting import Clock

__all__ = ["LoopThread"]

_MOST_ENDED: Final = 30
_START: Final = 20.0
_LAST_CALLS: Final = 2.0
_PREFIXED: Final = re.compile(r"(/t/[^/]+)(/.*)")


class _Loop(asyncio.SelectorEventLoop):
    def time(self) -> float:
        return Clock.now()


class LoopThread:
    """Open and close the harnesses of a session. The thread starts at once and ends with `close`."""

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
        self.files = Files()

    def ask[T](self, what: Callable[[], T]) -> T:
        """Call `what` in the thread; return what it returns, or raise what it raises.

        Raises RuntimeError in a forked process, which has no such thread.
        """
        if os.getpid() != self._process:
            msg = (
                "segment_pendo works only in the process of the test; a forked process can send to its host, "
                "but not ask for calls"
            )
            raise RuntimeError(msg)
        done: Future[T] = Future()

        def do() -> None:
            try:
                done.set_result(what())
            except BaseException as error:  # noqa: BLE001 - it is raised again in the thread that asked
                done.set_exception(error)

        self._loop.call_soon_threadsafe(do)
        return done.result()

    def run[T](self, what: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the thread; return what it returns, or raise what it raises."""
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(_START)

    def open(self, name: str, options: Options) -> Harness:
        """Open a harness for the test of this name. Raises ListenerError."""
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
                text="no test that uses segment_pendo is running, or the address of this test was closed\n",
            )
        if prefixed:
            request = request.clone(rel_url=URL(prefixed[2], encoded=True))
        return await harness.answer(request)

    def end(self, harness: Harness, *, passed: bool) -> None:
        """End a test; its address stays open for calls that come late. Raises RecordingError."""
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
        """Close everything; return (test, call) for each call that came after its test had ended."""
        # A client that lives as long as the session may still hold calls that no test waited for.
        Flushes().run([self.url, *(harness.host for harness in self._ended)], _LAST_CALLS)
        self._close(list(self._ended))
        self._ended.clear()
        self.run(self._door.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_START)
        self._loop.close()
        return self.late
