"""The tunnel: takes connections that were meant for Segment's hosts, from clients that know no proxy.

The hooks in `python/` and `node/` connect here instead. TLS is handed to the proxy, by CONNECT to the host
that the ClientHello names; so it is as if the client had heeded the proxy. Plain HTTP goes to the home port.
"""

import asyncio
import ssl
from collections.abc import Collection
from contextlib import suppress
from typing import Final, Protocol

from segment_pendo.base.hosts import bare
from segment_pendo.serve.sources import HEADER, credentials

__all__ = ["Ends", "Tunnel", "joined", "server_name"]

_PATIENCE: Final = 30.0  # seconds for a first byte, and for the proxy's answer
_CHUNK: Final = 65536
_HANDSHAKE: Final = 0x16  # the first byte of TLS
_MOST: Final = 32768  # of a ClientHello
_DEFAULT: Final = "api.segment.io"  # for a client that names no host
_PORTS: Final = (80, 443)
_CONNECTED: Final = b"HTTP/1.1 200"


class _Reader(Protocol):
    async def read(self, n: int, /) -> bytes: ...


class _Writer(Protocol):
    def write(self, data: bytes, /) -> None: ...

    async def drain(self) -> None: ...

    def write_eof(self) -> None: ...

    def close(self) -> None: ...


type Ends = tuple[_Reader, _Writer]


class Tunnel:
    """Listens at a free port of 127.0.0.1 once it is started.

    `proxy` and `home` are the URLs of the two ports. Connections for other hosts than `hosts` are closed.
    `source`: the name of the app whose tunnel this is, which the proxy is told.
    """

    def __init__(self, proxy: str, home: str, hosts: Collection[str], source: str = "") -> None:
        self._proxy, self._home = _port_of(proxy), _port_of(home)
        self._hosts = frozenset(hosts)
        self._told = f"{HEADER}: {credentials(source)}\r\n" if source else ""
        self._servers: list[asyncio.Server] = []
        self._open: set[asyncio.Task[None]] = set()
        self.address = ""

    async def start(self) -> None:
        """Begin to listen; `address` is then host:port."""
        server = await asyncio.start_server(self._taken, "127.0.0.1", 0)
        self._servers.append(server)
        self.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"

    async def start_at(self, address: str) -> None:
        """Listen at an address's ports of HTTP and HTTPS, too, if this user may have them."""
        for port in _PORTS:
            with suppress(OSError):
                self._servers.append(await asyncio.start_server(self._taken, address, port))

    def refuse_new(self) -> None:
        """Close the listening sockets; open connections go on."""
        for server in self._servers:
            server.close()

    async def stop(self) -> None:
        """Close all connections."""
        self.refuse_new()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    def _taken(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve((reader, writer)))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _serve(self, client: Ends) -> None:
        """Join a client to the port that it belongs to, until both have ended."""
        with suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
            try:
                async with asyncio.timeout(_PATIENCE):
                    first, to = await self._begun(client[0])
                if to is not None:
                    await joined(client, to, first)
            finally:
                client[1].close()

    async def _begun(self, reader: _Reader) -> tuple[bytes, Ends | None]:
        """Return what the client has sent already, and where to: None if it is for nobody here."""
        first = await reader.read(_CHUNK)
        if not first:
            return first, None
        if first[0] != _HANDSHAKE:
            return first, await asyncio.open_connection("127.0.0.1", self._home)
        while (name := server_name(first)) is None:
            more = await reader.read(_CHUNK)
            if not more or len(first) > _MOST:
                return first, None
            first += more
        host = bare(name or _DEFAULT)
        return first, await self._connected(host) if host in self._hosts else None

    async def _connected(self, host: str) -> Ends | None:
        to = await asyncio.open_connection("127.0.0.1", self._proxy)
        to[1].write(f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n{self._told}\r\n".encode())
        answer = await to[0].readuntil(b"\r\n\r\n")
        if answer.startswith(_CONNECTED):
            return to
        to[1].close()
        return None


async def joined(client: Ends, to: Ends, first: bytes) -> None:
    """Pass on what two connections send, `first` before all, until both have ended; close the second one."""
    to[1].write(first)
    try:
        async with asyncio.TaskGroup() as both:
            both.create_task(_piped(client[0], to[1]))
            both.create_task(_piped(to[0], client[1]))
    except* OSError:
        pass  # one side has gone; closing both is all there is to do
    finally:
        to[1].close()


async def _piped(reader: _Reader, writer: _Writer) -> None:
    while data := await reader.read(_CHUNK):
        writer.write(data)
        await writer.drain()
    writer.write_eof()


def server_name(hello: bytes) -> str | None:
    """Return the host that a ClientHello names, an empty text if it names none; None if more bytes are due.

    What is no ClientHello names none.
    """
    names: list[str] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.sni_callback = lambda _socket, name, _context: names.append(name or "")
    incoming = ssl.MemoryBIO()
    incoming.write(hello)
    try:
        context.wrap_bio(incoming, ssl.MemoryBIO(), server_side=True).do_handshake()
    except ssl.SSLWantReadError:
        return names[0] if names else None
    except ssl.SSLError:  # there is no certificate to answer with: only the name was asked for
        pass
    return names[0] if names else ""


def _port_of(url: str) -> int:
    return int(url.rpartition(":")[2])
