"""Where captured connections go: those of Segment's hosts to the tunnel, all others where they were meant."""

import asyncio
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mitmproxy_rs.local import LocalRedirector

from segment_pendo_addons.capture import Capture, uncapturable

pytestmark = pytest.mark.asyncio
HOSTS = ["api.segment.io"]


class Stream:
    """A connection as the redirector hands it over, made of a real one; `meant` is where it was to go.

    A read gives at most `most` bytes.
    """

    def __init__(self, reader: Any, writer: Any, meant: tuple[str, int], most: int = 65536) -> None:
        self.write, self.drain = writer.write, writer.drain
        self.write_eof, self.close = writer.write_eof, writer.close
        self.meant, self._reader, self._most = meant, reader, most

    async def read(self, size: int) -> bytes:
        data: bytes = await self._reader.read(min(size, self._most))
        return data

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self.meant if name == "sockname" else default


type Serving = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(serve: Serving) -> AsyncIterator[int]:
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def answering(name: bytes) -> Serving:
    """A server that says its name and what it got first."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(name + b" " + await reader.read(65536))
        writer.close()

    return serve


async def greeting(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 hello")
    writer.close()


def hello(host: str) -> bytes:
    """A ClientHello for a host."""
    context, out = ssl.create_default_context(), ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), out, server_hostname=host).do_handshake()
    return out.read()


async def captured(
    meant: Serving, sent: bytes = b"", *, client_first: bool = True, most: int = 65536
) -> bytes:
    """What a client hears whose connection is captured, and that sends this, of which `most` come at once."""
    async with serving(meant) as port, serving(answering(b"tunnel")) as tunnel:
        capture = Capture(f"127.0.0.1:{tunnel}", HOSTS, [port] if client_first else [])

        async def redirect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await capture.take(Stream(reader, writer, ("127.0.0.1", port), most))

        async with serving(redirect) as redirector:
            reader, writer = await asyncio.open_connection("127.0.0.1", redirector)
            writer.write(sent)
            heard = await asyncio.wait_for(reader.read(), 10)
            writer.close()
            return heard


@pytest.mark.parametrize("host", ["api.segment.io", "API.segment.io"])
async def test_tls_for_segment_goes_to_the_tunnel(host: str) -> None:
    first = hello(host)
    assert await captured(answering(b"real"), first) == b"tunnel " + first


async def test_a_client_hello_in_pieces_is_waited_for() -> None:
    first = hello("api.segment.io")
    assert await captured(answering(b"real"), first, most=100) == b"tunnel " + first


async def test_tls_for_another_host_goes_there() -> None:
    first = hello("api.segment.io.evil.test")
    assert await captured(answering(b"real"), first) == b"real " + first


@pytest.mark.parametrize(
    ("host", "where"), [("api.segment.io", b"tunnel"), ("api.segment.io:80", b"tunnel"), ("a.test", b"real")]
)
async def test_plain_http_goes_by_its_host(host: str, where: bytes) -> None:
    asked = f"POST /v1/identify HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    assert await captured(answering(b"real"), asked) == where + b" " + asked


async def test_a_server_that_speaks_first_is_heard() -> None:
    assert await captured(greeting, client_first=False) == b"220 hello"


async def test_nobody_there_ends_the_connection() -> None:
    async with serving(greeting) as port:
        pass
    async with serving(answering(b"tunnel")) as tunnel:
        capture = Capture(f"127.0.0.1:{tunnel}", HOSTS, [])

        async def redirect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await capture.take(Stream(reader, writer, ("127.0.0.1", port)))

        async with serving(redirect) as redirector:
            reader, writer = await asyncio.open_connection("127.0.0.1", redirector)
            assert await asyncio.wait_for(reader.read(), 10) == b""
            writer.close()


class Datagrams:
    """Datagrams as the redirector hands them over: one that a client sends, and what it hears."""

    def __init__(self, sent: bytes, meant: tuple[str, int]) -> None:
        self._sent, self.meant = [sent], meant
        self.heard: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.closed = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self.meant if name == "sockname" else default

    async def read(self, _size: int) -> bytes:
        if self._sent:
            return self._sent.pop()
        await self.heard
        return b""

    def write(self, data: bytes) -> None:
        self.heard.set_result(data)

    def close(self) -> None:
        self.closed = True


class Echo(asyncio.DatagramProtocol):
    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, address: Any) -> None:
        self.transport.sendto(b"again " + data, address)


async def test_datagrams_go_there_and_back_but_none_of_http_3() -> None:
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        Echo, local_addr=("127.0.0.1", 0)
    )
    try:
        stream = Datagrams(b"who is it", transport.get_extra_info("sockname"))
        await asyncio.wait_for(Capture.take_datagrams(stream), 10)
        assert (stream.heard.result(), stream.closed) == (b"again who is it", True)
        quic = Datagrams(b"x", ("127.0.0.1", 443))
        await asyncio.wait_for(Capture.take_datagrams(quic), 10)
        assert (quic.heard.done(), quic.closed) == (False, True)
    finally:
        transport.close()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere there is one reason")
async def test_why_nothing_can_be_captured_is_known_without_trying(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert uncapturable(tmp_path / "none") == "cgroup 2 is not at /sys/fs/cgroup"
    assert uncapturable(tmp_path) == "there is no sudo"
    sudo = tmp_path / "sudo"
    sudo.touch()
    sudo.chmod(0o755)
    assert uncapturable(tmp_path) == (LocalRedirector.unavailable_reason() or "").rstrip(".")
