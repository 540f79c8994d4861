"""Recordings: JSON lines made for git.

A header line; then, for each SDK request, one line and one more for each of its calls.

    {"format": "segment-pendo-recording", "version": 1, "redacted": "keys", "track": false, "webhook":
    "actions", "assume": {}, ...}
    {"request": {"method": ..., "path": ..., "query": ..., "headers": [...], "envelope": {...} | null},
    "refused": null}
    {"call": {...}, "receivedAt": ..., "outcome": "webhook", "code": null, "body": "...", "findings": ["CODE",
    ...]}

`call` is the call as sent, except its secrets; `body` is the exact webhook. A call line is complete by
itself: it has the time at which its request was received, the `sentAt` of a batch, and the messageId that
the server made if the call had none; so one change in an app is one changed line, wherever it stands.
Numbers keep their spelling. format.schema.json, beside this file, says the same as a JSON Schema.

This module reads and writes lines, and knows no files.
"""

import base64
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, NamedTuple

from msgspec import UNSET

from segment_pendo import __version__
from segment_pendo.base import js_json, times
from segment_pendo.base.errors import SegmentPendoError
from segment_pendo.base.headers import header_pairs
from segment_pendo.base.prose import short
from segment_pendo.mapping.setup import Setup
from segment_pendo.pendo.across import ACROSS
from segment_pendo.recordings import lines
from segment_pendo.recordings.lines import FORMAT, VERSION
from segment_pendo.segment import ingest
from segment_pendo.words import Batch, Headers, Json, JsonObject, Judged, Refusal, SdkRequest

__all__ = [
    "FORMAT",
    "Became",
    "Entry",
    "Header",
    "Reading",
    "RecordedCall",
    "RecordingError",
    "became",
    "call_line",
    "entry_line",
    "header_line",
    "is_recording",
    "read",
    "request_line",
]

LONGEST_HEADER: Final = 1 << 20
_DEPTH: Final = js_json.MAX_DEPTH + 10  # a line holds a call one level deeper than it came
_MOST_SAID: Final = 300
_LONGEST_PATH: Final = 100
_LINE_ENDS: Final = {chr(code).encode(): b"\\u%04x" % code for code in (0x85, 0x2028, 0x2029)}
_HALF = re.compile("[\ud800-\udfff]")


class RecordingError(SegmentPendoError):
    """A file is not a usable recording; the text says which file, which line, and why."""


@dataclass(frozen=True, slots=True)
class Header:
    """Line 1: how calls were mapped (without a secret), what was redacted, the headers of every webhook."""

    setup: Setup
    redacted: str
    redacted_with: str | None
    headers: Headers
    line: bytes


class Became(NamedTuple):
    """What one mapping of the destination made of a call; `mapping` is None for the only one."""

    mapping: str | None
    outcome: str
    code: str | None
    body: str | None
    findings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """One call line: the call, when it came, and what became of it.

    `more`: what further mappings of the destination made of it. `function`: what its insert function did, as
    Judged has it.
    """

    number: int  # of the line in its file
    line: bytes
    call: Json
    at: datetime
    sent_at: tuple[Json, ...]  # what the batch said; empty where it said nothing
    made_id: str  # the messageId that the server made; empty where the call has its own
    outcome: str
    code: str | None
    body: str | None
    findings: tuple[str, ...]
    mapping: str | None = None
    more: tuple[Became, ...] = ()
    function: JsonObject | None = None

    @property
    def each(self) -> tuple[Became, ...]:
        """Return what each mapping that selects the call made of it; a skipped call has one."""
        return (Became(self.mapping, self.outcome, self.code, self.body, self.findings), *self.more)


def became(judged: Judged) -> Became:
    """Return what became of a call, as a recording keeps it."""
    return Became(
        judged.mapping,
        "webhook" if judged.webhook else "skipped",
        judged.skipped.code if judged.skipped else None,
        judged.webhook.body.decode() if judged.webhook else None,
        tuple(finding.code for finding in judged.findings if finding.code not in ACROSS),
    )


@dataclass(frozen=True, slots=True)
class Entry:
    """One request line with the calls that follow it."""

    number: int
    line: bytes
    value: JsonObject
    refused: JsonObject | None
    calls: list[RecordedCall]

    @property
    def at(self) -> datetime | None:
        """Return when the request was received; None if it has no call."""
        return self.calls[0].at if self.calls else None

    def type_of(self, recorded: RecordedCall) -> str:
        """Return the type of a call of this entry; a request for a single call has it in its path."""
        where = ingest.route(self.head())
        named = recorded.call.get("type") if isinstance(recorded.call, dict) else None
        return where.name if where and where.kind in {"single", "pixel"} else str(named)

    def refusal(self) -> tuple[str, str]:
        """Return code and reason of an entry that was refused."""
        refused = self.refused or {}
        status, message = refused.get("status"), refused.get("message")
        path = short(str(self.value.get("path")), _LONGEST_PATH)
        said = f"Segment answers {status} to this request to {path}, so none of its calls is taken."
        return str(refused.get("code")), f"{said} {message}" if message else said

    def head(self) -> SdkRequest:
        """Return the request of the request line, without a body."""
        return _sdk_request(self.value, [], ())

    def sdk_request(self) -> SdkRequest:
        """Return the request as an SDK would send it again."""
        return _sdk_request(
            self.value,
            [recorded.call for recorded in self.calls],
            self.calls[0].sent_at if self.calls else (),
        )


class Reading(NamedTuple):
    """A recording that is being read."""

    header: Header
    entries: Iterator[Entry]


# --- writing ---


def _line(value: Json, *, ordinary: bool = False) -> bytes:
    # Many programs take these characters for the end of a line; in JSON strings they may be escaped.
    text = js_json.keep(value, ordinary=ordinary)
    for raw, escaped in _LINE_ENDS.items():
        text = text.replace(raw, escaped)
    return text + b"\n"


def _member(sent_at: tuple[Json, ...]) -> JsonObject:
    """Return the `sentAt` of a batch as a member; no member if the batch had none."""
    return {"sentAt": sent_at[0]} if sent_at else {}


def header_line(setup: Setup, redacted: JsonObject) -> bytes:
    """Return line 1 of a new recording; `redacted` has at least {"redacted": "keys" | "people"}."""
    start: JsonObject = {"format": FORMAT, "version": VERSION}
    headers: JsonObject = {}
    headers.update(setup.kind.headers)
    return _line(
        start | redacted | setup.described() | {"headers": headers, "madeBy": f"segment-pendo {__version__}"}
    )


def request_line(request: SdkRequest, batch: Batch | None, refusal: Refusal | None) -> bytes:
    """Return the line of a request without secrets; the `sentAt` of a batch stands with its calls."""
    where = ingest.route(request)
    envelope: JsonObject | None = None
    if batch is not None and not batch.single:
        envelope = {key: value for key, value in batch.envelope.items() if key != "sentAt"}
    value: JsonObject = {
        "method": request.method,
        "path": request.path,
        "query": "" if where and where.kind == "pixel" else request.query,  # a pixel's query is its call
        "headers": [[name, text] for name, text in request.headers],
        "envelope": envelope,
    }
    refused: JsonObject | None = None
    if refusal is not None:
        refused = {"status": refusal.status, "code": refusal.code, "message": refusal.message}
    return _line({"request": value, "refused": refused})


def entry_line(entry: Entry) -> bytes:
    """Return the request line of an entry whose value was changed."""
    return _line({"request": entry.value, "refused": entry.refused})


def call_line(
    judged: Judged, at: datetime, sent_at: tuple[Json, ...], made_id: str, *, ordinary: bool = False
) -> bytes:
    """Return the line of one call. `ordinary` is what its batch says."""
    first, *more = map(_became_line, judged.each)
    when: JsonObject = {"receivedAt": times.text(at), **_member(sent_at)}
    if made_id:
        when["messageId"] = made_id
    return _line(
        {
            "call": judged.call.data,
            **when,
            **({} if judged.function is None else {"function": judged.function}),
            **first,
            **({"more": [*more]} if more else {}),
        },
        ordinary=ordinary and judged.function is None,
    )


def _became_line(judged: Judged) -> JsonObject:
    mapping, outcome, code, body, findings = became(judged)
    named: JsonObject = {} if mapping is None else {"mapping": mapping}
    return named | {"outcome": outcome, "code": code, "body": body, "findings": [*findings]}


# --- mapping what is recorded ---


def _sdk_request(value: JsonObject, calls: list[Json], sent_at: tuple[Json, ...]) -> SdkRequest:
    envelope = value.get("envelope")
    method, path, query = str(value.get("method")), str(value.get("path")), str(value.get("query") or "")
    request = SdkRequest(method, path, query, header_pairs(value.get("headers", [])))
    where = ingest.route(request)
    if where is not None and where.kind == "pixel" and calls:
        from urllib.parse import urlencode  # noqa: PLC0415 - few calls are pixels

        return replace(
            request, query=urlencode({"data": base64.urlsafe_b64encode(js_json.keep(calls[0])).decode()})
        )
    if isinstance(envelope, dict):
        return replace(request, body=js_json.keep(envelope | {"batch": calls} | _member(sent_at)))
    return replace(request, body=js_json.keep(calls[0])) if calls else request


# --- reading ---


def is_recording(text: bytes) -> bool:
    """Whether a text begins like a recording."""
    first = text[:LONGEST_HEADER].lstrip().partition(b"\n")[0]
    if FORMAT.encode() not in first:
        return False
    header = _object(first)
    return header is not None and header.get("format") == FORMAT


def read(data: Iterable[bytes], name: str) -> Reading:
    """Read a recording from its lines (with their line ends); errors call it `name`.

    Raises RecordingError: at once for the header, while iterating for what follows.
    """
    numbered = enumerate(data, start=1)
    _, first = next(numbered, (1, b""))
    return Reading(_header(first, name), _entries(numbered, name))


def _object(text: bytes) -> JsonObject | None:
    """Return the JSON object of a line, or None if it is not one."""
    try:
        value = js_json.read(text, depth=_DEPTH, spelled=True).value
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _header(first: bytes, name: str) -> Header:
    header = _object(first)
    if not first:
        msg = f"{name} is empty, so it is not a recording. Give another file."
        raise RecordingError(msg)
    if header is None or header.get("format") != FORMAT:
        msg = (
            f"{name}:1: this is not a recording: its first line is not a {FORMAT} header. Give another "
            "file; this one was not changed."
        )
        raise RecordingError(msg)
    if header.get("version") != VERSION:
        msg = (
            f"{name}:1: this recording has version {str(header.get('version'))[:20]}, but this "
            f"segment-pendo reads version {VERSION}. Update segment-pendo."
        )
        raise RecordingError(msg)
    try:
        line = lines.header_line(header)
        setup = Setup().like(header)
    except ValueError as error:
        msg = (
            f"{name}:1: this header cannot be read: {str(error)[:_MOST_SAID]} Update segment-pendo, or "
            "correct the line."
        )
        raise RecordingError(msg) from None
    return Header(
        setup,
        line.redacted,
        line.redacted_with or None,
        tuple(line.headers.items()),
        first if first.endswith(b"\n") else first + b"\n",
    )


def _entries(numbered: Iterator[tuple[int, bytes]], name: str) -> Iterator[Entry]:
    entry: Entry | None = None
    for number, line in numbered:
        value = _object(line)
        if value is not None and not line.endswith(b"\n"):
            msg = (
                f"{name}:{number}: the last line has no line end: the file was cut off, or an editor removed "
                "it. Add a line end if the line is complete."
            )
            raise RecordingError(msg)
        if value is None:
            msg = (
                f"{name}:{number}: this line is not a complete JSON object. The file is damaged: delete the "
                "line or restore the file."
            )
            raise RecordingError(msg)
        if "call" in value:
            if entry is None:
                msg = (
                    f"{name}:{number}: this call has no request line before it. The file is damaged: "
                    "restore it."
                )
                raise RecordingError(msg)
            if entry.value.get("envelope") is None and entry.calls:
                msg = (
                    f"{name}:{number}: this call does not belong to the request before it, which has one "
                    "call. The file is damaged: restore it."
                )
                raise RecordingError(msg)
            entry.calls.append(_call(number, line, value, name))
            continue
        if entry is not None:
            yield entry
        entry = _request(number, line, value, name)
    if entry is not None:
        yield entry


def _request(number: int, line: bytes, value: JsonObject, name: str) -> Entry:
    try:
        lines.request_line(value)
    except ValueError as error:
        raise _damaged(name, number, error) from None
    request, refused = value["request"], value.get("refused")
    assert isinstance(request, dict)
    return Entry(number, line, request, refused if isinstance(refused, dict) else None, [])


def _call(number: int, line: bytes, value: JsonObject, name: str) -> RecordedCall:
    try:
        call = lines.call_line(value)
    except ValueError as error:
        raise _damaged(name, number, error) from None
    at = times.parse(call.received_at)
    if at is None:
        raise _damaged(name, number, "receivedAt is not a time")
    function = value.get("function")
    more = () if call.more is UNSET else tuple(_further(further) for further in call.more)
    if any(body is not None and _HALF.search(body) for body in (call.body, *(item.body for item in more))):
        raise _damaged(name, number, "the body of this call has half a character (a lone surrogate)")
    return RecordedCall(
        number,
        line,
        call.call,
        at.astimezone(UTC),
        () if call.sent_at is UNSET else (call.sent_at,),
        call.message_id or "",
        "skipped" if call.body is None else "webhook",
        call.code,
        call.body,
        tuple(call.findings),
        None if call.mapping is UNSET else call.mapping,
        more,
        function if isinstance(function, dict) else None,
    )


def _further(further: lines.Webhook | lines.Skipped) -> Became:
    kind = "skipped" if further.body is None else "webhook"
    return Became(further.mapping, kind, further.code, further.body, tuple(further.findings))


def _damaged(name: str, number: int, why: ValueError | str) -> RecordingError:
    text = str(why)[:_MOST_SAID].rstrip(".")
    msg = f"{name}:{number}: {text}. The line was edited or damaged: correct it or restore the file."
    return RecordingError(msg)
