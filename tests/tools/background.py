"""A door in a thread of its own, for tests that are no coroutines."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from aiohttp import web

from segment_pendo.serve.listener import Listener


@contextmanager
def background(
    routes: Sequence[web.RouteDef] | Callable[[], Sequence[web.RouteDef]],
    at_end: Callable[[], object] = lambda: None,
) -> Iterator[str]:
    """Serve these routes, or those that are made in the thread; the URL. The thread ends with `at_end`."""
    opened, ended = threading.Event(), threading.Event()
    loop = asyncio.new_event_loop()
    urls: list[str] = []

    async def serve() -> None:
        door = Listener(routes() if callable(routes) else routes)
        await door.start(0)
        urls.append(door.url)
        opened.set()
        await loop.run_in_executor(None, ended.wait)
        await door.stop()
        at_end()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert opened.wait(20)
    try:
        yield urls[0]
    finally:
        ended.set()
        thread.join(20)
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
