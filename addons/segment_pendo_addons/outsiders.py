"""An addon of a proxy beyond loopback: other machines reach nothing through it that is this one's alone."""

import asyncio
import socket

from mitmproxy import connection, http
from mitmproxy.proxy.server_hooks import ServerConnectionHookData

from segment_pendo.base.hosts import address_of, is_loopback

__all__ = ["Outsiders"]

_REFUSED = "only this machine itself may reach that"


class Outsiders:
    """The addon; it stands behind the one that answers for Segment. `calls_only`: our own port for calls."""

    def __init__(self, calls_only: int | None) -> None:
        self._ours = ("127.0.0.1", calls_only)

    async def http_connect(self, flow: http.HTTPFlow) -> None:
        if flow.response is None and await _is_closed(flow.client_conn, flow.request.host):
            flow.response = http.Response.make(403, f"{_REFUSED}\n".encode())

    async def server_connect(self, data: ServerConnectionHookData) -> None:
        address = data.server.address
        if data.server.error or address is None or address[:2] == self._ours:
            return
        if await _is_closed(data.client, address[0]):
            data.server.error = _REFUSED


async def _is_closed(client: connection.Client, host: str) -> bool:
    """Whether a client of another machine asks for what leads to this one alone: its loopback, or a link."""
    if is_loopback(str(client.sockname[0])):
        return False
    try:
        addresses = await asyncio.get_running_loop().getaddrinfo(
            host.strip("[]"), None, type=socket.SOCK_STREAM
        )
    except (OSError, UnicodeError):
        return False
    found = [address_of(str(address[0])) for *_, address in addresses]
    return any(at is None or at.is_loopback or at.is_unspecified or at.is_link_local for at in found)
