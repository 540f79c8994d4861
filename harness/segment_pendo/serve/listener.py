"""A listener: an aiohttp server on loopback that survives any request and refuses foreign pages.

`Port` reserves its port before; what foreign pages may not reach is in `_OWN`.
"""

import asyncio
import errno
import logging
import os
import socket
import ssl
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from aiohttp import web

from segment_pendo.base.errors import CANNOT_START, SegmentPendoError
from segment_pendo.base.hosts import bare, is_loopback
from segment_pendo.explain.rows import dumps
from segment_pendo.serve.gate import FOREIGN_SITES
from segment_pendo.serve.lan import LOOPBACK_ONLY, Lan, came_from_outside
from segment_pendo.serve.questions import CHANGE_HEADER, checked
from segment_pendo.words import Json

__all__ = [
    "CHANGE_HEADER",
    "Handler",
    "Listener",
    "ListenerError",
    "Port",
    "is_api",
    "is_own",
    "json_answer",
    "refused_change",
]

_PATIENCE: Final = 30.0
# A larger body is not read to its end; Segment's own limit for a batch is 500 KB.
MAX_BODY: Final = 10 * 1024 * 1024
# Paths that are ours alone and never an SDK's.
_OWN: Final = ("/_/", "/data/", "/api/v1/visitor/", "/api/v1/account/", "/api/v1/metadata/", "/api/v1/token/")
# No other page may show it in a frame, load it as a script or image, or guess what it is.
_FOR_US_ALONE: Final = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}

type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ListenerError(SegmentPendoError):
    """A listener cannot be opened; the text says why, `setting` which port."""

    exit_code = CANNOT_START

    def __init__(self, message: str, setting: str, taken: int = 0) -> None:
        super().__init__(message)
        self.setting, self.taken = setting, taken


class Port:
    """A loopback port that is reserved, but not listened on yet: the system refuses connections to it.

    `number`: which port; 0 takes a free one. `sockets`: one for 127.0.0.1, one for each address in `also`
    and, if possible, one for ::1. Raises ListenerError.
    """

    def __init__(self, number: int, setting: str = "port", also: Sequence[str] = ()) -> None:
        self.number = number
        self._setting = setting
        try:
            self.sockets = [_bound(socket.AF_INET, "127.0.0.1", number)]
        except OSError as error:
            raise self.error(error) from None
        self.number = self.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.number}"
        for address in also:
            try:
                self.sockets.append(_bound(_family(address), address, self.number))
            except OSError as error:
                self.close()
                raise self.error(error, address) from None
        if socket.has_ipv6:
            try:
                self.sockets.append(_bound(socket.AF_INET6, "::1", self.number))
            except OSError:
                pass  # no IPv6 here, or another program has the port: we promise only 127.0.0.1

    def error(self, error: OSError, address: str = "127.0.0.1") -> ListenerError:
        """Return the error that says why this port cannot be opened at an address."""
        if error.errno == errno.EADDRNOTAVAIL:
            return ListenerError(f"{address} is no address of this machine; give one that it has.", "")
        reason = os.strerror(error.errno) if error.errno else type(error).__name__
        text = (
            f"port {self.number} on {address} cannot be opened: {reason}. Is another segment-pendo running?"
        )
        return ListenerError(text, self._setting, self.number)

    def close(self) -> None:
        """Release the port; a listener that was started on it does this itself."""
        for taken in self.sockets:
            taken.close()


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def _bound(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
    taken = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":  # as asyncio does: the port of a process that has just ended can be taken
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            taken.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        taken.bind((host, port))
    except OSError:
        taken.close()
        raise
    return taken


class Listener:
    """Serves routes at 127.0.0.1 and, where it exists, ::1; what no route takes goes to `rest`.

    A connection on which no whole request header comes within `patience` seconds is cut. `lan`: where it
    listens besides, and who may ask there.
    """

    def __init__(
        self,
        routes: Sequence[web.RouteDef],
        rest: Handler | None = None,
        *,
        patience: float = _PATIENCE,
        lan: Lan = LOOPBACK_ONLY,
    ) -> None:
        self._patience = patience
        self._lan = lan
        self._is_guarded = bool(routes)  # without any, nothing here is ours alone
        self._silent: set[web.RequestHandler] = set()  # connections on which nothing was asked yet
        self._servers: list[asyncio.Server] = []
        app = web.Application(client_max_size=MAX_BODY, middlewares=[self._guard])
        app.add_routes(map(checked, routes))
        app.on_response_prepare.append(_marked)  # before the first byte of a stream, too
        if rest is not None:
            app.router.add_route("*", "/{path:.*}", rest)
        # aiohttp answers what is not HTTP; its log would print a traceback each time.
        quiet = logging.getLogger("segment_pendo.serve.listener.wire")
        quiet.addHandler(logging.NullHandler())
        quiet.propagate = False
        self._runner = web.AppRunner(
            app,
            handle_signals=False,
            access_log=None,
            auto_decompress=False,
            max_line_size=65536,
            max_field_size=65536,
            keepalive_timeout=75,
            shutdown_timeout=1.0,
            logger=quiet,
        )
        self.url = ""
        self.tls_url: str | None = None

    async def start(self, at: "int | Port") -> None:
        """Listen on 127.0.0.1 and, where it exists, ::1. Raises ListenerError."""
        await self._runner.setup()
        port = Port(at) if isinstance(at, int) else at
        await self._listen(port)
        self.url = port.url

    async def start_tls(self, port: int, context: ssl.SSLContext) -> None:
        """Listen on another port over TLS. Raises ListenerError."""
        taken = Port(port, "tls_port", self._lan.addresses)
        await self._listen(taken, context)
        self.tls_url = f"https://127.0.0.1:{taken.number}"

    async def _listen(self, port: "Port", context: ssl.SSLContext | None = None) -> None:
        loop = asyncio.get_running_loop()
        handshake = self._patience if context is not None else None
        for taken in port.sockets:
            try:
                server = await loop.create_server(
                    self._connection, sock=taken, ssl=context, ssl_handshake_timeout=handshake, backlog=128
                )
            except OSError as error:
                raise port.error(error) from None
            self._servers.append(server)

    def _connection(self) -> web.RequestHandler:
        """Return the protocol of a new connection, which is cut if no request comes in time."""
        assert self._runner.server is not None
        connection = self._runner.server()
        self._silent.add(connection)
        asyncio.get_running_loop().call_later(self._patience, self._cut_silent, connection)
        return connection

    def _cut_silent(self, connection: web.RequestHandler) -> None:
        if connection in self._silent and connection.transport is not None:
            connection.transport.abort()
        self._silent.discard(connection)

    async def stop(self) -> None:
        """Close every connection; requests that are being answered have one second to finish."""
        for server in self._servers:
            server.close()
        await self._runner.cleanup()

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Check who asks for the paths that are ours alone; let no exception out of a listener."""
        self._silent.discard(request.protocol)
        try:
            is_ours = is_own(request) or _is_page(request)
            from_outside = bool(self._lan.addresses) and came_from_outside(request)
            if from_outside:
                stranger = self._lan.refusal(request, is_own=is_ours, is_page=_is_page(request))
                if stranger is not None:
                    return stranger
            if not self._is_guarded or not is_ours:
                return await handler(request)
            refused = _refused(request, is_known=from_outside)
            return _said(request, refused, 403) if refused else await handler(request)
        except web.HTTPException as error:
            return _said(request, f"{error.status} {error.reason}", error.status)
        except (ConnectionError, asyncio.CancelledError):
            raise
        except Exception as error:  # noqa: BLE001 - the last line of defence of a listener
            said = f"segment-pendo: {request.method} could not be answered: {type(error).__name__}"
            print(said, file=sys.stderr)  # noqa: T201
            return web.json_response(
                {"success": False, "error": "segment-pendo could not answer this; its terminal says why"},
                status=500,
            )


async def _marked(request: web.Request, answer: web.StreamResponse) -> None:
    if is_own(request) or _is_page(request):
        for name, value in _FOR_US_ALONE.items():
            answer.headers.setdefault(name, value)


def json_answer(body: Json, status: int = 200) -> web.Response:
    """Return an answer of JSON in ASCII, on one line."""
    return web.Response(text=dumps(body) + "\n", status=status, content_type="application/json")


def refused_change(request: web.Request) -> web.Response | None:
    """Return the refusal of a change without the header that it needs, or None."""
    if request.headers.get(CHANGE_HEADER) == "1":
        return None
    return json_answer({"error": f"a change needs the header {CHANGE_HEADER}: 1"}, 403)


def is_own(request: web.Request) -> bool:
    """Whether this asks for a path that is ours alone, however many slashes begin it."""
    return _tidied(request).startswith(_OWN)


def is_api(request: web.Request) -> bool:
    """Whether this asks for a path of our API, or for one that does not exist there."""
    return _tidied(request).startswith("/_/")


def _tidied(request: web.Request) -> str:
    return f"/{request.path.lstrip('/')}"


def _said(request: web.Request, text: str, status: int) -> web.Response:
    """Return an answer that only says what is wrong: below /_/ in JSON, as every other one there."""
    if is_api(request):
        return json_answer({"error": text}, status)
    return web.Response(status=status, text=f"{text}\n")


def _refused(request: web.Request, *, is_known: bool) -> str:
    """Return why this request may not be answered, or an empty text; `is_known`: its Host is right."""
    # A request line in absolute form has a host as well.
    named = [
        request.headers.get("Host", ""),
        *([request.raw_path.split("/")[2]] if "://" in request.raw_path[:8] else []),
    ]
    if not is_known and not all(is_loopback(bare(host)) for host in named):
        return "this address answers only to 127.0.0.1, localhost and [::1]"
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site", "").lower()
    if origin is None and not site:  # an older browser says only where it comes from
        origin = "/".join(request.headers.get("Referer", "").split("/")[:3])
    # A link on another page of this machine may lead to our page, but nothing else may be asked from there.
    by_link = (
        site == "same-site" and _is_page(request) and request.headers.get("Sec-Fetch-Dest") == "document"
    )
    foreign = site in FOREIGN_SITES and not by_link
    if foreign or (origin and origin.partition("://")[2] != request.headers.get("Host")):
        return "other pages may not use this; type the address into the browser"
    if request.method == "OPTIONS":
        return "no preflight is granted here"
    return ""


def _is_page(request: web.Request) -> bool:
    # A mobile SDK may be given this very address as its proxy, and then POSTs here.
    return request.path == "/" and request.method in {"GET", "HEAD"}
