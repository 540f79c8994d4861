"""Read SDK requests from files of other programs: HAR, NDJSON archives of Segment events, captured requests.

mitmproxy's flow files are read by its own library (segment_pendo_addons.flows).
"""

import base64
import binascii
import gzip
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import urlsplit

from segment_pendo.base import js_json, times
from segment_pendo.base.errors import SegmentPendoError
from segment_pendo.recordings.calls_file import items
from segment_pendo.segment.members import BY_SERVERS
from segment_pendo.words import Json, JsonObject, SdkRequest

__all__ = ["ImportFailure", "Imported", "har", "ndjson"]


class ImportFailure(SegmentPendoError):
    """A file is not what it should be; the text says why."""


class Imported(NamedTuple):
    """One SDK request and when it was received."""

    request: SdkRequest
    at: datetime


def har(data: bytes) -> Iterator[Imported]:
    """Yield every request of an HTTP archive (HAR 1.2), in its order. Raises ImportFailure."""
    try:
        value = js_json.read(data).value
    except (ValueError, RecursionError):
        msg = "it is not JSON"
        raise ImportFailure(msg) from None
    log = value.get("log") if isinstance(value, dict) else None
    entries = log.get("entries") if isinstance(log, dict) else None
    if not isinstance(entries, list):
        msg = "it has no log.entries, so it is not an HTTP archive"
        raise ImportFailure(msg)
    for entry in entries:
        request = entry.get("request") if isinstance(entry, dict) else None
        if isinstance(entry, dict) and isinstance(request, dict):
            at = times.parse(entry.get("startedDateTime"))
            yield Imported(_of_har(request), at or datetime.now(UTC))


def _of_har(request: JsonObject) -> SdkRequest:
    parts = urlsplit(str(request.get("url", "")))
    posted = request.get("postData")
    text = posted.get("text") if isinstance(posted, dict) else None
    body = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else b""
    if isinstance(posted, dict) and posted.get("encoding") == "base64":
        try:
            body = base64.b64decode(body)
        except (binascii.Error, ValueError):
            body = b""
    listed = request.get("headers")
    pairs = [pair for pair in listed if isinstance(pair, dict)] if isinstance(listed, list) else []
    # The text of an archive is decoded already.
    headers = [(str(pair.get("name")), str(pair.get("value"))) for pair in pairs]
    kept = tuple(
        (name, text)
        for name, text in headers
        if name.lower() != "content-encoding" or body.startswith(b"\x1f\x8b")
    )
    return SdkRequest(
        str(request.get("method", "")).upper(), parts.path, parts.query, kept, body, parts.hostname or ""
    )


def ndjson(data: bytes) -> Iterator[Imported]:
    """Yield the requests of an NDJSON archive, which may be gzipped. Raises ImportFailure.

    An event becomes a request to Segment's HTTP API; a captured request stays as it is.
    """
    if data.startswith(b"\x1f\x8b"):
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error):
            msg = "its gzip is damaged"
            raise ImportFailure(msg) from None
    for item in items(data):
        if item.error is not None:
            msg = f"line {item.line}: {item.error[1]}"
            raise ImportFailure(msg)
        if item.request is not None:
            yield Imported(item.request, datetime.now(UTC))
        elif item.call is not None:
            yield _of_event(item.call, item.line)


def _of_event(event: JsonObject, line: int) -> Imported:
    kind = event.get("type")
    if not isinstance(kind, str):
        msg = f"line {line}: this object has no type; expected a Segment event or a captured request"
        raise ImportFailure(msg)
    call: JsonObject = {key: value for key, value in event.items() if key not in BY_SERVERS}
    if "originalTimestamp" in event:
        call["timestamp"] = event["originalTimestamp"]
    at = times.parse(event.get("receivedAt")) or datetime.now(UTC)
    body: Json = call
    return Imported(SdkRequest("POST", f"/v1/{kind}", body=js_json.keep(body)), at)
