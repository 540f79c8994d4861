"""Take the connections of one command and what it starts, whatever makes them, by the system's redirector.

mitmproxy's local mode, without its proxy: what is for one of Segment's hosts goes on to the tunnel, as if the
client had heeded the proxy; everything else goes where it was meant to go, unread. So nothing of Segment's is
dialled, and a server that speaks first is heard.
"""

import asyncio
import re
import shutil
import sys
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import psutil
from mitmproxy_rs import local

from segment_pendo.base.errors import CANNOT_START, SegmentPendoError
from segment_pendo.base.hosts import bare
from segment_pendo.serve.launching import held
from segment_pendo.serve.launching.tunnel import joined, server_name

__all__ = ["Capture", "CaptureError", "uncapturable"]

_CGROUP: Final = Path("/sys/fs/cgroup/cgroup.controllers")  # only version 2 has it
_PATIENCE: Final = 30.0  # seconds for a first byte
_READY: Final = 10.0  # until the redirector has to work
_LOOK: Final = 0.1  # between two looks at what the command has started
_IDLE: Final = 60.0  # until a UDP stream counts as ended
_CHUNK: Final = 65536
_MOST: Final = 32768  # of a ClientHello
_MOST_PROCESSES: Final = 20  # that the redirector on Linux can tell from others
_HANDSHAKE: Final = 0x16  # the first byte of TLS
_HTTPS: Final = 443
_CLIENT_FIRST: Final = (80, _HTTPS)
_HOST: Final = re.compile(rb"^Host:[ \t]*([^\s]+)", re.IGNORECASE | re.MULTILINE)


class CaptureError(SegmentPendoError):
    """Connections cannot be captured here; the text says why."""

    exit_code = CANNOT_START

    def __init__(self, why: str) -> None:
        super().__init__(
            f"connections cannot be captured on this machine: {why}. That needs Linux 6.8 or later, cgroup 2 "
            "at /sys/fs/cgroup, and root by sudo without a password. Where one of these is missing, point "
            "the app here as docs/apps.md says."
        )


def uncapturable(cgroup: Path = _CGROUP) -> str:
    """Return why no connection can be captured on this machine, as far as it shows without trying; or ''."""
    if not sys.platform.startswith("linux"):
        return "it was tried on Linux only"
    if not cgroup.exists():
        return "cgroup 2 is not at /sys/fs/cgroup"
    if shutil.which("sudo") is None:  # the redirector is started by it, for root too
        return "there is no sudo"
    return (local.LocalRedirector.unavailable_reason() or "").rstrip(".")


class Capture:
    """Captures nothing until it is told of a process. `tunnel`: host:port of what takes those of `hosts`.

    `client_first`: the ports where the client speaks first, and so tells the host that it means.
    """

    def __init__(
        self, tunnel: str, hosts: Collection[str], client_first: Collection[int] = _CLIENT_FIRST
    ) -> None:
        host, _, port = tunnel.rpartition(":")
        self._tunnel = (host, int(port))
        self._hosts = frozenset(map(bare, hosts))
        self._client_first = client_first
        self._redirector: local.LocalRedirector | None = None
        self._gate: asyncio.Server | None = None
        self._gate_at = ("127.0.0.1", 0)
        self._following: asyncio.Task[None] | None = None
        self._works = asyncio.Event()
        self.why = ""  # the command was not let go, and why

    async def start(self) -> None:
        """Start the redirector. Raises CaptureError."""
        why = uncapturable()
        if why:
            raise CaptureError(why)
        try:
            self._redirector = await local.start_local_redirector(self.take, self.take_datagrams)
        except Exception as error:  # noqa: BLE001 - whatever the redirector's program says
            raise CaptureError(str(error).splitlines()[0].rstrip(".")) from None
        self._gate = await asyncio.start_server(self._not_yet, *self._gate_at)
        self._gate_at = self._gate.sockets[0].getsockname()[:2]

    async def stop(self) -> None:
        """Capture nothing more, and end the redirector."""
        if self._following is not None:
            self._following.cancel()
        if self._gate is not None:
            self._gate.close()
        if self._redirector is not None:
            self._redirector.set_intercept("")
            self._redirector.close()
            await self._redirector.wait_closed()

    def command(self, command: Sequence[str]) -> list[str]:
        """Return the command that becomes another one as soon as its connections are captured."""
        return held.commanded(self._gate_at[1], command)

    def follow(self, pid: int) -> None:
        """Capture the connections of a process, and of those that it starts."""
        self._following = asyncio.create_task(self._follow(pid))

    async def _follow(self, pid: int) -> None:
        captured = self._redirect({pid})
        with suppress(TimeoutError):
            await asyncio.wait_for(self._works.wait(), _READY)
        if not self._works.is_set():
            self.why = "its redirector started, but no connection came by it"
            assert self._gate is not None
            self._gate.close()  # the command ends
            return
        with suppress(psutil.Error):
            process = psutil.Process(pid)
            while process.is_running():
                now = {pid, *(one.pid for one in process.children(recursive=True))}
                if now != captured:
                    captured = self._redirect(now)
                await asyncio.sleep(_LOOK)

    def _redirect(self, pids: set[int]) -> set[int]:
        assert self._redirector is not None
        some = sorted(pids)[:_MOST_PROCESSES]
        self._redirector.set_intercept(",".join(map(str, some)))
        return pids

    async def _not_yet(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the command that waits: it came to the gate by itself."""
        with suppress(OSError):
            writer.write(held.WAIT)
            await writer.drain()
        writer.close()

    # --- what was captured ---

    async def take(self, stream: Any) -> None:
        """Join a connection to where it belongs, until both have ended."""
        with suppress(OSError, TimeoutError):
            try:
                address = _meant_for(stream)
                if address == self._gate_at:
                    self._works.set()
                    stream.write(held.GO)
                    await stream.drain()
                    return
                async with asyncio.timeout(_PATIENCE):
                    first = await self._first(stream) if address[1] in self._client_first else b""
                    to = await asyncio.open_connection(*(self._tunnel if self._is_ours(first) else address))
                await joined((stream, stream), to, first)
            finally:
                stream.close()

    @staticmethod
    async def _first(stream: Any) -> bytes:
        """Return what tells the host: the ClientHello, or the first bytes of what is no TLS."""
        first: bytes = await stream.read(_CHUNK)
        while first[:1] == bytes([_HANDSHAKE]) and server_name(first) is None and len(first) < _MOST:
            more = await stream.read(_CHUNK)
            if not more:
                break
            first += more
        return first

    def _is_ours(self, first: bytes) -> bool:
        if first[:1] == bytes([_HANDSHAKE]):
            return bare(server_name(first) or "") in self._hosts
        host = _HOST.search(first)
        return host is not None and bare(host[1].decode("latin-1")) in self._hosts

    @staticmethod
    async def take_datagrams(stream: Any) -> None:
        """Pass datagrams on, and what comes back; none of HTTP/3, whose clients then take TCP."""
        address = _meant_for(stream)
        try:
            if address[1] == _HTTPS:
                return
            transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: _Back(stream), remote_addr=address
            )
            with suppress(OSError, TimeoutError):
                while data := await asyncio.wait_for(stream.read(_CHUNK), _IDLE):
                    transport.sendto(data)
            transport.close()
        finally:
            stream.close()


class _Back(asyncio.DatagramProtocol):
    """Writes what comes back into a captured stream."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def datagram_received(self, data: bytes, _address: Any) -> None:
        with suppress(OSError):
            self._stream.write(data)


def _meant_for(stream: Any) -> tuple[str, int]:
    """Return the address that a client connected to. On Linux it is what the redirector calls its own."""
    host, port, *_ = stream.get_extra_info("remote_endpoint", stream.get_extra_info("sockname"))
    return str(host), int(port)
