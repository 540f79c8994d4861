"""The page at `/` and its API under `/_/`: which calls came and what became of them.

Only pages of this machine may read it: the Host must be a loopback name (DNS rebinding), another Origin is
refused, there is no CORS, and changes need a header that no other page can send without a preflight.
"""

import asyncio
import time
from collections.abc import Callable
from functools import partial
from importlib import resources
from typing import Final

from aiohttp import web

from segment_pendo import __version__
from segment_pendo.base import js_json
from segment_pendo.explain.device_mode import compared_row
from segment_pendo.explain.fate import explained
from segment_pendo.serve.api.feed import Feed
from segment_pendo.serve.api.what_if import as_if
from segment_pendo.serve.api.whys import why_answer
from segment_pendo.serve.listener import json_answer, refused_change
from segment_pendo.serve.questions import filters, flag, is_newest_first, number, whole_number
from segment_pendo.serve.relay import in_turns
from segment_pendo.serve.store import Store
from segment_pendo.serve.store.calls import Counts, Kept
from segment_pendo.serve.store.receipts import AsIf
from segment_pendo.words import JsonObject

__all__ = ["Inspector"]

_MOST: Final = 1000
_TURN: Final = 0.01
_LONGEST_WAIT: Final = 600.0
_PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_ASSETS: Final = {
    "js": "text/javascript",
    "css": "text/css",
    "json": "application/json",
    "svg": "image/svg+xml",
}
# A page of an earlier version must not meet modules of this one.
_FRESH: Final = {"Cache-Control": "no-cache"}


def _nothing(_session: str | None) -> None:
    """Do nothing."""


class Inspector:
    """Answers the page and its API from the store.

    `forget` is called with the session whose calls are forgotten, or None for all.
    """

    def __init__(
        self, store: Store, feed: Feed | None = None, forget: Callable[[str | None], None] = _nothing
    ) -> None:
        self._store = store
        self._forget = forget
        self._feed = feed
        self._change = asyncio.Event()
        self._started = time.monotonic()
        store.database.listen(self._wake)

    def _wake(self) -> None:
        self._change.set()
        self._change = asyncio.Event()

    def routes(self) -> list[web.RouteDef]:
        stream = [] if self._feed is None else [web.get("/_/stream", self._feed.answer, allow_head=False)]
        return [
            *stream,
            web.get("/", self._page),
            web.get("/_/page/{name}", self._asset),
            web.get("/_/health", self._health),
            web.get("/_/calls", self._calls),
            web.delete("/_/calls", self._clear),
            web.get("/_/wait", self._wait),
            web.get("/_/explain", self._explain),
            web.get("/_/why", partial(why_answer, self._store)),
        ]

    async def _page(self, _request: web.Request) -> web.Response:
        text = (
            resources.files("segment_pendo.serve.api")
            .joinpath("page")
            .joinpath("page.html")
            .read_text("utf-8")
        )
        return web.Response(
            text=text, content_type="text/html", headers={"Content-Security-Policy": _PAGE_POLICY}
        )

    async def _asset(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        kind = _ASSETS.get(name.rpartition(".")[2])
        file = resources.files("segment_pendo.serve.api").joinpath("page").joinpath(name)
        if kind is None or "/" in name or not file.is_file():
            return json_answer({"error": "the page has no such file"}, 404)
        return web.Response(text=file.read_text("utf-8"), content_type=kind, headers=_FRESH)

    async def _health(self, _request: web.Request) -> web.Response:
        counts = self._store.calls.counts()
        outbox = self._outbox(counts)
        waiting: JsonObject = {"waiting": outbox["waiting"]} if outbox["waiting"] else {}
        return json_answer(
            {
                "status": "ok",
                "version": __version__,
                "uptime": round(time.monotonic() - self._started, 3),
                "totals": dict(counts.totals),
                "deliveries": {name: count for name, count in counts.states.items() if name != "waiting"}
                | waiting,
                "outbox": outbox,
            }
        )

    def _outbox(self, counts: Counts) -> JsonObject:
        """Return what waits for this run's destination, and for how many seconds the oldest has waited."""
        outbox = self._store.outbox
        others = outbox.elsewhere()
        left = counts.states.get("waiting", 0) - sum(webhooks for _, webhooks in others)
        # Hardly ever anything waits for another destination; then the oldest of all is ours.
        of_all = outbox.came_at(counts.oldest) if counts.oldest is not None else None
        oldest = outbox.oldest() if others else of_all
        age = None if oldest is None else round(max(0.0, time.time() - oldest.timestamp()), 3)
        return {"destination": outbox.name, "waiting": left, "oldest": age, "elsewhere": dict(others)}

    async def _calls(self, request: web.Request) -> web.Response:
        """Answer with rows after a cursor, oldest first; with newest=1 those before it, newest first."""
        asked = request.query
        try:
            newest = is_newest_first(request)
            # Before the rows are read, so that nothing lies between them and the stream.
            end: JsonObject = {"stream": self._feed.end()} if newest and self._feed is not None else {}
            page = await in_turns(
                self._store.calls.page_in_steps(
                    filters(request),
                    after=asked.get("after", ""),
                    before=asked.get("before", ""),
                    newest=newest,
                    limit=whole_number(request, "limit", 100, _MOST),
                ),
                _TURN,
            )
        except ValueError as error:
            return json_answer({"error": str(error)}, 400)
        return json_answer({"calls": list(page.calls), "next": page.next, **end})

    async def _explain(self, request: web.Request) -> web.Response:
        """Answer with a call's row and its fate (?call=ID), and what device mode would do (&device=1).

        With &track, &webhook, &assume as if the destination were set up so.
        """
        name = request.query.get("call", "")
        if not name:
            return json_answer({"error": "give call=ID, with an id that /_/calls lists"}, 400)
        try:
            wants_device = flag(request, "device")
            otherwise = as_if(request)
            kept = self._store.calls.one(name) if otherwise is None else self._otherwise(name, otherwise)
        except ValueError as error:
            return json_answer({"error": str(error)}, 400)
        if kept is None:
            return json_answer({"error": "there is no call with this id; /_/calls lists all calls"}, 404)
        device = compared_row(kept.judged, kept.setup) if wants_device else {}
        sent: JsonObject = {"sent": js_json.write(kept.judged.call.data).decode()}
        return json_answer(kept.row | sent | explained(kept.judged, kept.setup, kept.attempts) | device)

    def _otherwise(self, name: str, otherwise: AsIf) -> Kept | None:
        """Return a call as another setup would map it: nothing of it was delivered. Raises ValueError."""
        kept = self._store.calls.one(name)
        if kept is None:
            return None
        otherwise(kept.setup)  # or a call that cannot be set up so would seem to be absent
        kept = self._store.calls.one(name, otherwise)
        return kept and kept._replace(row={**kept.row, "delivery": None}, attempts=[])

    async def _clear(self, request: web.Request) -> web.Response:
        """Forget all calls, or those of ?session=ID."""
        refused = refused_change(request)
        if refused is not None:
            return refused
        session = request.query.get("session")
        if session is None:
            self._store.clear()
        else:
            self._store.clear_session(session)
        self._forget(session)
        return json_answer({"status": "cleared", "session": session})

    async def _wait(self, request: web.Request) -> web.Response:
        """Answer 200 when `count` rows match and wait for no delivery, or 408 with the rows so far."""
        try:
            count = whole_number(request, "count", 1, _MOST)
            timeout = number(request, "timeout", 5, _LONGEST_WAIT)
            wanted, after = filters(request), request.query.get("after", "")
            deadline = asyncio.get_running_loop().time() + timeout
            status = 200
            while self._store.calls.settled(wanted, after=after, most=count) < count:
                left = deadline - asyncio.get_running_loop().time()
                if left <= 0 or request.transport is None:  # the time is up, or nobody waits any more
                    status = 408
                    break
                try:
                    await asyncio.wait_for(self._change.wait(), min(left, 1.0))
                except TimeoutError:
                    pass
            steps = self._store.calls.page_in_steps(wanted, after=after, limit=_MOST)
            page = await in_turns(steps, _TURN)
            return json_answer({"calls": list(page.calls), "next": page.next}, status)
        except ValueError as error:
            return json_answer({"error": str(error)}, 400)
