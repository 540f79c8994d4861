"""A Pendo on loopback: takes webhooks as `/data/segmentio/KEY` does and answers what it would hold.

Its answers are invented (Pendo publishes none, facts 1.70, 1.71): 200 with an empty body for any JSON event, also one it
ignores, because that silence is what an engineer has to live with.
"""

import time
from collections.abc import Callable

from aiohttp import web

from segment_pendo import js_json
from segment_pendo.pendo.model import Pendo
from segment_pendo.words import Json, JsonObject

__all__ = ["MAX_BODY", "LoopbackPendo"]

MAX_BODY = 1024 * 1024  # 1.15: unknown at Pendo; 413 above


class LoopbackPendo:
    """HTTP around the model. Nothing is checked about the key, and nothing of it is kept. `heard` is told of each webhook."""

    def __init__(self, heard: Callable[[Json], None] | None = None) -> None:
        self.pendo = Pendo()
        self._heard = heard

    def routes(self) -> list[web.RouteDef]:
        return [
            web.route("*", "/data/segmentio/{key}", self._take),
            web.get("/api/v1/visitor/{id:.+}", self._visitor),
            web.get("/api/v1/account/{id:.+}", self._account),
        ]

    async def _take(self, request: web.Request) -> web.Response:
        if request.method != "POST":
            return web.Response(status=405, headers={"Allow": "POST"})
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            return web.Response(status=413)
        if len(body) > MAX_BODY:
            return web.Response(status=413)
        try:
            event = js_json.read(body, depth=js_json.MAX_DEPTH + 1).value  # a batch is one level deeper than its events
        except (ValueError, RecursionError):
            return web.Response(status=400)
        if not isinstance(event, dict | list):
            return web.Response(status=400)
        self.pendo.apply(event, _now())
        if self._heard is not None:
            self._heard(event)
        return web.Response(status=200)

    async def _visitor(self, request: web.Request) -> web.Response:
        return _answer(self.pendo.visitor(request.match_info["id"]))

    async def _account(self, request: web.Request) -> web.Response:
        return _answer(self.pendo.account(request.match_info["id"]))


def _now() -> int:
    return int(time.time() * 1000)


def _answer(record: JsonObject | None) -> web.Response:
    if record is None:
        return web.Response(status=404)
    body: Json = record
    return web.Response(body=js_json.write(body), content_type="application/json")
