"""Recorded SDK requests in the forms of other programs."""

import shlex
from collections.abc import Iterable
from datetime import datetime

from segment_pendo import __version__, js_json
from segment_pendo.segment import times
from segment_pendo.words import Json, SdkRequest

__all__ = ["curl", "har"]

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
