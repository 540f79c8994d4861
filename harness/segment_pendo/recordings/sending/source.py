"""What is sent again: a recording, or calls and captured requests, read as the recording of their calls."""

import hashlib
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from segment_pendo.mapping.setup import Setup
from segment_pendo.recordings import format as recording
from segment_pendo.recordings.files import is_recording, lines_until, load, load_header
from segment_pendo.recordings.format import Entry, Header, RecordedCall, RecordingError, became
from segment_pendo.recordings.reading.mapped_file import Mapped, Mapping, Options, Wrong
from segment_pendo.recordings.reading.parts import Part, Unreadable
from segment_pendo.recordings.recorder import server_made_id
from segment_pendo.recordings.redaction.redact import KEPT_HEADERS
from segment_pendo.segment import ingest
from segment_pendo.words import Headers, Json, JsonObject, Refusal, SdkRequest

__all__ = ["Source", "is_plain", "source_of", "source_of_text"]

_SENT_HEADERS = frozenset(name.lower() for name in (*KEPT_HEADERS, "Authorization"))


@dataclass(frozen=True, slots=True)
class Source:
    """An input that is sent again.

    `name` is what texts call it. `entries` reads it from its start; it raises RecordingError, also in the
    middle. `digest` tells its content from any other. `is_recording`: its lines are those of a recording;
    else its calls are received now, and `header` says how they are mapped.
    """

    name: str
    header: Header
    entries: Callable[[], Iterator[Entry]]
    digest: str
    is_recording: bool


def source_of(path: Path, options: Options) -> Source:
    """Return what a file holds: of one to which another process adds, what it has until now.

    It is read as it is needed. Raises RecordingError.
    """
    part = Part(str(path), path)
    try:
        packing = part.packing()
        with path.open("rb") as file:
            size = file.seek(0, io.SEEK_END)
            file.seek(0)
            digest = _digest(iter(partial(file.read, 1 << 20), b""), size)
    except Unreadable as error:
        raise RecordingError(str(error)) from None
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror}."
        raise RecordingError(msg) from None
    if is_recording(part):
        entries = partial(load, path, None if packing else size)
        return Source(part.name, load_header(path), entries, digest, is_recording=True)
    lines = partial(lines_until, path, None if packing else size)
    return _of_calls(lines, part.name, options, digest)


def source_of_text(data: bytes, name: str, options: Options) -> Source:
    """Return what a text holds, which errors call `name`. Raises RecordingError."""
    digest = _digest(iter((data,)), len(data))
    if recording.is_recording(data):

        def entries() -> Iterator[Entry]:
            return recording.read(io.BytesIO(data), name).entries

        return Source(name, recording.read(io.BytesIO(data), name).header, entries, digest, is_recording=True)
    return _of_calls(partial(io.BytesIO, data), name, options, digest)


def _of_calls(lines: Callable[[], Iterable[bytes]], name: str, options: Options, digest: str) -> Source:
    header = Header(options.setup, "keys", None, options.setup.kind.headers, b"")

    def entries() -> Iterator[Entry]:
        return _entries(lines(), options, name)

    return Source(name, header, entries, digest, is_recording=False)


def is_plain(entry: Entry) -> bool:
    """Whether an entry is a call by itself: no request brought it."""
    return "headers" not in entry.value


def _digest(pieces: Iterator[bytes], size: int) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for piece in pieces:
        digest.update(piece[:size])
        size -= len(piece)
        if size <= 0:
            break
    return digest.hexdigest()


def _entries(lines: Iterable[bytes], options: Options, name: str) -> Iterator[Entry]:
    """Yield each captured request with its calls, and each call; what Segment refuses has no calls."""
    together: list[Mapped] = []
    for item in Mapping(options).of(lines, name):
        if together and (isinstance(item, Wrong) or item.receipt is not together[0].receipt):
            yield _entry(together)
            together = []
        if isinstance(item, Mapped):
            if item.judged.copy == 1:  # it has the others
                together.append(item)
        elif not item.refused:
            msg = f"{name}:{item.line}: {item.message} Correct it or take it out; nothing was sent."
            raise RecordingError(msg)
        else:
            yield Entry(item.line, b"", {}, {"code": item.code, "message": item.message}, [])
    if together:
        yield _entry(together)


def _entry(together: list[Mapped]) -> Entry:
    first = together[0]
    request = first.receipt.request
    if not request.path:
        return Entry(first.line, b"", _plain(first), None, [_recorded(first, ())])
    value, sent_at = _captured(request, first.setup)
    return Entry(first.line, b"", value, None, [_recorded(item, sent_at) for item in together])


def _plain(item: Mapped) -> JsonObject:
    """Return the request that would bring a call."""
    kind = item.judged.call.type
    if kind in ingest.TYPES:
        return {"method": "POST", "path": f"/v1/{kind}", "query": "", "envelope": None}
    return {"method": "POST", "path": "/v1/batch", "query": "", "envelope": {}}


def _captured(request: SdkRequest, setup: Setup) -> tuple[JsonObject, tuple[Json, ...]]:
    """Return a captured request as a recording has it, and the sentAt of its batch."""
    batch = ingest.read(request, setup.switches)
    assert not isinstance(batch, Refusal), "it has calls"
    rest = {key: value for key, value in batch.envelope.items() if key != "sentAt"}
    where = ingest.route(request)
    value: JsonObject = {
        "method": request.method,
        "path": request.path,
        "query": "" if where and where.kind == "pixel" else request.query,
        "headers": [[name, text] for name, text in _sent(request.headers)],
        "envelope": None if batch.single else rest,
    }
    return value, (batch.envelope["sentAt"],) if not batch.single and "sentAt" in batch.envelope else ()


def _sent(headers: Headers) -> Headers:
    """Return what is sent again of the headers; the body is no longer encoded."""
    return tuple(pair for pair in headers if pair[0].lower() in _SENT_HEADERS)


def _recorded(item: Mapped, sent_at: tuple[Json, ...]) -> RecordedCall:
    judged = item.judged
    first, *more = map(became, judged.each)
    return RecordedCall(
        item.line,
        b"",
        judged.call.data,
        item.receipt.at,
        sent_at,
        server_made_id(judged.call, judged.message),
        first.outcome,
        first.code,
        first.body,
        tuple(finding.code for finding in judged.findings),
        first.mapping,
        tuple(more),
        judged.function,
    )
