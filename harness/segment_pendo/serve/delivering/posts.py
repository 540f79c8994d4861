"""POST to one plain-http address, on connections that are kept: a third of what aiohttp's client needs.

For what is delivered to this machine, where nothing but our own work takes time. There is no TLS here, and
nothing is followed: whatever is not plain goes through `client`. It never raises for what the network does.
"""

import asyncio
import re
import socket
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

import httptools

from segment_pendo.serve.client import Answer, reason, wrong_status
from segment_pendo.words import Headers

__all__ = ["Posts"]

_KEPT: Final = 65536  # of a body; of all headers together no more is read
_IDLE: Final = 10.0  # seconds after which a connection is not used again: the other side may close it
_URL: Final = re.compile(r"http://[A-Za-z0-9.\-\[\]:]+/[!-~]*")
# What a request has from us; a webhook that has one of its own is not plain.
_OURS: Final = frozenset({"host", "content-length", "transfer-encoding", "connection", "expect", "upgrade"})
_NAME: Final = re.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_ODD: Final = re.compile("[^\t -~]")


class _Connection(asyncio.Protocol):
    """One connection: a request is written, and `answer` waits for what comes back."""

    def __init__(self) -> None:
        self.used_at = 0.0
        self.is_open = True
        self._waiting: asyncio.Future[Answer] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    async def answer(self, request: bytes) -> Answer:
        """Send a request, and return the answer, in which `wrong` is not set. Raises OSError."""
        self._parser = httptools.HttpResponseParser(self)
        self._headers: list[tuple[str, str]] = []
        self._body, self._size, self._has_head = b"", 0, False
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._waiting

    @property
    def is_waiting(self) -> bool:
        """Whether the answer to the last request has not come."""
        return self._waiting is not None and (not self._waiting.done() or self._waiting.cancelled())

    def close(self) -> None:
        self.is_open = False
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._waiting is None or self._waiting.done():  # nobody asked
            self.close()
            return
        self._size += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(ConnectionError(type(error).__name__))
            return
        if not self._waiting.done():
            if self._body:  # the rest is not waited for
                self._end(may_be_kept=False)
            elif self._size > _KEPT:
                self._fail(ConnectionError("too many headers"))

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        if self._waiting is None or self._waiting.done():
            return
        names = {name.lower() for name, _ in self._headers}
        if exc is None and self._has_head and not names & {"content-length", "transfer-encoding"}:
            self._end(may_be_kept=False)  # the body ends with the connection
        else:
            self._fail(exc or ConnectionResetError())

    # --- called by the parser ---

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.decode("latin-1"), value.decode("utf-8", "surrogateescape")))

    def on_headers_complete(self) -> None:
        self._has_head = True

    def on_body(self, body: bytes) -> None:
        self._body += body[: _KEPT - len(self._body)]

    def on_message_complete(self) -> None:
        if self._parser.get_status_code() < 200:  # another answer follows
            self._headers, self._has_head = [], False
        else:
            self._end(may_be_kept=self._parser.should_keep_alive())

    def _end(self, *, may_be_kept: bool) -> None:
        if self._waiting is not None and not self._waiting.done():
            status = self._parser.get_status_code()
            self._waiting.set_result(Answer(status, body=self._body, headers=tuple(self._headers)))
        if not may_be_kept:
            self.close()

    def _fail(self, error: Exception) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(error)
        self.close()


class Posts:
    """Requests to one URL; `name` is what texts call the other side. Made by `Posts.to`."""

    def __init__(self, host: str, port: int, head: str, name: str) -> None:
        self._host, self._port, self._head, self._name = host, port, head, name
        self._idle: list[_Connection] = []

    @classmethod
    def to(cls, url: str, name: str) -> "Posts | None":
        """Return the requests to this URL, or None where it is not a plain one."""
        parts = urlsplit(url)
        if not _URL.fullmatch(url) or not parts.hostname:
            return None
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        return cls(parts.hostname, parts.port or 80, f"{target} HTTP/1.1\r\nHost: {parts.netloc}\r\n", name)

    @staticmethod
    def can_send(method: str, headers: Headers) -> bool:
        """Whether the method and these headers are plain."""
        return method.isalpha() and all(
            name.lower() not in _OURS and _NAME.fullmatch(name) and not _ODD.search(value)
            for name, value in headers
        )

    async def ask(self, method: str, headers: Headers, body: bytes, seconds: float) -> Answer:
        """Make one request within `seconds`, and return the answer, as Client.ask does."""
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
        request = f"{method} {self._head}{lines}Content-Length: {len(body)}\r\n\r\n".encode("ascii") + body
        connection = self._kept()
        try:
            async with asyncio.timeout(seconds):
                connection = connection or await self._opened()
                answer = await connection.answer(request)
        except TimeoutError:
            return Answer(None, f"no answer from {self._name} within {seconds:g} s", perhaps_taken=True)
        except OSError as error:
            return self._failed(error, is_connected=connection is not None)
        else:
            return replace(answer, wrong=wrong_status(answer.status or 0, self._name))
        finally:
            self._put_back(connection)

    def _failed(self, error: OSError, *, is_connected: bool) -> Answer:
        if is_connected:
            wrong = f"the request to {self._name} failed: {type(error).__name__}"
            return Answer(None, wrong, perhaps_taken=True)
        if isinstance(error, socket.gaierror):
            return Answer(None, f"the name {self._name} cannot be resolved")
        return Answer(None, f"no connection to {self._name}: {reason(error)}")

    def _kept(self) -> _Connection | None:
        now = asyncio.get_running_loop().time()
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open and now - connection.used_at < _IDLE:
                return connection
            connection.close()
        return None

    async def _opened(self) -> _Connection:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(_Connection, self._host, self._port)
        return connection

    def _put_back(self, connection: _Connection | None) -> None:
        if connection is None:
            return
        if connection.is_waiting:  # nobody waits any more: what still comes is not the next answer
            connection.close()
        elif connection.is_open:
            connection.used_at = asyncio.get_running_loop().time()
            self._idle.append(connection)

    def close(self) -> None:
        """Close every connection that is kept."""
        while self._idle:
            self._idle.pop().close()
