"""The API's answers about a run as a whole: how far calls got, codes, records; and sending again."""

from collections.abc import Callable, Sequence
from functools import partial
from importlib import resources
from typing import Final

from aiohttp import web

from segment_pendo import __version__
from segment_pendo.base import js_json
from segment_pendo.base.prose import plain
from segment_pendo.base.suggestion import unknown
from segment_pendo.mapping.setup import Setup
from segment_pendo.pendo.records import Records
from segment_pendo.pendo.regions import region_of
from segment_pendo.serve.api.sessions import replayed
from segment_pendo.serve.api.what_if import what_if_answer
from segment_pendo.serve.listener import json_answer, refused_change
from segment_pendo.serve.questions import filters, is_newest_first, kind_of, span, whole_number
from segment_pendo.serve.relay import in_turns
from segment_pendo.serve.store import Store
from segment_pendo.serve.store.overview import Overview
from segment_pendo.serve.store.timeline import timeline
from segment_pendo.words import CallRef, Json, JsonObject

__all__ = ["OverviewApi"]

_MOST: Final = 1000
_TURN: Final = 0.005  # seconds that making records may hold the event loop at a time


class OverviewApi:
    """Answers from a store, and from the records of the Pendo on loopback.

    `no_records` makes those of a Pendo to which nothing came. `addresses` returns those of the run; `look` is
    called when something is to be sent again, None where nothing is delivered. `mute`: codes that the page
    shows as notes only.
    """

    def __init__(
        self,
        store: Store,
        setup: Setup,
        records: Callable[[], Records],
        no_records: Callable[[], Records],
        addresses: Callable[[], JsonObject],
        look: Callable[[], None] | None,
        mute: Sequence[str] = (),
    ) -> None:
        self._store = store
        self._overview = Overview(store.database)
        self._setup = setup
        self._records = records
        self._no_records = no_records
        self._addresses = addresses
        self._look = look
        self._mute = mute

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/_/summary", self._summary),
            web.get("/_/findings", self._findings),
            web.get("/_/refused", self._refused),
            web.get("/_/timeline", self._timeline),
            web.get("/_/what-if", partial(what_if_answer, self._store, self._setup)),
            web.get("/_/records", self._listed),
            web.post("/_/send-again", self._send_again),
            web.get("/_/openapi.json", self._openapi),
        ]

    async def _openapi(self, _request: web.Request) -> web.Response:
        text = resources.files("segment_pendo.serve.api").joinpath("openapi.json").read_text("utf-8")
        return web.Response(text=text, content_type="application/json")

    async def _summary(self, request: web.Request) -> web.Response:
        """Answer with the counts of the pipeline, and how this run is set up, without any secret."""
        session = request.query.get("session")
        try:
            records = self._records() if session is None else await self.records_of(session)
        except ValueError as error:
            return json_answer({"error": str(error)}, 400)
        return json_answer(
            {
                "version": __version__,
                "pipeline": self._overview.pipeline(session),
                "records": records.counts(),
                "destination": self._store.outbox.name,
                "region": region_of(self._store.outbox.name),
                "newestAttempt": self._overview.newest_attempt(self._store.outbox.destination, session),
                "delivers": self._look is not None,
                "setup": _described(self._setup),
                "addresses": self._addresses(),
                "mute": list(self._mute),
            }
        )

    async def _findings(self, request: web.Request) -> web.Response:
        return json_answer({"findings": list(self._overview.codes(filters(request)))})

    async def _refused(self, request: web.Request) -> web.Response:
        """Answer with requests that brought no call, in pages as calls are."""
        asked = request.query
        try:
            newest = is_newest_first(request)
            page = self._overview.refused(
                asked.get("session"),
                after=asked.get("after", ""),
                before=asked.get("before", ""),
                newest=newest,
                limit=whole_number(request, "limit", 100, _MOST),
                span=span(request),
            )
        except ValueError as error:
            return json_answer({"error": str(error)}, 400)
        return json_answer({"refused": list(page.calls), "next": page.next})

    async def _timeline(self, request: web.Request) -> web.Response:
        """Answer with how many calls came and webhooks were tried, by steps of time."""
        try:
            return json_answer(timeline(self._store.database, span(request), request.query.get("session")))
        except ValueError as error:
            return json_answer({"error": str(error)}, 400)

    async def _listed(self, request: web.Request) -> web.Response:
        """Answer with the visitors or accounts that the Pendo on loopback holds, by id.

        ?session=ID: those that it would hold if nothing but the calls of this session had come.
        """
        session = request.query.get("session")
        try:
            kind = kind_of(request)
            limit = whole_number(request, "limit", 100, _MOST)
            records = self._records() if session is None else await self.records_of(session)
        except ValueError as error:
            return json_answer({"error": str(error)}, 400)
        found = records.found(kind, request.query.get("q", ""))
        after = request.query.get("after")
        rest = found if after is None else [name for name in found if name > after]
        look = records.visitor if kind == "visitor" else records.account
        rows: list[Json] = [look(name) for name in rest[:limit]]
        end = rest[:limit][-1] if rest[:limit] else after
        return json_answer({"records": rows, "total": len(found), "next": end})

    async def records_of(self, session: str) -> Records:
        """Return what a Pendo holds that got the delivered webhooks of a session. Raises FilterError."""
        records = self._no_records()
        await in_turns(replayed(self._store, session, records), _TURN)
        return records

    async def _send_again(self, request: web.Request) -> web.Response:
        """Let the webhook of a call, {"call": ID}, be sent again, also where it is delivered."""
        refused = refused_change(request)
        if refused is not None:
            return refused
        try:
            asked = js_json.read(await request.read()).value
        except (ValueError, RecursionError):
            asked = None
        names = map(plain, asked) if isinstance(asked, dict) else ()
        wrong = unknown(names, ("call",), f"{request.path} has no")
        name = asked.get("call") if isinstance(asked, dict) else None
        if wrong or not isinstance(name, str):
            wrong = wrong or 'send {"call": ID}, with an id that /_/calls lists'
            return json_answer({"error": wrong}, 400)
        if self._look is None:
            return json_answer({"error": "nothing is delivered in this run"}, 409)
        ref = CallRef.read(name)
        why_not = self._store.outbox.again(ref) if ref is not None else None
        if why_not is None:
            return json_answer({"error": f"there is no call {plain(name)}; /_/calls lists all calls"}, 404)
        if why_not:
            return json_answer({"error": f"the call {plain(name)} {why_not}"}, 409)
        self._look()
        return json_answer({"status": "sent again", "call": name})


def _described(setup: Setup) -> JsonObject:
    """Return how calls are mapped; of a destination file only the names, since its headers may be secret."""
    described = {
        name: value for name, value in setup.described().items() if name not in {"destination", "plan"}
    }
    if setup.destination is None:
        return {**described, "destination": None}
    file = setup.destination.file
    mappings: list[Json] = [mapping.name for mapping in file.mappings]
    filters: list[Json] = [one.name for one in file.filters]
    return {
        **described,
        "destination": {
            "mappings": mappings,
            "filters": filters,
            "function": file.function is not None,
            "plan": file.plan is not None,
        },
    }
