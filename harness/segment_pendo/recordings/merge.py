"""Compare recorded calls by their meaning (without what differs from run to run), and merge recordings by it.

When a run is recorded over an old file, a call that means the same keeps its old line byte for byte, so that
git shows what an app changed and nothing else. This module reads and writes lines, and knows no files.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Final

from segment_pendo.base import js_json
from segment_pendo.base.headers import header_pairs
from segment_pendo.mapping.setup import Setup
from segment_pendo.recordings.format import Entry, Header, Reading, RecordedCall, call_line
from segment_pendo.recordings.judge import Judge, batch_of, with_sent_at
from segment_pendo.segment.members import VARYING
from segment_pendo.words import Batch, Call, Json, JsonObject

__all__ = ["Merge", "joined", "meaning", "merged", "steady"]

# What differs between two runs of the same code.
_VOLATILE_CONTEXT: Final = frozenset({"ip", "userAgent", "userAgentData", "page", "instanceId"})
_VOLATILE_HEADERS: Final = frozenset({"user-agent", "x-retry-count"})


def _digest(text: bytes) -> bytes:
    return blake2b(text, digest_size=16).digest()


def _steady_context(context: JsonObject) -> JsonObject:
    context = {key: value for key, value in context.items() if key not in _VOLATILE_CONTEXT}
    library = context.get("library")
    if isinstance(library, dict):
        context["library"] = {key: value for key, value in library.items() if key != "version"}
    return context


def _steady(value: JsonObject) -> JsonObject:
    value = {key: inner for key, inner in value.items() if key not in VARYING}
    context = value.get("context")
    if isinstance(context, dict):
        value["context"] = _steady_context(context)
    return value


def steady(call: Json) -> Json:
    """Return a call without what differs from run to run."""
    return _steady(call) if isinstance(call, dict) else call


def meaning(call: Json) -> bytes:
    """Return a mark that is the same for the same call of another run."""
    return _digest(js_json.keep(steady(call)))


def _request_meaning(value: JsonObject) -> bytes:
    envelope, headers = value.get("envelope"), value.get("headers")
    steady = value | {"envelope": _steady(envelope) if isinstance(envelope, dict) else envelope}
    kept: Json = [
        [name, text] for name, text in header_pairs(headers or []) if name.lower() not in _VOLATILE_HEADERS
    ]
    return _digest(js_json.keep(steady | {"headers": kept}))


class _Known[T]:
    """Old lines by their meaning; each can be taken once."""

    def __init__(self) -> None:
        self._lines: defaultdict[bytes, dict[tuple[int, int], T]] = defaultdict(dict)
        self.left = 0

    def add(self, mark: bytes, place: tuple[int, int], line: T) -> None:
        self._lines[mark][place] = line
        self.left += 1

    def take(self, mark: bytes, place: tuple[int, int] | None = None) -> T | None:
        """Take the line of this meaning at `place`, or the first that is left if no place is given."""
        lines = self._lines.get(mark)
        if not lines or (place is not None and place not in lines):
            return None
        self.left -= 1
        return lines.pop(next(iter(lines)) if place is None else place)


@dataclass(slots=True)
class Merge:
    """How many lines of an old recording a new run kept, added and dropped."""

    kept: int = 0
    new: int = 0
    gone: int = 0


def merged(old: Reading, new: Reading, done: Merge) -> Iterator[bytes]:
    """Yield the lines of the new run, but the old line wherever it means the same."""
    requests, calls = _Known[Entry](), _Known[RecordedCall]()
    for number, entry in enumerate(old.entries):
        requests.add(_request_meaning(entry.value), (number, 0), replace(entry, calls=[]))
        for index, call in enumerate(entry.calls):
            calls.add(meaning(call.call), (number, index), call)
    run = list(new.entries)
    kept = _kept(run, calls)
    same = _steady_header(old.header.line) == _steady_header(new.header.line)
    yield old.header.line if same else new.header.line
    written = _Written(new.header.setup, done)
    for number, entry in enumerate(run):
        mark = _request_meaning(entry.value)
        before = requests.take(mark, (number, 0)) or requests.take(mark)
        yield (before or entry).line
        if entry.calls:
            old_calls = [kept.get((number, index)) for index in range(len(entry.calls))]
            yield from written.calls(entry, before, old_calls)
    done.gone = calls.left


def _kept(run: list[Entry], calls: _Known[RecordedCall]) -> dict[tuple[int, int], RecordedCall]:
    """Return the old call that means the same, for each place of a run that has one."""
    means = {
        (number, index): meaning(call.call)
        for number, entry in enumerate(run)
        for index, call in enumerate(entry.calls)
    }
    # First what stands where it stood: of equal calls, a changed one must not move the others.
    kept = {place: calls.take(mark, place) for place, mark in means.items()}
    for place, mark in means.items():
        kept[place] = kept[place] or calls.take(mark)
    return {place: call for place, call in kept.items() if call is not None}


class _Written:
    """Writes the calls of a run in the order of its file, counting what is old and what is new."""

    def __init__(self, setup: Setup, done: Merge) -> None:
        self._setup = setup
        self._done = done
        self._judge = Judge(setup)

    def calls(self, entry: Entry, before: Entry | None, kept: list[RecordedCall | None]) -> Iterator[bytes]:
        """Yield the lines of an entry's calls; `before` is the old request that stands in its place."""
        batch = batch_of((before or entry).value, [call.call for call in entry.calls], self._setup)
        for call, old, new in zip(batch.calls, kept, entry.calls, strict=True):
            if old is not None and (before is not None or _still_true(old, call, batch, self._setup)):
                self._judge.met(old)
                self._done.kept += 1
                yield old.line
            else:
                judged = self._judge.judged(call, with_sent_at(batch, new.sent_at), new.at, new.made_id)
                self._done.new += 1
                yield call_line(judged, new.at, new.sent_at, new.made_id)


def joined(header: Header, several: Iterable[Entry]) -> Iterator[bytes]:
    """Yield the lines of one recording of all entries, in the order in which they were received.

    Calls that mean the same are written once.
    """
    judge, seen = Judge(header.setup), set[bytes]()
    never = datetime.max.replace(tzinfo=UTC)
    yield header.line
    for entry in sorted(several, key=lambda entry: entry.at or never):
        means = [meaning(call.call) for call in entry.calls]
        new = [call for call, mark in zip(entry.calls, means, strict=True) if mark not in seen]
        seen.update(means)
        if new or not entry.calls:
            yield entry.line
            kept = replace(entry, calls=new)
            for call, judged in zip(new, judge.entry(kept), strict=True):
                yield call_line(judged, call.at, call.sent_at, call.made_id)


def _still_true(kept: RecordedCall, call: Call, batch: Batch, setup: Setup) -> bool:
    """Whether an old line still says what becomes of its call after another request line."""
    judged = Judge(setup).judged(
        replace(call, data=kept.call), with_sent_at(batch, kept.sent_at), kept.at, kept.made_id
    )
    webhook = judged.webhook
    return kept.body == (webhook.body.decode() if webhook else None)


def _steady_header(line: bytes) -> Json:
    value = js_json.read(line).value
    return (
        {key: inner for key, inner in value.items() if key != "madeBy"} if isinstance(value, dict) else value
    )
