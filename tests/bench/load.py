"""The load: keep-alive connections of raw HTTP/1.1, which cost this process little, to 127.0.0.1 only."""

import asyncio
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bench.payload import Body

__all__ = ["Connection", "Door", "connected"]

SEGMENT: Final = "api.segment.io"
PATH: Final = "/v1/batch"
_PATIENCE: Final = 60.0  # seconds for one answer


@dataclass(frozen=True, slots=True)
class Door:
    """Where requests go in: a port, which may be a proxy's. `authority`: its CA; then through TLS."""

    port: int
    is_proxy: bool = False
    authority: Path | None = None

    def head(self) -> str:
        """Return what stands before the content's length."""
        target = f"http://{SEGMENT}{PATH}" if self.is_proxy and self.authority is None else PATH
        return f"POST {target} HTTP/1.1\r\nHost: {SEGMENT}\r\nContent-Type: application/json\r\n"


class Connection(asyncio.Protocol):
    """Sends one request after the other on one connection."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._answer = bytearray()
        self._done: asyncio.Future[int] | None = None

    async def send(self, body: Body, numbers: Iterator[int], end: float) -> int:
        """Send a body until the loop's clock shows `end`, at least once; return how often.

        Raises AssertionError for any answer but 200.
        """
        self._loop = asyncio.get_running_loop()
        self._body, self._numbers, self._until, self._count = body, numbers, end, 0
        self._done = self._loop.create_future()
        self._next()
        return await self._done

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self.transport = transport

    def _next(self) -> None:
        content = self._body.numbered(next(self._numbers))
        head = f"{self._door.head()}Content-Length: {len(content)}\r\n\r\n"
        self.transport.write(head.encode() + content)

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, found, rest = bytes(self._answer).partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        if not found or (length and len(rest) < int(length)):
            return
        self._answer.clear()
        self._count += 1
        if b" 200 " not in head[:16] or not length:
            self._end(AssertionError(f"answered {head[:60]!r}: {rest[:200]!r}"))
        elif self._loop.time() >= self._until:
            self._end(None)
        else:
            self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(exc or AssertionError("the connection was closed before its answer"))

    def _end(self, error: Exception | None) -> None:
        if self._done is None or self._done.done():
            return
        if error is None:
            self._done.set_result(self._count)
        else:
            self._done.set_exception(error)


async def connected(door: Door, count: int) -> list[Connection]:
    """Return so many connections that are ready to send."""
    loop = asyncio.get_running_loop()
    opened = []
    for _ in range(count):
        if door.authority is None:
            _, connection = await loop.create_connection(lambda: Connection(door), "127.0.0.1", door.port)
        else:
            context = ssl.create_default_context(cafile=door.authority)
            with _tunnel(door.port) as tunnel:
                _, connection = await loop.create_connection(
                    lambda: Connection(door), sock=tunnel, ssl=context, server_hostname=SEGMENT
                )
        opened.append(connection)
    return opened


@contextmanager
def _tunnel(port: int) -> Iterator[socket.socket]:
    """Give a connection to Segment's host through a proxy; who does not take it over has it closed."""
    tunnel = socket.create_connection(("127.0.0.1", port), _PATIENCE)
    try:
        tunnel.sendall(f"CONNECT {SEGMENT}:443 HTTP/1.1\r\nHost: {SEGMENT}:443\r\n\r\n".encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            received = tunnel.recv(4096)
            assert received, "the proxy closed the connection"
            answer += received
        assert b" 200 " in answer[:16], answer[:200]
        tunnel.setblocking(False)
        yield tunnel
    except BaseException:
        tunnel.close()
        raise
