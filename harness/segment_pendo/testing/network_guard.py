"""A guard that refuses connections and name look-ups off this machine, and remembers who tried.

It is an audit hook (PEP 578), so it sees every socket of Python's own, asyncio's too, in whatever thread; not
those of other processes, nor of libraries that bring their own (uvloop, gRPC). Without asking for it, nothing
of it runs.
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
    """Somebody tried to reach another machine; the text says which test, and which host."""


class Guard:
    """While entered, nothing leaves this machine but to the `allowed` hosts.

    `tried`: the hosts that were refused, and by which thread.
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
        """The hosts that were refused since this was asked last, and by which thread."""
        found = [host + by for host, by in self.tried.items()]
        self.tried.clear()
        return found

    def look(self, event: str, arguments: tuple[Any, ...]) -> None:
        """See one audit event. Raises NetworkBlocked."""
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
            if not (
                self._may(host) or address_of(host)
            ):  # an address needs no look-up; who connects to it is seen then
                self._refuse(f"look up {host}", host)
            self._know_addresses(host)
            return
        address = arguments[1]
        if (
            not isinstance(address, tuple) or len(address) < 2
        ):  # a Unix socket, or the address of the earlier connect
            return
        host = _text(address[0])
        if not self._may(host):
            self._refuse(f"connect to {host}:{address[1]}", f"{host}:{address[1]}")

    def _may(self, host: str) -> bool:
        return host in self._allowed or is_this_machine(host) or host == socket.gethostname().casefold()

    def _know_addresses(self, host: str) -> None:
        """An allowed name allows its addresses: who connects does so by them."""
        if host not in self._allowed:
            return
        self._mine.resolves = True
        try:
            self._allowed |= {str(found[4][0]) for found in socket.getaddrinfo(host, None)}
        except OSError:
            pass  # the one who asked will be told
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
    """The one hook of this process: it cannot be taken out again, so it asks which guard stands now."""

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
