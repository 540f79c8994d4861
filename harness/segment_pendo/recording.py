"""Recordings: JSON lines made for git. A header, then for each request one line, and one line for each of its calls.

    {"format": "segment-pendo-recording", "version": 1, "redacted": "keys", "track": false, "headers": {...}, ...}
    {"request": 1, "receivedAt": ..., "method": ..., "path": ..., "query": ..., "headers": [...], "envelope": {...} | null, ...}
    {"call": {...}, "request": 1, "index": 0, "outcome": "webhook", "code": null, "body": "...", "findings": ["CODE", ...]}

`call` is the call as sent, but for its secrets; `body` is the exact webhook. Recording into an existing file adds to it:
a call that equals a recorded one but for volatile fields is not written again. A damaged or newer file is never touched.
"""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

from segment_pendo import __version__, js_json
from segment_pendo.history import History
from segment_pendo.mapping import Setup, judge, webhook_of
from segment_pendo.redaction import Keys, envelope_of, redacted
from segment_pendo.segment import ingest, times
from segment_pendo.words import Batch, Headers, Json, JsonObject, Judged, Receipt, SdkRequest, Webhook

__all__ = ["FORMAT", "RecordedCall", "Recording", "RecordingError", "read", "requests"]

FORMAT: Final = "segment-pendo-recording"
VERSION: Final = 1
_DEPTH: Final = js_json.MAX_DEPTH + 10  # a line holds a call one level deeper than it came
_LINE_ENDS: Final = {code: f"\\u{code:04x}" for code in (0x85, 0x2028, 0x2029)}
_LONGEST_HEADER: Final = 1 << 20
# What differs between two runs of the same code.
_VOLATILE: Final = ("messageId", "timestamp", "sentAt", "originalTimestamp", "_metadata")
_VOLATILE_CONTEXT: Final = ("ip", "userAgent", "userAgentData", "page")


class RecordingError(Exception):
    """A file is no usable recording; the text says which file, which line, and why."""


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """One call line: the webhook it became, or the code of why not."""

    line: int
    call: JsonObject
    code: str | None
    webhook: Webhook | None


class RecordedRequest(NamedTuple):
    """An SDK request made again from its lines: `lines` are those of its calls."""

    lines: list[int]
    request: SdkRequest
    at: datetime | None


def _line(value: Json) -> bytes:
    text = js_json.keep(value).decode()
    # Characters that many a reader takes for the end of a line; inside JSON strings they may stand escaped.
    return text.translate(_LINE_ENDS).encode() + b"\n"


def _meaning(call: Json) -> bytes:
    """A call without its volatile fields: equal for the same call of another run."""
    if isinstance(call, dict):
        call = {key: value for key, value in call.items() if key not in _VOLATILE}
        context = call.get("context")
        if isinstance(context, dict):
            context = {key: value for key, value in context.items() if key not in _VOLATILE_CONTEXT}
            library = context.get("library")
            if isinstance(library, dict):
                context["library"] = {key: value for key, value in library.items() if key != "version"}
            call["context"] = context
    return js_json.keep(call)


def _call_line(number: int, judged: Judged) -> JsonObject:
    webhook = webhook_of(judged)
    return {
        "call": judged.call.data,
        "request": number,
        "index": judged.call.index,
        "outcome": "webhook" if webhook else "skipped",
        "code": None if isinstance(judged.outcome, Webhook) else judged.outcome.code,
        "body": webhook.body.decode() if webhook else None,
        "findings": [finding.code for finding in judged.findings],
    }


class Recording:
    """A sink that appends to a file; each receipt is on its way to the disk when `take` returns.

    Raises RecordingError if the file exists and is no recording that can be added to.
    """

    def __init__(self, path: Path, *, setup: Setup, secrets: tuple[str, ...] = ()) -> None:
        self.path = path
        self.count = 0
        self._setup = replace(setup, secret="")  # a signature lets who reads it guess at the secret
        self._history = History()
        self._keys = Keys(secrets)
        self._known: Counter[bytes] = Counter()
        self._number = 0
        try:
            if path.exists() and not path.is_file():
                msg = f"{path} is no regular file; give another one."
                raise RecordingError(msg)
            if path.exists() and path.stat().st_size > 0:
                self._continue()
            # Unbuffered: what is written survives the end of this process.
            self._file = path.open("ab", buffering=0)
            if self._file.tell() == 0:
                self._write(_line(self._header()))
        except OSError as error:
            msg = f"{path} cannot be written: {error.strerror}. Give another file."
            raise RecordingError(msg) from None

    def _header(self) -> JsonObject:
        return {
            "format": FORMAT,
            "version": VERSION,
            "redacted": "keys",
            **self._setup.described(),
            "headers": dict(self._setup.kind.headers),
            "madeBy": f"segment-pendo {__version__}",
        }

    def _continue(self) -> None:
        with self.path.open("rb") as file:
            header = _header(file.readline(_LONGEST_HEADER), str(self.path))
            for name, ours in self._setup.described().items():
                theirs = header.get(name, Setup().described()[name])
                if theirs != ours:
                    msg = f"{self.path}:1: this recording was made {_said(name, theirs)}; record into another file, or run so."
                    raise RecordingError(msg)
            file.seek(0)
            self._learn(file)

    def _learn(self, lines: Iterable[bytes]) -> None:
        at = None
        for line, value in _values(lines, str(self.path)):
            if "call" in value:
                self._known[_meaning(value["call"])] += 1
                self._history.remember(value["call"], at)
            elif type(number := value.get("request")) is int:
                self._number = max(self._number, number)
                at = times.parse(value.get("receivedAt"))
            else:
                msg = f"{self.path}:{line}: neither a request nor a call. The file is damaged; it was left as it is."
                raise RecordingError(msg)

    def _write(self, data: bytes) -> None:
        size = os.fstat(self._file.fileno()).st_size
        view = memoryview(data)
        try:
            while view:
                view = view[self._file.write(view) :]
        except OSError:
            os.ftruncate(self._file.fileno(), size)  # half a line would make the whole file unreadable
            raise

    def take(self, receipt: Receipt) -> None:
        """Add one receipt, redacted and mapped again without its secrets."""
        if receipt.refusal and receipt.refusal.status == 404:
            return  # no call of an SDK
        request, batch = redacted(receipt.request, self._keys, self._setup.switches)
        number = self._number + 1
        lines: list[JsonObject] = []
        seen: Counter[bytes] = Counter()
        if batch is not None:
            for call in batch.calls:
                meaning = _meaning(call.data)
                if self._known[meaning] > seen[meaning]:
                    seen[meaning] += 1
                    continue
                judged = judge(call, batch, at=receipt.at, ip=request.ip, seed=str(number), setup=self._setup)
                lines.append(_call_line(number, self._history.judged(judged, receipt.at)))
            if not lines:
                self._known -= seen
                return
        head = _request_line(number, receipt, request, batch)
        self._write(b"".join(map(_line, [head, *lines])))
        self._known -= seen
        self._number = number
        self.count += len(lines)

    def close(self) -> None:
        self._file.close()


def _said(name: str, value: Json) -> str:
    if name == "track":
        return "with --track" if value else "without --track"
    if name == "model":
        settings = value.items() if isinstance(value, dict) else ()
        return " ".join(f"with --model {key}={one}" for key, one in settings) or "without --model"
    return f"with --{name} {value}"


def _request_line(number: int, receipt: Receipt, request: SdkRequest, batch: Batch | None) -> JsonObject:
    headers: Json = [[name, value] for name, value in request.headers]
    refusal = receipt.refusal
    return {
        "request": number,
        "receivedAt": times.text(receipt.at),
        "method": request.method,
        "path": request.path,
        "query": request.query,
        "headers": headers,
        "ip": request.ip,
        "envelope": envelope_of(batch) if batch else None,
        "refused": {"status": refusal.status, "code": refusal.code} if refusal else None,
    }


# --- reading ---------------------------------------------------------------------------------------------------------


def _object(text: bytes) -> JsonObject | None:
    """The JSON object of a line, or None where it is none."""
    try:
        value = js_json.read(text, depth=_DEPTH).value
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _header(first: bytes, path: str) -> JsonObject:
    header = _object(first)
    if header is None or header.get("format") != FORMAT:
        msg = f"{path}:1: this is no recording: its first line is not a {FORMAT} header. The file was left as it is."
        raise RecordingError(msg)
    if header.get("version") != VERSION:
        msg = f"{path}:1: a recording of version {header.get('version')}; this segment-pendo knows version {VERSION}. Update it."
        raise RecordingError(msg)
    return header


def _values(lines: Iterable[bytes], path: str) -> Iterator[tuple[int, JsonObject]]:
    """Every line after the header. A last line that a kill cut off is an error like any other damage."""
    for line, text in enumerate(lines, start=1):
        if line == 1:
            _header(text, path)
            continue
        value = _object(text)
        if value is None or not text.endswith(b"\n"):
            msg = f"{path}:{line}: this line is no whole JSON object. The file is damaged; delete the line or restore the file."
            raise RecordingError(msg)
        yield line, value


def is_recording(text: bytes) -> bool:
    """Whether a text begins as a recording does."""
    first = text[:_LONGEST_HEADER].lstrip().partition(b"\n")[0]
    if FORMAT.encode() not in first:
        return False
    header = _object(first)
    return header is not None and header.get("format") == FORMAT


def read(path: Path) -> Iterator[RecordedCall]:
    """The calls of a recording in order. Raises RecordingError, also in the middle."""
    try:
        with path.open("rb") as file:
            headers = _pairs(_header(file.readline(_LONGEST_HEADER), str(path)).get("headers"))
            file.seek(0)
            for line, value in _values(file, str(path)):
                call = value.get("call")
                if not isinstance(call, dict):
                    continue
                body, code = value.get("body"), value.get("code")
                try:
                    webhook = Webhook(body.encode(), headers) if isinstance(body, str) else None
                except UnicodeEncodeError:
                    msg = f"{path}:{line}: the body of this call holds half a character. The file is damaged."
                    raise RecordingError(msg) from None
                yield RecordedCall(line, call, code if isinstance(code, str) else None, webhook)
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror}."
        raise RecordingError(msg) from None


def _pairs(headers: Json) -> Headers:
    return tuple((name, str(value)) for name, value in headers.items()) if isinstance(headers, dict) else ()


def requests(lines: Iterable[bytes], name: str) -> Iterator[RecordedRequest]:
    """The SDK requests of a recording, of which `name` is told in errors; refused ones are left out."""
    head: JsonObject | None = None
    calls: list[tuple[int, Json]] = []
    for number, value in _values(lines, name):
        if "call" in value:
            calls.append((number, value["call"]))
            continue
        if calls:
            yield _recorded(head, calls, name)
        head, calls = value, []
    if calls:
        yield _recorded(head, calls, name)


def _recorded(head: JsonObject | None, calls: list[tuple[int, Json]], name: str) -> RecordedRequest:
    if head is None or (head.get("envelope") is None and len(calls) > 1):
        what = "has no request line before it" if head is None else "does not belong to the request before it, which has one call"
        msg = f"{name}:{calls[-1][0]}: this call {what}. The file is damaged."
        raise RecordingError(msg)
    try:
        request = _sdk_request(head, [call for _, call in calls])
    except ValueError:
        msg = f"{name}:{calls[0][0] - 1}: the headers of this request are no list of pairs. The file is damaged."
        raise RecordingError(msg) from None
    return RecordedRequest([line for line, _ in calls], request, times.parse(head.get("receivedAt")))


def _sdk_request(head: JsonObject, calls: list[Json]) -> SdkRequest:
    envelope = head.get("envelope")
    body = envelope | {"batch": calls} if isinstance(envelope, dict) else calls[0]
    headers = ingest.header_pairs(head.get("headers"))
    method = str(head.get("method"))
    return SdkRequest(
        method,
        str(head.get("path")),
        str(head.get("query", "")),
        headers,
        js_json.keep(body) if method == "POST" else b"",
        ip=str(head.get("ip", "127.0.0.1")),
    )
