"""Write recorded SDK requests for other programs: curl, pytest, HAR."""

import json
import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from math import isinf
from pathlib import Path
from pprint import pformat
from typing import Final

from segment_pendo import __version__
from segment_pendo.base import js_json, times
from segment_pendo.base.hosts import HOME_URL
from segment_pendo.base.urls import target
from segment_pendo.explain.prediction import Event, predicted
from segment_pendo.explain.records import plain_record
from segment_pendo.mapping.setup import Setup
from segment_pendo.recordings.format import Entry, RecordedCall
from segment_pendo.segment.members import WORD_OF
from segment_pendo.words import Json, JsonObject, SdkRequest

__all__ = ["curl", "har", "pytest"]


def curl(requests: Iterable[tuple[SdkRequest, datetime | None]]) -> str:
    """Return a shell script that sends the requests in order."""
    lines = ["#!/bin/sh", f"url=${{SEGMENT_PENDO_URL:-{HOME_URL}}}"]
    for request, _ in requests:
        parts = ["curl", "-gsS", "-X", shlex.quote(request.method)]
        parts += [f"-H {shlex.quote(f'{name}: {value}')}" for name, value in request.headers]
        if request.body:
            parts.append(f"--data-binary {shlex.quote(request.body.decode('utf-8', 'surrogateescape'))}")
        lines.append(" ".join([*parts, '"$url"' + shlex.quote(target(request.path, request.query))]))
        lines.append("echo")
    return "\n".join(lines) + "\n"


# The members that an expectation of each type names; first what the call is about.
_EXPECTED: Final = {
    "identify": ("userId", "anonymousId", "traits"),
    "group": ("groupId", "userId", "anonymousId", "traits"),
    "track": ("event", "userId", "anonymousId", "properties"),
    "page": ("name", "userId", "anonymousId", "properties"),
    "screen": ("name", "userId", "anonymousId", "properties"),
    "alias": ("userId", "previousId", "anonymousId"),
    "any_call": ("userId", "anonymousId"),
}
_MOST_RECORDS: Final = 20


def pytest(setup: Setup, entries: Sequence[Entry], name: str) -> str:
    """Return a test that uses the pytest plugin: the calls of the recording `name`, then Pendo's records."""
    calls = [_expected(entry, recorded) for entry in entries for recorded in entry.calls]
    options = _options(setup)
    used = sorted({text.partition("(")[0] for text in calls})
    lines = [
        '"""Made by segment-pendo from a recording; edit it as you like."""',
        "",
        *(["import pytest", ""] if options else []),
        f"from segment_pendo.testing import {', '.join(['Harness', *used])}",
        "",
        "",
        *([f"@pytest.mark.segment_pendo({options})"] if options else []),
        f"def test_{_identifier(name)}(segment_pendo: Harness) -> None:",
        "    # Replace this line by what makes your app send these calls to segment_pendo.host.",
        f"    segment_pendo.replay({name!r})",
        "    segment_pendo.in_order(",
        *(f"        {text}," for text in calls),
        "    )",
    ]
    state = predicted(_webhooks(entries), setup.pendo, track=setup.track and setup.pendo_track).state()
    for kind, plural in (("visitor", "visitors"), ("account", "accounts")):
        records = state[plural]
        for record_id, record in list(records.items())[:_MOST_RECORDS] if isinstance(records, dict) else ():
            held = plain_record(record if isinstance(record, dict) else {})
            lines.append(
                f"    assert segment_pendo.{kind}({record_id!r}) == {_literal(js_json.write(held), 8)}"
            )
    return "\n".join(lines) + "\n"


def _webhooks(entries: Iterable[Entry]) -> Iterator[Event]:
    for entry in entries:
        for recorded in entry.calls:
            if recorded.body is not None:
                event = js_json.read(recorded.body.encode()).value
                yield Event(event, int(recorded.at.timestamp() * 1000), str(recorded.number))


def _identifier(name: str) -> str:
    return re.sub(r"\W+", "_", Path(name).stem, flags=re.ASCII).strip("_").lower() or "calls"


def _options(setup: Setup) -> str:
    described = setup.described()
    chosen = {
        "track": setup.track,
        "webhook": setup.webhook,
        "assume": described["assume"],
        "pendo_track": setup.pendo_track,
    }
    defaults = {"track": False, "webhook": "actions", "assume": {}, "pendo_track": True}
    return ", ".join(f"{name}={value!r}" for name, value in chosen.items() if value != defaults[name])


def _expected(entry: Entry, recorded: RecordedCall) -> str:
    kind, call = entry.type_of(recorded), recorded.call if isinstance(recorded.call, dict) else {}
    kind = kind if kind in _EXPECTED else "any_call"
    given = [(WORD_OF[key], call[key]) for key in _EXPECTED[kind] if call.get(key) not in (None, {})]
    parts = [f"{name}={_literal(js_json.keep(value), 12)}" for name, value in given]
    first = WORD_OF[_EXPECTED[kind][0]]
    if first != "user" and parts:  # what the call is about needs no name
        parts[0] = parts[0].removeprefix(f"{first}=")
    if recorded.code is not None:
        parts.append(f"code={recorded.code!r}")
    return f"{kind}({', '.join(parts)})"


def _literal(text: bytes, indent: int) -> str:
    """Return a JSON text as Python writes its value."""
    value = json.loads(text, parse_int=_integer)
    return pformat(value, width=120, sort_dicts=False).replace("\n", "\n" + " " * indent)


class _Infinite(float):
    """A number beyond all doubles; its repr is a literal of Python."""

    def __repr__(self) -> str:
        return "1e999" if self > 0 else "-1e999"


def _integer(digits: str) -> float:
    number = float(digits)  # unlike int, it takes any length
    return _Infinite(number) if isinf(number) else int(digits)


def har(requests: Iterable[tuple[SdkRequest, datetime | None]]) -> str:
    """Return an HTTP archive (HAR 1.2) of the requests, as if to api.segment.io."""
    entries: list[Json] = [_har_entry(request, at) for request, at in requests]
    creator: Json = {"name": "segment-pendo", "version": __version__}
    archive: Json = {"log": {"version": "1.2", "creator": creator, "entries": entries}}
    return js_json.keep(archive).decode() + "\n"


def _har_entry(request: SdkRequest, at: datetime | None) -> Json:
    headers: list[Json] = [{"name": name, "value": value} for name, value in request.headers]
    posted: Json = {"mimeType": "application/json", "text": request.body.decode("utf-8", "replace")}
    asked: JsonObject = {
        "method": request.method,
        "url": f"https://api.segment.io{target(request.path, request.query)}",
        "httpVersion": "HTTP/1.1",
        "headers": headers,
        "queryString": [],
        "cookies": [],
        "headersSize": -1,
        "bodySize": len(request.body),
    }
    return {
        "startedDateTime": times.text(at) if at else "",
        "time": 0,
        "request": asked | ({"postData": posted} if request.body else {}),
        "response": _HAR_RESPONSE,
        "cache": {},
        "timings": {"send": 0, "wait": 0, "receive": 0},
    }


_HAR_RESPONSE: Final[Json] = {
    "status": 200,
    "statusText": "OK",
    "httpVersion": "HTTP/1.1",
    "headers": [],
    "cookies": [],
    "content": {"size": 17, "mimeType": "application/json", "text": '{"success": true}'},
    "redirectURL": "",
    "headersSize": -1,
    "bodySize": 17,
}
