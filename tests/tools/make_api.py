"""Make openapi.json and docs/http-api.md again from the routes, the names that they take, and the rows.

`uv run python tests/tools/make_api.py`
"""

import json
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import msgspec
from aiohttp import web

from segment_pendo import __version__
from segment_pendo.explain.rows import CallRow
from segment_pendo.mapping.setup import Setup
from segment_pendo.segment.webhooks import KINDS
from segment_pendo.serve.api import inspector
from segment_pendo.serve.home import Home
from segment_pendo.serve.listener import CHANGE_HEADER
from segment_pendo.serve.questions import NAMES
from segment_pendo.serve.relay import Relay
from segment_pendo.serve.store import Store
from segment_pendo.serve.store.timeline import COUNTS

OPENAPI = Path(inspector.__file__).with_name("openapi.json")
PAGE = Path(__file__).parents[2] / "docs" / "http-api.md"

# Each operation: what it does, the name of its answer in _ANSWERS, the statuses besides 200 and 400.
OPERATIONS: Final[dict[tuple[str, str], tuple[str, str, tuple[int, ...]]]] = {
    ("GET", "/_/calls"): ("Rows of calls, a page at a time.", "Calls", ()),
    ("DELETE", "/_/calls"): ("Forgets all calls or those of a session, delivered or not.", "Done", (403,)),
    ("GET", "/_/wait"): (
        "Waits until count rows match and wait for no delivery; 408 with what came.",
        "Calls",
        (408,),
    ),
    ("GET", "/_/stream"): ("Server-sent events: what happens from now on, or since an id.", "Stream", (503,)),
    ("GET", "/_/explain"): (
        "A call's row, its fate, and where each of its values goes.",
        "Explained",
        (404,),
    ),
    ("GET", "/_/why"): ("Why a user, an account or a trait is, or is not, in Pendo.", "Why", ()),
    ("GET", "/_/records"): ("Visitors or accounts that the Pendo on loopback holds, by id.", "Records", ()),
    ("GET", "/_/state"): (
        "All that the Pendo on loopback holds, or one record with its history.",
        "State",
        (404,),
    ),
    ("GET", "/_/findings"): (
        "Each code of the calls: how many have it, what it means, what to do.",
        "Findings",
        (),
    ),
    ("GET", "/_/summary"): ("How far calls got, and how this run is set up.", "Summary", ()),
    ("GET", "/_/refused"): ("Requests that brought no call, and why.", "Refused", ()),
    ("GET", "/_/timeline"): ("Calls and deliveries by steps of time, oldest first.", "Timeline", ()),
    ("GET", "/_/what-if"): (
        "Which calls would end otherwise, were the destination set up otherwise; the run stays as it is.",
        "WhatIf",
        (),
    ),
    ("GET", "/_/health"): ("Whether it runs, and what waits.", "Health", ()),
    ("POST", "/_/send-again"): (
        "Sends the webhook of a call again, also a delivered one.",
        "Done",
        (403, 404, 409),
    ),
    ("GET", "/_/sessions"): ("Sessions, the newest first, and how many calls each has.", "Sessions", ()),
    ("POST", "/_/sessions"): ("Opens a session: an address of its own for one test.", "Session", (403,)),
    ("POST", "/_/reset"): (
        "Forgets all calls, faults, and what the Pendo on loopback holds; sessions stay.",
        "Done",
        (403,),
    ),
    ("GET", "/_/faults"): ("The faults of this run; docs/faults.md.", "Faults", ()),
    ("POST", "/_/faults"): ("Adds faults.", "Faults", (403,)),
    ("DELETE", "/_/faults"): ("Forgets all faults.", "Faults", (403,)),
    ("GET", "/_/metrics"): ("Counts for Prometheus, in its text format.", "Metrics", ()),
    ("GET", "/_/openapi.json"): ("This API in OpenAPI 3.1.", "Done", ()),
}
# Parts of the page itself, which nobody else needs.
PAGE_ONLY: Final = re.compile(r"/_/page[./].*")
BODIES: Final[dict[tuple[str, str], dict[str, Any]]] = {
    ("POST", "/_/send-again"): {
        "type": "object",
        "required": ["call"],
        "additionalProperties": False,
        "properties": {"call": {"type": "string", "description": "The id of a row."}},
    },
    ("POST", "/_/faults"): {"type": "array", "items": {"type": "object"}},
    ("POST", "/_/sessions"): {
        "type": "object",
        "additionalProperties": False,
        "properties": {"name": {"type": ["string", "null"], "maxLength": 200}},
    },
}
# Where a body may be left out.
OPTIONAL: Final = frozenset({("POST", "/_/sessions")})
# What is answered other than 200 where all went well.
_DONE: Final[dict[tuple[str, str], int]] = {("POST", "/_/sessions"): 201}
_TEXT: Final = {"type": "string"}
_WHOLE: Final = {"type": "integer", "minimum": 0}
_FLAG: Final = {"enum": ["1", "0"]}
# What each name means, and its schema.
PARAMETERS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "type": ("The type of the call, as sent.", _TEXT),
    "event": ("The name of the track event, as sent.", _TEXT),
    "user": ("The userId, as sent; other than a text as JSON.", _TEXT),
    "group": ("The groupId, as sent.", _TEXT),
    "trait": ("The name of a trait or property that was sent.", _TEXT),
    "outcome": (
        "webhook, or skipped: dropped by Segment, or unselected by the destination.",
        {"enum": ["webhook", "skipped", "dropped", "unselected"]},
    ),
    "delivery": ("States of the delivery with commas between: waiting, delivered, held, dead.", _TEXT),
    "code": ("The code of a finding, or of why the call was skipped, in whatever case.", _TEXT),
    "level": (
        "A call with a finding, or a reason to be skipped, of at least this level.",
        {"enum": ["error", "warning", "info"]},
    ),
    "q": (
        "Words that all stand in type, event, user, group, codes or names of traits, in whatever case.",
        _TEXT,
    ),
    "door": ("Where the call came in.", {"enum": ["home", "proxy", "tls"]}),
    "session": ("The id of a session: only what came to its address.", _TEXT),
    "source": ("An app: its name, or **** and the last four characters of its write key.", _TEXT),
    "since": ("Only what came at this ISO 8601 time or later.", _TEXT),
    "until": ("Only what came before this ISO 8601 time.", _TEXT),
    "limit": ("The most rows of an answer; 100 by default.", {**_WHOLE, "maximum": 1000}),
    "after": (
        "Only what comes after: the next of an earlier answer; of the stream: an id, stream or next.",
        _TEXT,
    ),
    "before": ("With newest=1: only what came before, the next of an earlier answer.", _TEXT),
    "newest": ("1: the newest first.", _FLAG),
    "count": ("How many rows; 1 by default.", {**_WHOLE, "maximum": 1000}),
    "timeout": ("Seconds; 5 by default.", {"type": "number", "minimum": 0, "maximum": 600}),
    "call": ("The id of a row.", _TEXT),
    "device": ("1: also what device mode would do.", _FLAG),
    "track": ("As if the trigger selected track calls, or not.", _FLAG),
    "webhook": ("As if it were this one of Segment's webhook destinations.", {"enum": [*KINDS]}),
    "assume": ("As if these assumptions were made: NAME=VALUE, with commas between.", _TEXT),
    "visitor": ("The id of one visitor.", _TEXT),
    "account": ("The id of one account.", _TEXT),
    "kind": ("Which records.", {"enum": ["visitor", "account"]}),
}
_OTHER: Final[dict[tuple[str, str], str]] = {
    ("/_/why", "user"): "The id of a user, as sent; or give group.",
    ("/_/why", "group"): "The id of an account, as sent.",
    ("/_/why", "trait"): "The name of a trait, as sent.",
    ("/_/records", "q"): "A text in the id, a field or its value, in whatever case.",
    ("/_/records", "after"): "Only ids after this one.",
    ("/_/records", "session"): "What Pendo would hold if only this session's delivered webhooks had come.",
    ("/_/state", "session"): "What Pendo would hold if only this session's delivered webhooks had come.",
    ("/_/summary", "session"): "Counts and records of this session's calls alone.",
    ("/_/stream", "session"): "Only what this session's calls do, and what is said to everybody.",
    ("/_/why", "session"): "Judges by this session's calls alone.",
}
REQUIRED: Final = frozenset({("/_/records", "kind"), ("/_/explain", "call")})
_REASONS: Final = {
    400: "A name or value that is not known; the text says which are.",
    403: f"Without the header {CHANGE_HEADER}: 1, or from another page.",
    404: "There is no such call, record or session.",
    408: "The time is up; what matches so far.",
    409: "It cannot be sent again; the text says why.",
    503: "Too many streams are open, or the run ends.",
}


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": [*properties]}


def _list(of: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": of}


_NUMBER: Final = {"type": "integer"}
_MAYBE: Final = {"type": ["string", "null"]}
_ANY: Final = {"type": "object"}
_COUNTS: Final = (
    "requests", "refused", "received", "dropped", "unselected", "webhooks", "waiting", "delivered", "held",
    "dead", "lossy", "errors", "warnings",
)  # fmt: skip
_SESSION: Final = _object(id=_TEXT, name=_MAYBE, time=_TEXT, url=_TEXT, tls=_MAYBE, prefix=_TEXT)
_ANSWERS: Final[dict[str, dict[str, Any]]] = {
    "Calls": {
        **_object(calls=_list({"$ref": "#/components/schemas/CallRow"}), next=_TEXT),
        "description": "stream, with newest=1: where the stream goes on after these rows.",
    },
    "Explained": {"$ref": "#/components/schemas/CallRow"},
    "Why": _object(
        kind=_TEXT,
        id=_TEXT,
        trait=_MAYBE,
        there={"type": "boolean"},
        reason=_TEXT,
        verdict=_TEXT,
        lines=_list(_object(label=_TEXT, text=_TEXT)),
    ),
    "Records": _object(records=_list(_ANY), total=_NUMBER, next=_MAYBE),
    "Findings": _object(
        findings=_list(
            _object(
                code=_TEXT,
                level=_TEXT,
                count=_NUMBER,
                once={"type": "boolean"},
                first=_TEXT,
                last=_TEXT,
                means=_MAYBE,
                do=_MAYBE,
            )
        )
    ),
    "Session": _SESSION,
    "Sessions": _object(sessions=_list(_object(**_SESSION["properties"], calls=_NUMBER))),
    "Refused": _object(
        refused=_list(_object(id=_TEXT, time=_TEXT, status=_NUMBER, code=_TEXT, reason=_TEXT, path=_TEXT)),
        next=_TEXT,
    ),
    "WhatIf": _object(
        setup=_ANY,
        webhooks=_list(_TEXT),
        switches=_list(_object(name=_TEXT, asks=_TEXT, values=_ANY, value=_TEXT)),
        looked=_NUMBER,
        partial={"type": "boolean"},
        changed=_NUMBER,
        was=_ANY,
        now=_ANY,
        rows=_list(_object(id=_TEXT, time=_TEXT, type=_MAYBE, user={}, group={}, was=_TEXT, now=_TEXT)),
    ),
    "Timeline": _object(
        step=_NUMBER,
        bars=_list(_object(time=_TEXT, **dict.fromkeys(COUNTS, _NUMBER))),
    ),
    "Summary": _object(
        version=_TEXT,
        pipeline=_object(**dict.fromkeys(_COUNTS, _NUMBER)),
        records=_object(visitors=_NUMBER, accounts=_NUMBER),
        destination=_TEXT,
        region=_TEXT,
        newestAttempt={"type": ["object", "null"]},
        delivers={"type": "boolean"},
        setup=_ANY,
        addresses=_ANY,
        mute=_list(_TEXT),
    ),
    "Health": _object(
        status=_TEXT, version=_TEXT, uptime={"type": "number"}, totals=_ANY, deliveries=_ANY, outbox=_ANY
    ),
    "Faults": _object(seed={}, faults=_list(_ANY)),
    "State": _ANY,
    "Done": _ANY,
}


def routes() -> list[tuple[str, str]]:
    """Every operation below /_/ that a home port has, but for the page's own files."""
    with closing(Store(None, setup=Setup())) as store:
        home = Home(Relay([], setup=Setup()), store)
        found = [(route.method, route.path) for route in home.own_routes if isinstance(route, web.RouteDef)]
    return [
        (method, path) for method, path in found if path.startswith("/_/") and not PAGE_ONLY.fullmatch(path)
    ]


def _parameter(path: str, name: str) -> dict[str, Any]:
    means, schema = PARAMETERS[name]
    required = {"required": True} if (path, name) in REQUIRED else {}
    means = _OTHER.get((path, name), means)
    return {"name": name, "in": "query", "description": means, **required, "schema": schema}


_NOT_JSON: Final = {"Stream": "text/event-stream", "Metrics": "text/plain"}


def _answer(name: str) -> dict[str, Any]:
    if name in _NOT_JSON:
        return {_NOT_JSON[name]: {"schema": _TEXT}}
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}


def _operation(method: str, path: str) -> dict[str, Any]:
    says, answer, statuses = OPERATIONS[method, path]
    names = NAMES.get((method, path), ())
    parameters = [_parameter(path, name) for name in names]
    if method != "GET":
        parameters.append({"name": CHANGE_HEADER, "in": "header", "required": True, "schema": {"const": "1"}})
    done = str(_DONE.get((method, path), 200))
    responses: dict[str, Any] = {done: {"description": "As asked.", "content": _answer(answer)}}
    for status in sorted({400, *statuses, *([404] if "session" in names else [])}):
        named = answer if status == 408 else "Error"
        responses[str(status)] = {"description": _REASONS[status], "content": _answer(named)}
    body = BODIES.get((method, path))
    content = {"application/json": {"schema": body}}
    needed = (method, path) not in OPTIONAL
    taken = {"requestBody": {"required": needed, "content": content}} if body else {}
    name = f"{method.lower()}_{path.removeprefix('/_/').replace('-', '_').replace('.', '_')}"
    return {"operationId": name, "summary": says, "parameters": parameters, **taken, "responses": responses}


def openapi_text() -> str:
    """The description of the API in OpenAPI 3.1."""
    paths: dict[str, Any] = {}
    for method, path in routes():
        paths.setdefault(path, {})[method.lower()] = _operation(method, path)
    _, rows = msgspec.json.schema_components([CallRow], ref_template="#/components/schemas/{name}")
    schemas = {**_ANSWERS, "Error": _object(error=_TEXT), **rows}
    document = {
        "openapi": "3.1.0",
        "info": {
            "title": "segment-pendo",
            "version": __version__,
            "description": "What a running segment-pendo tells, on this machine only; docs/http-api.md.",
        },
        "servers": [{"url": "http://127.0.0.1:4170"}],
        "paths": paths,
        "components": {"schemas": schemas},
    }
    return json.dumps(document, indent=1, sort_keys=False) + "\n"


HEAD = Path(__file__).with_name("api_page.md").read_text("utf-8")


def page() -> str:
    """The page for people."""
    return HEAD + "\n".join(_sections()) + "\n"


def _sections() -> Iterator[str]:
    yield "| path | does | names of the query |"
    yield "| --- | --- | --- |"
    for method, path in routes():
        names = ", ".join(f"`{name}`" for name in NAMES.get((method, path), ()))
        yield f"| `{method} {path}` | {OPERATIONS[method, path][0]} | {names or 'none'} |"
    yield ""
    yield "## Names"
    yield ""
    yield "| name | means |"
    yield "| --- | --- |"
    for name, (means, _) in PARAMETERS.items():
        yield f"| `{name}` | {means} |"
    for (path, name), means in _OTHER.items():
        yield f"| `{name}` at `{path}` | {means} |"


if __name__ == "__main__":
    OPENAPI.write_text(openapi_text(), "utf-8", newline="\n")
    PAGE.write_text(page(), "utf-8", newline="\n")
