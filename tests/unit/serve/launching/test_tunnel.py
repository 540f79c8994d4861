"""The tunnel: whom a ClientHello names, and where a connection goes."""

import asyncio
import ssl

import pytest

from segment_pendo.serve.launching.tunnel import Tunnel, server_name


def hello(name: str | None) -> bytes:
    """The first bytes that a client sends."""
    context = ssl.create_default_context()
    context.check_hostname = False
    outgoing = ssl.MemoryBIO()
    client = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=name)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()


@pytest.mark.parametrize("name", ["api.segment.io", None])
def test_the_host_of_a_client_hello(name: str | None) -> None:
    sent = hello(name)
    assert server_name(sent) == (name or "")
    assert {server_name(sent[:length]) for length in range(len(sent))} == {None}


def test_what_is_no_client_hello_names_no_host() -> None:
    assert server_name(b"\x16\x03\x01\x00\x05hello") == ""


async def port(answer: bytes) -> tuple[asyncio.Server, str]:
    """A server that sends back `answer`, then what it gets, and its URL."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if answer:
            head = await reader.readuntil(b"\r\n\r\n")
            writer.write(answer + head.split(b"\r\n")[0] + b"|" if answer.endswith(b"\r\n\r\n") else answer)
        while data := await reader.read(1000):
            writer.write(data)
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    return server, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def exchanged(first: bytes, answer: bytes = b"HTTP/1.1 200 OK\r\n\r\n") -> bytes:
    """All that a client gets which sends `first` and no more."""
    (proxy, proxy_url), (home, home_url) = await port(answer), await port(b"")
    tunnel = Tunnel(proxy_url, home_url, {"api.segment.io", "cdn.segment.com"})
    await tunnel.start()
    try:
        reader, writer = await asyncio.open_connection(*tunnel.address.split(":"))
        writer.write(first[:100])
        await writer.drain()
        writer.write(first[100:])
        writer.write_eof()
        got = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        return got
    finally:
        await tunnel.stop()
        proxy.close()
        home.close()


@pytest.mark.parametrize(("name", "host"), [("cdn.segment.com", "cdn.segment.com"), (None, "api.segment.io")])
def test_tls_goes_to_the_proxy_by_connect(name: str | None, host: str) -> None:
    sent = hello(name)
    assert asyncio.run(exchanged(sent)) == f"CONNECT {host}:443 HTTP/1.1|".encode() + sent


def test_other_hosts_are_not_connected_to() -> None:
    assert asyncio.run(exchanged(hello("example.com"))) == b""


def test_what_the_proxy_refuses_is_closed() -> None:
    assert asyncio.run(exchanged(hello("api.segment.io"), b"HTTP/1.1 502 No\r\n\r\n")) == b""


def test_plain_http_goes_to_the_home_port() -> None:
    sent = b"POST /v1/batch HTTP/1.1\r\n\r\n{}"
    assert asyncio.run(exchanged(sent)) == sent


def test_a_connection_without_a_byte_is_closed() -> None:
    assert asyncio.run(exchanged(b"")) == b""
