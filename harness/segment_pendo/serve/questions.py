"""What may be asked at each path of the API: names of the query, and the values that they take.

A name that is not known is told and never ignored: a misspelt filter would answer with other people's calls.
"""

import re
from collections.abc import Iterable
from functools import wraps
from typing import Final, Literal

from aiohttp import web

from segment_pendo.base.prose import plain, short
from segment_pendo.base.suggestion import nearest, unknown
from segment_pendo.serve.store.filters import FILTERS, FilterError, instant
from segment_pendo.serve.store.timeline import ALL_TIME, Span

__all__ = [
    "CHANGE_HEADER",
    "NAMES",
    "WITH_BODY",
    "checked",
    "filters",
    "flag",
    "is_newest_first",
    "kind_of",
    "number",
    "span",
    "unknown_path",
    "whole_number",
]

type Kind = Literal["visitor", "account"]

_SETUP: Final = ("track", "webhook", "assume")
_CALLS: Final = (*FILTERS, "limit", "after", "before", "newest")
# Every other path of the API takes no names.
NAMES: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("GET", "/_/calls"): _CALLS,
    ("DELETE", "/_/calls"): ("session",),
    ("GET", "/_/wait"): (*FILTERS, "count", "timeout", "after"),
    ("GET", "/_/stream"): ("session", "after"),
    ("GET", "/_/findings"): ("session",),
    ("GET", "/_/refused"): ("since", "until", "session", "limit", "after", "before", "newest"),
    ("GET", "/_/summary"): ("session",),
    ("GET", "/_/timeline"): ("since", "until", "session"),
    ("GET", "/_/records"): ("kind", "q", "session", "limit", "after"),
    ("GET", "/_/sessions"): ("limit",),
    ("GET", "/_/explain"): ("call", "device", *_SETUP),
    ("GET", "/_/what-if"): _SETUP,
    ("GET", "/_/state"): ("visitor", "account", "session"),
    ("GET", "/_/why"): ("user", "group", "trait", "session"),
}
WITH_BODY: Final = frozenset({("POST", "/_/faults"), ("POST", "/_/send-again"), ("POST", "/_/sessions")})
# A request that changes something must have it: a foreign page needs a preflight for it, which is refused.
CHANGE_HEADER: Final = "X-Segment-Pendo"
_READING: Final = frozenset({"GET", "HEAD"})
_NOTHING: Final = frozenset({b"", b"{}", b"null"})  # what clients send where there is nothing to say
_WHOLE: Final = re.compile("[0-9]{1,9}")
_NUMBER: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")


def checked(route: web.RouteDef) -> web.RouteDef:
    """Return a route which, at a path of the API, refuses names that are unknown or come twice.

    It also refuses a body where none is looked at: whoever sends one believes that it says something.
    """
    if not route.path.startswith("/_/"):
        return route
    names, handler = NAMES.get((route.method, route.path), ()), route.handler
    takes_body = (route.method, route.path) in WITH_BODY

    @wraps(handler)
    async def answer(request: web.Request) -> web.StreamResponse:
        wrong = _wrong_names(request, names)
        may = request.method in _READING or request.headers.get(CHANGE_HEADER) == "1"
        if may and not wrong and not takes_body and (await request.read()).strip() not in _NOTHING:
            wrong = f"{request.method} {request.path} takes no body; names stand in the query"
        if wrong:
            return web.json_response({"error": wrong}, status=400)
        response: web.StreamResponse = await handler(request)
        return response

    return web.RouteDef(route.method, route.path, answer, route.kwargs)


def _wrong_names(request: web.Request, names: tuple[str, ...]) -> str:
    given = [name for name, _ in request.query.items()]
    twice = next((name for name in given if given.count(name) > 1 and name in names), None)
    if twice is not None:
        return f"{twice} is given twice; ask once for each value"
    shown = [name if name in names else plain(name) for name in given]
    if not names and given:
        return f"{request.path} takes no query, but has {shown[0]!r}"
    return unknown(shown, names, f"{request.path} has no")


def unknown_path(request: web.Request, routes: Iterable[web.RouteDef]) -> web.Response:
    """Return the answer below /_/ where no route takes a request, with what may have been meant."""
    known = [route for route in routes if route.path.startswith("/_/")]
    methods = sorted({route.method for route in known if route.path == request.path})
    shown = short(plain(request.path), 100)
    if methods:
        error = f"{shown} takes {' and '.join(methods)}, not {plain(request.method)}"
        answer = web.json_response({"error": error}, status=405)
        answer.headers["Allow"] = ", ".join(methods)
        return answer
    tail = request.path.removeprefix("/_/")
    near = nearest(tail, [route.path.removeprefix("/_/") for route in known])
    hint = f"did you mean /_/{near}?" if near else "/_/openapi.json has every path"
    return web.json_response({"error": f"there is no {shown} here; {hint}"}, status=404)


def filters(request: web.Request) -> dict[str, str]:
    """Return the filters of calls that are asked for."""
    return {name: request.query[name] for name in FILTERS if name in request.query}


def span(request: web.Request) -> Span:
    """Return from when to when is asked for. Raises FilterError."""
    given = {name: instant(name, request.query[name]) for name in Span._fields if name in request.query}
    return ALL_TIME._replace(**given)


def whole_number(request: web.Request, name: str, default: int, most: int) -> int:
    """Return a whole number from 0 to `most`. Raises FilterError."""
    value = request.query.get(name)
    if value is None:
        return default
    if not _WHOLE.fullmatch(value) or int(value) > most:
        msg = f"{name} must be a whole number from 0 to {most}"
        raise FilterError(msg)
    return int(value)


def number(request: web.Request, name: str, default: float, most: float) -> float:
    """Return a number from 0 to `most`. Raises FilterError."""
    value = request.query.get(name)
    if value is None:
        return default
    if not _NUMBER.fullmatch(value) or float(value) > most:
        msg = f"{name} must be a number from 0 to {most:g}"
        raise FilterError(msg)
    return float(value)


def is_newest_first(request: web.Request) -> bool:
    """Return whether pages go back in time. Raises FilterError where the cursor is for the other way."""
    newest = flag(request, "newest")
    if newest and "after" in request.query:
        msg = "newest=1 goes back in time: use before, not after"
        raise FilterError(msg)
    if "before" in request.query and not newest:
        msg = "before needs newest=1; use after to go on in time"
        raise FilterError(msg)
    return newest


def flag(request: web.Request, name: str) -> bool:
    """Return whether a name is given, as 1; without a value it counts, too. Raises FilterError."""
    value = request.query.get(name, "0")
    if value not in {"", "0", "1"}:
        msg = f"{name} must be 1 or 0"
        raise FilterError(msg)
    return value != "0"


def kind_of(request: web.Request) -> Kind:
    """Return which records are asked for. Raises FilterError."""
    match request.query.get("kind"):
        case "visitor":
            return "visitor"
        case "account":
            return "account"
        case _:
            msg = "kind must be visitor or account"
            raise FilterError(msg)
