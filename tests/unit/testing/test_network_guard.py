"""The guard against other machines. Nothing here reaches one: what is refused is refused before."""

import asyncio
import socket
import threading

import pytest

from segment_pendo.base.hosts import is_this_machine
from segment_pendo.testing.network_guard import Guard, NetworkBlocked

FAR = ("192.0.2.1", 443)  # an address of documentation (RFC 5737)


def test_names_and_connections_off_this_machine_are_refused_and_remembered() -> None:
    with (
        Guard("test_x") as guard,
        socket.socket() as tcp,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
    ):
        with pytest.raises(
            NetworkBlocked, match=r"^test_x tried to look up api\.segment\.io, and segment-pendo keeps"
        ):
            socket.getaddrinfo("api.segment.io", 443)
        with pytest.raises(NetworkBlocked, match=r"connect to 192\.0\.2\.1:443"):
            tcp.connect(FAR)
        with pytest.raises(NetworkBlocked):
            tcp.connect_ex(FAR)
        with pytest.raises(NetworkBlocked):
            udp.sendto(b"x", ("192.0.2.2", 53))
        with pytest.raises(NetworkBlocked):
            socket.gethostbyname("example.com")
        with pytest.raises(NetworkBlocked):
            socket.create_connection(("example.com.", 80))
    assert list(guard.tried) == ["api.segment.io", "192.0.2.1:443", "192.0.2.2:53", "example.com"]


def test_reverse_look_ups_are_refused_too() -> None:
    with Guard("test_x") as guard:
        for look_up in (
            lambda: socket.gethostbyaddr("192.0.2.1"),
            lambda: socket.getnameinfo(("192.0.2.2", 80), 0),
        ):
            with pytest.raises(NetworkBlocked):
                look_up()
        assert socket.getnameinfo(("127.0.0.1", 80), socket.NI_NUMERICHOST | socket.NI_NUMERICSERV) == (
            "127.0.0.1",
            "80",
        )
    assert list(guard.tried) == ["192.0.2.1", "192.0.2.2"]


def test_asyncio_and_threads_are_seen() -> None:
    with Guard("test_x") as guard:
        with pytest.raises(NetworkBlocked):
            asyncio.run(asyncio.wait_for(asyncio.open_connection(*FAR), 5))
        swallowed: list[str] = []

        def app() -> None:
            try:
                socket.create_connection(("api.segment.io", 443))
            except OSError as error:
                swallowed.append(type(error).__name__)

        thread = threading.Thread(target=app)
        thread.start()
        thread.join()
    assert swallowed == ["NetworkBlocked"]
    assert list(guard.tried) == ["192.0.2.1:443", "api.segment.io"]
    assert guard.tried["192.0.2.1:443"] == ""
    assert (
        guard.tried["api.segment.io"]
        == f" (in the thread {thread.name}, which an earlier test may have started)"
    )


def test_this_machine_is_free() -> None:
    with Guard("test_x") as guard, socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        for host in ("127.0.0.1", "localhost"):
            socket.create_connection((host, port), timeout=5).close()
        one, other = socket.socketpair()
        one.send(b"x")
        assert other.recv(1) == b"x"
        one.close()
        other.close()
    assert guard.tried == {}


def test_allowed_hosts_and_their_addresses() -> None:
    guard = Guard("test_x", ["Api.Example.com", "192.0.2.1", "localhost"])
    guard.look("socket.connect", (None, FAR))
    guard.look("socket.getaddrinfo", (b"localhost", 80, 0, 0, 0))
    assert "127.0.0.1" in guard._allowed
    with pytest.raises(NetworkBlocked):
        guard.look("socket.connect", (None, ("192.0.2.9", 443)))
    guard.look("socket.connect", (None, ("API.example.COM.", 443)))
    guard.look("socket.connect", (None, ("::1%lo", 443, 0, 1)))
    guard.look("socket.sendmsg", (None, None))  # where the socket is connected already


def test_the_last_guard_stands_and_none_after_it() -> None:
    with Guard("outer") as outer:
        with Guard("inner") as inner, pytest.raises(NetworkBlocked, match="inner"):
            socket.getaddrinfo("example.com", 80)
        with pytest.raises(NetworkBlocked, match="outer"):
            socket.getaddrinfo("example.org", 80)
    assert (list(outer.tried), list(inner.tried)) == (["example.org"], ["example.com"])
    with socket.socket() as tcp:
        tcp.setblocking(False)
        tcp.connect_ex(("127.0.0.1", 9))


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("::ffff:127.0.0.1", True), ("0.0.0.0",
            True), ("::", True), ("", True),
        ("localhost", True), ("app.localhost", True),
        ("10.0.0.1", False), ("192.168.1.1", False), ("::ffff:10.0.0.1", False), ("api.segment.io", False),
        ("localhost.example.com", False), ("127.0.0.1.example.com", False), ("fe80::1", False),
    ],
)  # fmt: skip
def test_what_is_local(host: str, local: bool) -> None:
    assert is_this_machine(host) is local
