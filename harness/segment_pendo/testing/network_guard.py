"""A guard that refuses connections to other machines and look-ups of their names, and remembers them.

It is an audit hook (PEP 578), so it sees each socket of Python itself, in any thread, in asyncio too. It does
not see other processes, or libraries with sockets of their own (uvloop, gRPC). It runs only where it was
asked for.
"""

import socket
import sys
import threading
from collections.abc import Iterable
from typing import Any, Final, Self

from segment_pendo.base.hosts import address_of, is_this_machine

__all__ = ["Guard", "NetworkBlocked"]

_LOOK_UPS: Final = {"socket.getaddrinfo", "socket.gethostbyname"}
_REVERSE: Final = {"socket.gethostbyaddr", "socket.getnameinfo"}
_SENDING: Final = {"socket.connect", "socket.sendto", "socket.sendmsg"}
_EVENTS: Final = _LOOK_UPS | _REVERSE | _SENDING


class NetworkBlocked(ConnectionRefusedError):
    """A test tried to reach another machine; the message names the test and the host."""


class Guard:
    """While it is entered, refuse connections to all hosts but this machine and the `allowed` ones.

    `tried` holds the refused hosts, each with the thread that tried.
    """

    def __init__(self, test: str, allowed: Iterable[str] = ()) -> None:
        self._test = test
        self._allowed = {host.casefold() for host in allowed}
        self._before: Guard | None = None
        self._mine = threading.local()
        self.tried: dict[str, str] = {}

    def __enter__(self) -> Self:
        _Installed.once()
        self._before, _Installed.guard = _Installed.guard, self
        return self

    def __exit__(self, *_: object) -> None:
        _Installed.guard = self._before

    def refused(self) -> list[str]:
        """Return the hosts that were refused since the last time, each with the thread that tried."""
        hosts = [host + by for host, by in self.tried.items()]
        self.tried.clear()
        return hosts

    def look(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Check an audit event. Raises NetworkBlocked if it goes to another machine."""
        __tracebackhide__ = True
        if getattr(self._mine, "resolves", False):
            return
        if event in _REVERSE:
            host = _text(arguments[0][0] if isinstance(arguments[0], tuple) else arguments[0])
            if not self._may(host):
                self._refuse(f"look up {host}", host)
            return
        if event in _LOOK_UPS:
            host = _text(arguments[0])
            # An address needs no look-up; a connection to it is checked later.
            if not (self._may(host) or address_of(host)):
                self._refuse(f"look up {host}", host)
            self._know_addresses(host)
            return
        address = arguments[1]
        # A Unix socket, or a socket that is connected already.
        if not isinstance(address, tuple) or len(address) < 2:
            return
        host = _text(address[0])
        if not self._may(host):
            self._refuse(f"connect to {host}:{address[1]}", f"{host}:{address[1]}")

    def _may(self, host: str) -> bool:
        return host in self._allowed or is_this_machine(host) or host == socket.gethostname().casefold()

    def _know_addresses(self, host: str) -> None:
        """Allow the addresses of an allowed name: connections go to these."""
        if host not in self._allowed:
            return
        self._mine.resolves = True
        try:
            self._allowed |= {str(info[4][0]) for info in socket.getaddrinfo(host, None)}
        except OSError:
            pass  # the caller gets the same error
        finally:
            self._mine.resolves = False

    def _refuse(self, what: str, host: str) -> None:
        __tracebackhide__ = True
        thread = threading.current_thread()
        by = (
            ""
            if thread is threading.main_thread()
            else f" (in the thread {thread.name}, which an earlier test may have started)"
        )
        self.tried.setdefault(host, by)
        msg = f"{self._test} tried to {what}{by}, and segment-pendo keeps tests on this machine"
        raise NetworkBlocked(msg)


class _Installed:
    """The only hook of this process; as hooks cannot be removed, it looks which guard is active."""

    guard: Guard | None = None
    _there = False

    @classmethod
    def once(cls) -> None:
        if not cls._there:
            cls._there = True
            sys.addaudithook(cls.hear)

    @classmethod
    def hear(cls, event: str, arguments: tuple[Any, ...]) -> None:
        __tracebackhide__ = True
        if cls.guard is not None and event in _EVENTS:
            cls.guard.look(event, arguments)


def _text(host: Any) -> str:
    if host is None:
        return ""
    text = host.decode("latin-1") if isinstance(host, bytes | bytearray) else str(host)
    return text.casefold().rstrip(".").partition("%")[0]
