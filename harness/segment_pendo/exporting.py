"""Recorded SDK requests in the forms of other programs."""

import json
import re
import shlex
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from pprint import pformat

from segment_pendo import __version__, js_json
from segment_pendo.mapping import Setup
from segment_pendo.recording import Entry, RecordedCall
from segment_pendo.segment import ingest, times
from segment_pendo.words import Json, SdkRequest

__all__ = ["curl", "har", "pytest"]

_HOME = "http://127.0.0.1:4170"


def curl(requests: Iterable[tuple[SdkRequest, datetime | None]]) -> str:
    """A shell script that sends the requests in order."""
    lines = ["#!/bin/sh", f"url=${{SEGMENT_PENDO_URL:-{_HOME}}}"]
    for request, _ in requests:
        parts = ["curl", "-sS", "-X", shlex.quote(request.method)]
        parts += [f"-H {shlex.quote(f'{name}: {value}')}" for name, value in request.headers]
        if request.body:
            parts.append(f"--data-binary {shlex.quote(request.body.decode('utf-8', 'surrogateescape'))}")
        target = request.path + (f"?{request.query}" if request.query else "")
        lines.append(" ".join([*parts, '"$url"' + shlex.quote(target)]))
        lines.append("echo")
    return "\n".join(lines) + "\n"


_ASSERTED = ("type", "userId", "anonymousId", "groupId", "event", "traits", "properties")
_HEAD = """\
\"\"\"Made by `segment-pendo recording export --as pytest`; what it says is yours to edit.\"\"\"

import json
from datetime import datetime
from typing import Any

from segment_pendo.mapping import Setup, assess
from segment_pendo.words import SdkRequest, Webhook

SETUP = Setup(track={track!r}, webhook={webhook!r})


def made(path: str, body: Any, at: str) -> Any:
    \"\"\"What Pendo would get from one call, or Segment's code for why it gets nothing.\"\"\"
    request = SdkRequest("POST", path, body=json.dumps(body).encode())
    (judged,) = assess(request, id="test", at=datetime.fromisoformat(at), setup=SETUP).judged
    return json.loads(judged.outcome.body) if isinstance(judged.outcome, Webhook) else judged.outcome.code
"""


def pytest(setup: Setup, entries: Iterable[Entry]) -> str:
    """A file of tests, one for each recorded call."""
    texts = [_HEAD.format(track=setup.track, webhook=setup.webhook)]
    for entry in entries:
        where = ingest.route(entry.head())
        texts += [_test(entry, one) for one in entry.calls if where is not None and where.kind in {"single", "batch"}]
    return "\n\n".join(texts)


def _test(entry: Entry, one: RecordedCall) -> str:
    body = json.loads(replace(entry, calls=[one]).sdk_request().body)
    name = re.sub(r"\W+", "_", f"{entry.type_of(one)}_{one.code or ''}", flags=re.ASCII).strip("_").lower()
    lines = [f"def test_line_{one.number}_{name}() -> None:"]
    lines.append(f"    result = made({str(entry.value.get('path'))!r}, {_literal(body)}, {times.text(one.at)!r})")
    if one.body is None:
        return "\n".join([*lines, f"    assert result == {one.code!r}\n"])
    event = json.loads(one.body)
    lines += [f"    assert result[{key!r}] == {_literal(event[key])}" for key in _ASSERTED if key in event]
    return "\n".join(lines) + "\n"


def _literal(value: Json) -> str:
    """A value as Python writes it; numbers as JavaScript reads them."""
    return pformat(json.loads(js_json.write(value)), width=110, sort_dicts=False).replace("\n", "\n    ")


def har(requests: Iterable[tuple[SdkRequest, datetime | None]]) -> str:
    """An HTTP archive (HAR 1.2) of the requests to api.segment.io."""
    entries: list[Json] = []
    for request, at in requests:
        url = f"https://api.segment.io{request.path}" + (f"?{request.query}" if request.query else "")
        headers: list[Json] = [{"name": name, "value": value} for name, value in request.headers]
        posted: Json = {"mimeType": "application/json", "text": request.body.decode("utf-8", "replace")}
        entries.append(
            {
                "startedDateTime": times.text(at) if at else "",
                "time": 0,
                "request": {
                    "method": request.method,
                    "url": url,
                    "httpVersion": "HTTP/1.1",
                    "headers": headers,
                    "queryString": [],
                    "cookies": [],
                    "headersSize": -1,
                    "bodySize": len(request.body),
                    **({"postData": posted} if request.body else {}),
                },
                "response": {
                    "status": 200,
                    "statusText": "OK",
                    "httpVersion": "HTTP/1.1",
                    "headers": [],
                    "cookies": [],
                    "content": {"size": 17, "mimeType": "application/json", "text": '{"success": true}'},
                    "redirectURL": "",
                    "headersSize": -1,
                    "bodySize": 17,
                },
                "cache": {},
                "timings": {"send": 0, "wait": 0, "receive": 0},
            }
        )
    archive: Json = {"log": {"version": "1.2", "creator": {"name": "segment-pendo", "version": __version__}, "entries": entries}}
    return js_json.keep(archive).decode() + "\n"
