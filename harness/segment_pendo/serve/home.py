"""The home port: one loopback HTTP address for Segment's ingest, the loopback Pendo, the page and its API."""

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from aiohttp import web

from segment_pendo.base.headers import decoded_headers
from segment_pendo.base.prose import plain
from segment_pendo.segment.ingest import masked
from segment_pendo.serve.api.feed import Feed
from segment_pendo.serve.api.inspector import Inspector
from segment_pendo.serve.api.metrics import Metrics, metrics_route
from segment_pendo.serve.api.overview_api import OverviewApi
from segment_pendo.serve.api.sessions import SessionsApi, known_session
from segment_pendo.serve.failing import fail, fault_routes, refusal
from segment_pendo.serve.faults import Faults
from segment_pendo.serve.gate import Gate
from segment_pendo.serve.lan import LOOPBACK_ONLY, Lan
from segment_pendo.serve.listener import Listener, Port, is_api, json_answer
from segment_pendo.serve.loopback_pendo import LoopbackPendo
from segment_pendo.serve.questions import unknown_path
from segment_pendo.serve.relay import NotKept, Relay
from segment_pendo.serve.sources import HEADER, of_headers
from segment_pendo.serve.store import Store
from segment_pendo.words import JsonObject, Reply, SdkRequest

__all__ = ["Home"]

_BODY_TIMEOUT: Final = 30.0
_LAST_CALLS: Final = 2.0


class Home(Listener):
    """The listener of the home port.

    `pendo` answers at Pendo's paths. `gate` says which web pages may send calls, by default all. `faults`:
    what goes wrong here, at Segment's side and at Pendo's. `metrics`: one of the relay's sinks. `addresses`
    returns those of the run; `look` is called when a webhook is to be sent again. `mute`: codes that the page
    plays down. `live`: how many requests of SDKs are not answered yet. `own_routes`: all but Segment's.
    `lan`: where it listens beyond loopback. `calls_only`: where the proxy hands over what it has decrypted;
    `sources`: the app of each connection from there, by its port.
    """

    def __init__(
        self,
        relay: Relay,
        store: Store,
        pendo: LoopbackPendo | None = None,
        *,
        gate: Gate | None = None,
        faults: Faults | None = None,
        metrics: Metrics | None = None,
        addresses: Callable[[], JsonObject] | None = None,
        look: Callable[[], None] | None = None,
        mute: Sequence[str] = (),
        lan: Lan = LOOPBACK_ONLY,
        sources: Mapping[int, str] | None = None,
    ) -> None:
        self._sources = {} if sources is None else sources
        self._relay = relay
        self._gate = gate or Gate()
        self._store = store
        self.feed = Feed(store, addresses or self._addresses)
        self.inspector = Inspector(store, self.feed, relay.reset)
        self.loopback_pendo = pendo or LoopbackPendo()
        overview = OverviewApi(
            store,
            relay.setup,
            lambda: self.loopback_pendo.pendo,
            self.loopback_pendo.no_records,
            addresses or self._addresses,
            look,
            mute,
        )
        sessions = SessionsApi(store.sessions, addresses or self._addresses)
        self._refusing = False
        self.faults = faults or Faults()
        self.live = 0
        self._quiet = asyncio.Event()
        self._quiet.set()
        own_routes = [
            *self.inspector.routes(),
            *overview.routes(),
            *sessions.routes(),
            metrics_route(metrics or Metrics(), store),
            *fault_routes(self.faults),
            *self.loopback_pendo.routes(self.faults, self._forget, overview.records_of),
        ]
        self.own_routes = [known_session(route, store.sessions) for route in own_routes]
        self.calls_only = Listener((), self._of_proxy)
        super().__init__(self.own_routes, self.ingest, lan=lan)

    def _forget(self) -> None:
        """Forget all calls and faults."""
        self._store.clear("all")
        self._relay.reset()
        self.faults.clear()

    def _addresses(self) -> JsonObject:
        return {"home": self.url, "proxy": None, "tls": self.tls_url, "ca": None, "pid": os.getpid()}

    async def stop(self) -> None:
        """End every stream, then close every connection."""
        self.feed.close()
        await self.calls_only.stop()
        await super().stop()

    async def refuse_calls(self) -> None:
        """Answer SDKs 503 from now on; return when earlier requests are answered (2 s at most)."""
        self._refusing = True
        self.faults.release()
        try:
            await asyncio.wait_for(self._quiet.wait(), _LAST_CALLS)
        except TimeoutError:
            pass

    async def start_calls_only(self) -> int:
        """Listen on a port of its own for calls that came through the proxy; return its number.

        Neither the page nor anything else of ours is there. Raises ListenerError.
        """
        port = Port(0, "proxy_port")
        await self.calls_only.start(port)
        return port.number

    async def _of_proxy(self, request: web.Request) -> web.StreamResponse:
        answer = await self._from_sdk(request, "proxy")
        if not request.raw_path.startswith("/"):  # in absolute form: the next one may be for another host
            answer.force_close()
        return answer

    async def ingest(self, request: web.Request) -> web.StreamResponse:
        """Take a request of an SDK and answer it as Segment does."""
        if request.path == "/favicon.ico":  # asked by a browser, not by an SDK
            return web.Response(status=404)
        if is_api(request):  # below /_/, but no path of ours
            return unknown_path(request, self.own_routes)
        return await self._from_sdk(request, "tls" if request.secure else "home")

    async def _from_sdk(self, request: web.Request, door: str) -> web.StreamResponse:
        if self._refusing:
            return _unable(503, "segment-pendo is shutting down", ("Retry-After", "1"))
        self.live += 1
        self._quiet.clear()
        try:
            return await self._answer(request, door)
        finally:
            self.live -= 1
            if not self.live:
                self._quiet.set()

    async def _answer(self, request: web.Request, door: str) -> web.StreamResponse:
        """Answer a request that may pass the gate: as a fault says, if one happens to it, else as usual."""
        refused = self._gate.refused(self._asked(request, b"", door))
        if refused is not None:
            return _response(refused)
        try:
            body = await asyncio.wait_for(request.read(), _BODY_TIMEOUT)
        except web.HTTPRequestEntityTooLarge:
            return _unable(400, "too large")
        except TimeoutError:
            return _unable(408, "too slow")
        asked = self._asked(request, body, door)
        take = partial(self._take, asked)
        fault = self.faults.of_sdk(asked)
        if fault is None:
            return await take()
        what = f"POST {plain(masked(request.path))}"
        return await fail(
            request, fault, self.faults, what, take, lambda status: _response(refusal(asked, status))
        )

    def _asked(self, request: web.Request, body: bytes, door: str) -> SdkRequest:
        """Return what an SDK asks, at the address of a session or not."""
        asked = _sdk_request(request, body, door)
        if door == "proxy":  # whose addresses are Segment's
            source = self._source(request, asked)
            told = tuple(pair for pair in asked.headers if pair[0].lower() != HEADER.lower())
            return replace(asked, source=source, headers=told)
        session, path = self._store.sessions.of(asked.path)
        return replace(asked, session=session, path=path) if session else asked

    def _source(self, request: web.Request, asked: SdkRequest) -> str:
        """Return the name of the app that a request of the proxy came from, or an empty text."""
        peer = None if request.transport is None else request.transport.get_extra_info("peername")
        return (peer and self._sources.get(peer[1])) or of_headers(asked.headers)

    async def _take(self, asked: SdkRequest) -> web.Response:
        try:
            receipt = await self._relay.receive_in_turns(asked)
        except NotKept as error:
            return _unable(500, f"it could not be kept: {error}")
        return _response(receipt.reply)


def _sdk_request(request: web.Request, body: bytes, door: str) -> SdkRequest:
    headers = decoded_headers(request.raw_headers)
    path, _, query = request.raw_path.partition("?")
    if "://" in path[:8]:  # absolute form
        path = "/" + path.partition("://")[2].partition("/")[2]
    return SdkRequest(
        request.method,
        path,
        query,
        headers,
        body,
        request.headers.get("Host", ""),
        request.remote or "127.0.0.1",
        door,
    )


def _unable(status: int, why: str, *headers: tuple[str, str]) -> web.Response:
    """Return an answer with an error, under every name where an SDK looks for one (D-60)."""
    answer = json_answer({"success": False, "error": why, "error_description": why}, status)
    answer.headers.extend(headers)
    return answer


def _response(reply: Reply) -> web.Response:
    return web.Response(status=reply.status, headers=list(reply.headers), body=reply.body)
