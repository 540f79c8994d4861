"""The home port: one loopback HTTP address for Segment's ingest, the loopback Pendo, the page and its API."""

import asyncio
import logging
import os
import socket
import ssl
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

from segment_pendo.inspector import Inspector
from segment_pendo.loopback_pendo import LoopbackPendo
from segment_pendo.pendo.regions import is_loopback
from segment_pendo.relay import Relay
from segment_pendo.segment.hosts import bare
from segment_pendo.store import Store
from segment_pendo.words import Reply, SdkRequest

__all__ = ["Home", "HomeError"]

# A body above this is not read any further; Segment's own limit for a batch is 500 KB.
MAX_BODY: Final = 10 * 1024 * 1024
_BODY_TIMEOUT: Final = 30.0
_JSON: Final = ("Content-Type", "application/json")
# Paths that are ours alone and never an SDK's.
_OWN: Final = ("/_/", "/data/", "/api/v1/visitor/", "/api/v1/account/", "/api/v1/metadata/", "/api/v1/token/")

type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class HomeError(Exception):
    """The home port cannot be opened; the text says why and what to do."""


class Home:
    """The site. `open_origins` is true while the destination is loopback: then any page may send calls."""

    def __init__(self, relay: Relay, store: Store, *, open_origins: bool = True, allowed_origins: Sequence[str] = ()) -> None:
        self._relay = relay
        self._open_origins = open_origins
        self._allowed_origins = frozenset(allowed_origins)
        self.inspector = Inspector(store)
        self.loopback_pendo = LoopbackPendo()
        self._refusing = False
        self._live = 0
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._app = web.Application(client_max_size=MAX_BODY, middlewares=[self._guard])
        self._app.add_routes([*self.inspector.routes(), *self.loopback_pendo.routes()])
        self._app.router.add_route("*", "/{path:.*}", self._ingest)
        # Junk on the wire is answered by aiohttp; its log would be a traceback for each.
        quiet = logging.getLogger("segment_pendo.home.wire")
        quiet.addHandler(logging.NullHandler())
        quiet.propagate = False
        self._runner = web.AppRunner(
            self._app,
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

    async def start(self, port: int) -> None:
        """Listen on 127.0.0.1 and, where it exists, ::1. Raises HomeError."""
        await self._runner.setup()
        self.url = f"http://127.0.0.1:{await self._listen(port, '--port')}"

    async def start_tls(self, port: int, context: ssl.SSLContext) -> None:
        """The same, over TLS. Raises HomeError."""
        self.tls_url = f"https://127.0.0.1:{await self._listen(port, '--tls-port', context)}"

    async def _listen(self, port: int, option: str, context: ssl.SSLContext | None = None) -> int:
        site = web.TCPSite(self._runner, "127.0.0.1", port, ssl_context=context)
        try:
            await site.start()
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else type(error).__name__
            msg = f"port {port} on 127.0.0.1 cannot be opened: {reason}. Give another {option}, or 0 for a free one."
            raise HomeError(msg) from None
        port = self._runner.addresses[-1][1]
        if socket.has_ipv6:
            try:
                await web.TCPSite(self._runner, "::1", port, ssl_context=context).start()
            except OSError:
                pass  # no IPv6 here, or somebody else's port: 127.0.0.1 is what we promise
        return port

    async def stop(self) -> None:
        """Close every connection; what is being answered gets a second to finish."""
        await self._runner.cleanup()

    async def refuse_calls(self) -> None:
        """From now on SDKs are told to come again; returns when the calls that were on their way in are taken."""
        self._refusing = True
        try:
            await asyncio.wait_for(self._quiet.wait(), _BODY_TIMEOUT)
        except TimeoutError:
            pass

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Host and Origin checks for what is ours alone; no exception leaves a door."""
        try:
            if request.path.startswith(_OWN) or _is_page(request):
                refused = _refused(request)
                if refused is not None:
                    return refused
            return await handler(request)
        except web.HTTPException as error:
            return web.Response(status=error.status, text=f"{error.status} {error.reason}\n")
        except (ConnectionError, asyncio.CancelledError):
            raise
        except Exception as error:  # noqa: BLE001 - the last line of defence of a door
            print(f"segment-pendo: {request.method} could not be answered: {type(error).__name__}", file=sys.stderr)  # noqa: T201
            return web.json_response({"success": False, "error": "segment-pendo could not take this; see its terminal"}, status=500)

    async def _ingest(self, request: web.Request) -> web.StreamResponse:
        if self._refusing:
            return _response(Reply(503, (_JSON, ("Retry-After", "1")), b'{"success": false, "error": "segment-pendo is ending"}'))
        self._live += 1
        self._quiet.clear()
        try:
            return await self._take(request)
        finally:
            self._live -= 1
            if not self._live:
                self._quiet.set()

    async def _take(self, request: web.Request) -> web.StreamResponse:
        origin = request.headers.get("Origin")
        if origin and not self._welcome(origin):
            text = f"pages of {origin} may not send calls while the destination is a real Pendo; allow them with --allow-origin\n"
            return web.Response(status=403, text=text)
        try:
            body = await asyncio.wait_for(request.read(), _BODY_TIMEOUT)
        except web.HTTPRequestEntityTooLarge:
            return _response(Reply(400, (_JSON,), b'{"success": false, "error": "too large"}'))
        except TimeoutError:
            return _response(Reply(408, (_JSON,), b'{"success": false, "error": "too slow"}'))
        receipt = self._relay.receive(_sdk_request(request, body))
        return _response(receipt.reply)

    def _welcome(self, origin: str) -> bool:
        return self._open_origins or origin in self._allowed_origins or _is_loopback_origin(origin)


def _refused(request: web.Request) -> web.Response | None:
    if not is_loopback(bare(request.headers.get("Host", ""))):
        return web.Response(status=403, text="this address answers only to 127.0.0.1, localhost and [::1]\n")
    if request.path.startswith("/_/") or _is_page(request):
        origin = request.headers.get("Origin")
        if origin and (origin == "null" or urlsplit(origin).netloc != request.headers.get("Host")):
            return web.Response(status=403, text="other pages may not read this\n")
        if request.method == "OPTIONS":
            return web.Response(status=403, text="no preflight is granted here\n")
    return None


def _is_page(request: web.Request) -> bool:
    # A mobile SDK may be given this very address as its proxy, and then POSTs here.
    return request.path == "/" and request.method in {"GET", "HEAD"}


def _is_loopback_origin(origin: str) -> bool:
    try:
        return is_loopback(urlsplit(origin).hostname or "")
    except ValueError:
        return False


def _sdk_request(request: web.Request, body: bytes) -> SdkRequest:
    headers = tuple((k.decode("utf-8", "replace"), v.decode("utf-8", "replace")) for k, v in request.raw_headers)
    path, _, query = request.raw_path.partition("?")
    if "://" in path.partition("?")[0][:8]:  # absolute form
        path = "/" + path.partition("://")[2].partition("/")[2]
    door = "tls" if request.secure else "home"
    return SdkRequest(request.method, path, query, headers, body, request.headers.get("Host", ""), request.remote or "127.0.0.1", door)


def _response(reply: Reply) -> web.Response:
    return web.Response(status=reply.status, headers=list(reply.headers), body=reply.body)
