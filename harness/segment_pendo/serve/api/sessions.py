"""The API's sessions: an address of its own for one test, and what came to it, in whatever language."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import wraps
from itertools import groupby
from typing import Final

from aiohttp import web

from segment_pendo.base import js_json
from segment_pendo.base.prose import plain, short
from segment_pendo.base.steps import Steps
from segment_pendo.base.suggestion import unknown
from segment_pendo.base.times import text
from segment_pendo.pendo.records import Records
from segment_pendo.serve.listener import json_answer, refused_change
from segment_pendo.serve.questions import NAMES, whole_number
from segment_pendo.serve.store import Store
from segment_pendo.serve.store.filters import FilterError
from segment_pendo.serve.store.sessions import KeptSession, Sessions
from segment_pendo.words import JsonObject

__all__ = ["SessionsApi", "known_session", "replayed"]

_MOST: Final = 1000
_LONGEST_NAME: Final = 200
_MOST_WEBHOOKS: Final = 2000
_MEMBERS: Final = ("name",)


class SessionsApi:
    """Opens and lists sessions. `addresses` returns those of the run."""

    def __init__(self, sessions: Sessions, addresses: Callable[[], JsonObject]) -> None:
        self._sessions = sessions
        self._addresses = addresses

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/_/sessions", self._listed), web.post("/_/sessions", self._open)]

    async def _listed(self, request: web.Request) -> web.Response:
        """Answer with the sessions, the newest first, and how many calls each has."""
        try:
            found = self._sessions.newest(whole_number(request, "limit", 100, _MOST))
        except ValueError as error:
            return json_answer({"error": str(error)}, 400)
        return json_answer({"sessions": [self._row(session) | {"calls": calls} for session, calls in found]})

    async def _open(self, request: web.Request) -> web.Response:
        """Open a session; the body may give it a name: {"name": "..."}."""
        refused = refused_change(request)
        if refused is not None:
            return refused
        try:
            name = _name(await request.read())
        except FilterError as error:
            return json_answer({"error": str(error)}, 400)
        return json_answer(self._row(self._sessions.open(name)), 201)

    def _row(self, session: KeptSession) -> JsonObject:
        addresses = self._addresses()
        tls = addresses.get("tls")
        return {
            "id": session.id,
            "name": session.name,
            "time": text(session.at),
            "url": f"{addresses['home']}{session.prefix}",
            "tls": f"{tls}{session.prefix}" if tls else None,
            "prefix": session.prefix,
        }


def _name(body: bytes) -> str | None:
    """Return the name in a body. Raises FilterError."""
    if not body.strip():
        return None
    try:
        asked = js_json.read(body).value
    except (ValueError, RecursionError):
        asked = None
    if not isinstance(asked, dict):
        msg = 'send nothing, or {"name": "a name for this session"}'
        raise FilterError(msg)
    wrong = unknown(map(plain, asked), _MEMBERS, "a session has no")
    name = asked.get("name")
    if not wrong and not (name is None or (isinstance(name, str) and len(name) <= _LONGEST_NAME)):
        wrong = f"the name of a session is a text of at most {_LONGEST_NAME} characters"
    if wrong:
        raise FilterError(wrong)
    return name if isinstance(name, str) else None


def known_session(route: web.RouteDef, sessions: Sessions) -> web.RouteDef:
    """Return a route that answers 404 where it is asked about a session that does not exist."""
    if "session" not in NAMES.get((route.method, route.path), ()):
        return route
    handler = route.handler

    @wraps(handler)
    async def answer(request: web.Request) -> web.StreamResponse:
        asked = request.query.get("session")
        if asked is not None and asked not in sessions:
            wrong = (
                f"there is no session {short(plain(asked), 100)!r}: a run knows those opened in it, "
                "and in earlier runs with its store. POST /_/sessions opens one, GET /_/sessions lists them."
            )
            return json_answer({"error": wrong}, 404)
        response: web.StreamResponse = await handler(request)
        return response

    return web.RouteDef(route.method, route.path, answer, route.kwargs)


def replayed(store: Store, session: str, records: Records) -> Steps[None]:
    """Give the delivered webhooks of a session to records, as they were delivered, a request a step.

    Raises FilterError where they are too many for one answer.
    """
    rows = store.database.execute(
        "select a.n, a.place, a.at from attempts a join receipts r on r.n = a.n "
        "where r.session = ? and a.state = 'delivered' order by a.turn limit ?",
        (session, _MOST_WEBHOOKS + 1),
    ).fetchall()
    if len(rows) > _MOST_WEBHOOKS:
        msg = (
            f"this session has more than {_MOST_WEBHOOKS} delivered webhooks; open one for each test, or ask "
            "without session"
        )
        raise FilterError(msg)
    for number, group in groupby(rows, key=lambda row: row[0]):
        _apply(store, number, [(place, at) for _, place, at in group], records)
        yield None


def _apply(store: Store, number: int, delivered: Sequence[tuple[int, str]], records: Records) -> None:
    """Give the webhooks at these places of a receipt to records, each with the time of its delivery."""
    kept = {
        call.receipt.ref(call.judged).place: call
        for call in store.calls.of(number, {place for place, _ in delivered})
    }
    for place, at in delivered:
        webhook = kept[place].judged.webhook if place in kept else None
        if webhook is not None:
            now = int(datetime.fromisoformat(at).timestamp() * 1000)
            body = js_json.read(webhook.body, depth=js_json.MAX_DEPTH + 1).value
            records.apply(body, now, str(kept[place].row["id"]))
