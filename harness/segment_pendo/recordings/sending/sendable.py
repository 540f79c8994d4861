"""What of a recording may be sent again: only what an SDK could have sent, so that no file does harm."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Final

from segment_pendo.base.prose import plain, short
from segment_pendo.recordings.format import Entry, Header, RecordingError
from segment_pendo.recordings.redaction.redact import KEPT_HEADERS
from segment_pendo.segment import ingest
from segment_pendo.words import Headers, SdkRequest

__all__ = ["sendable", "sendable_headers"]

_HEADERS: Final = frozenset(name.lower() for name in (*KEPT_HEADERS, "Authorization"))
_KINDS: Final = frozenset({"single", "batch", "pixel"})
_CONTROL: Final = re.compile("[\x00-\x1f\x7f]")
_WIDEST: Final = 80


def sendable(entry: Entry, file: Path | str) -> SdkRequest:
    """Return the request of an entry as an SDK would send it again; a token of OAuth is not sent again.

    Raises RecordingError, with file and line, for anything but the methods, paths and headers with which SDKs
    send calls to Segment.
    """
    request = entry.sdk_request()
    wrong = _wrong(request)
    if wrong:
        msg = (
            f"{file}:{entry.number}: {wrong}, so it is not sent again. Correct the line, or have the calls "
            "encoded anew as an SDK does."
        )
        raise RecordingError(msg)
    return replace(request, headers=tuple(pair for pair in request.headers if not _is_token(*pair)))


def _is_token(name: str, value: str) -> bool:
    """Whether a header lets somebody in by more than a write key (I-22)."""
    return name.lower() == "authorization" and not value.lower().startswith("basic ")


def _wrong(request: SdkRequest) -> str:
    where = ingest.route(request)
    target = request.path + request.query
    if where is None or where.kind not in _KINDS:
        said = f"{plain(request.method)} {plain(ingest.masked(request.path))}"
        return f"{short(said, _WIDEST)} is no request by which an SDK sends calls"
    if _CONTROL.search(target):
        return "its path has control characters"
    return _wrong_header(request.headers, _HEADERS)


def _wrong_header(headers: Headers, known: frozenset[str]) -> str:
    for name, value in headers:
        if name.lower() not in known:
            return f"an SDK does not need the header {short(plain(name), _WIDEST)}"
        if _CONTROL.search(value):
            return f"its header {name} has control characters"
    return ""


def sendable_headers(header: Header, file: Path | str) -> Headers:
    """Return the headers with which the webhooks of a recording are sent again.

    Raises RecordingError for headers that Segment's destination does not send.
    """
    wrong = _wrong_header(header.headers, frozenset(name.lower() for name, _ in header.setup.kind.headers))
    if wrong:
        msg = f"{file}:1: {wrong.replace('an SDK', 'a webhook')}, so nothing is sent. Correct the line."
        raise RecordingError(msg)
    return header.headers
