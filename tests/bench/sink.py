"""A server that takes what is delivered and answers 200 at once: in this process, beside the load."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

__all__ = ["Sink", "sink"]

_ANSWER: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Sink:
    """Counts the POSTs that it got."""

    def __init__(self) -> None:
        self.posts = 0
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


class _Connection(asyncio.Protocol):
    def __init__(self, counted: Sink) -> None:
        self._counted = counted
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while True:
            head, found, rest = self._received.partition(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
            if not found or len(rest) < length:
                return
            self._received = rest[length:]
            self._counted.posts += 1
            self._transport.write(_ANSWER)


@contextmanager
def sink(loop: asyncio.AbstractEventLoop) -> Iterator[Sink]:
    """Give a sink that answers while the loop runs."""
    counted = Sink()
    server = loop.run_until_complete(loop.create_server(lambda: _Connection(counted), "127.0.0.1", 0))
    counted.port = server.sockets[0].getsockname()[1]
    try:
        yield counted
    finally:
        server.close()
        loop.run_until_complete(asyncio.sleep(0.1))  # connections that the servers have closed end here, too
