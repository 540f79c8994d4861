"""Merge recordings by what their calls mean.

When a run is recorded over an old file, a call that means the same keeps its old line byte for byte, so that
git shows what an app changed and nothing else. This module reads and writes lines, and knows no files.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from segment_pendo.base import js_json
from segment_pendo.base.prose import many
from segment_pendo.mapping.setup import Setup
from segment_pendo.recordings.comparing.meaning import DeviceIds, Known, Meaning, device_ids
from segment_pendo.recordings.format import Entry, Header, Reading, RecordedCall, became, call_line
from segment_pendo.recordings.judge import Judge, batch_of, with_sent_at
from segment_pendo.words import Batch, Call, Json

__all__ = ["Merge", "joined", "merged"]

type _Place = tuple[int, int]  # number of the request, index of the call in it


@dataclass(slots=True)
class Merge:
    """How many lines of an old recording a new run kept, added and dropped."""

    kept: int = 0
    new: int = 0
    gone: int = 0

    def __str__(self) -> str:
        if not (self.kept or self.gone):
            return many(self.new, "new call")
        return f"{many(self.kept, 'call')} as before, {self.new} new or changed, {self.gone} no longer there"


def merged(old: Reading, new: Reading, done: Merge, meaning: Meaning) -> Iterator[bytes]:
    """Yield the lines of the new run, but the old line wherever it means the same.

    New lines name a device as the old ones do, so that its calls still belong together.
    """
    before, run = list(old.entries), list(new.entries)
    ids = DeviceIds()
    kept = _kept(before, run, ids, meaning)
    requests = _requests(before, run, meaning)
    same = _steady_header(old.header.line) == _steady_header(new.header.line)
    yield old.header.line if same else new.header.line
    written = _Written(new.header.setup, done, ids)
    for number, entry in enumerate(run):
        request = requests.get(number)
        yield (request or entry).line
        if entry.calls:
            old_calls = [kept.get((number, index)) for index in range(len(entry.calls))]
            yield from written.calls(entry, request, old_calls)
    done.gone = sum(len(entry.calls) for entry in before) - len(kept)


def _requests(before: list[Entry], run: list[Entry], meaning: Meaning) -> dict[int, Entry]:
    """Return the old request that means the same, for each number of a request of the run that has one."""
    places: defaultdict[bytes, dict[int, Entry]] = defaultdict(dict)
    for number, entry in enumerate(before):
        places[meaning.request_mark(entry.value)][number] = entry
    same: dict[int, Entry] = {}
    for number, entry in enumerate(run):
        left = places.get(meaning.request_mark(entry.value))
        if left:
            same[number] = left.pop(number if number in left else next(iter(left)))
    return same


def _kept(
    before: list[Entry], run: list[Entry], ids: DeviceIds, meaning: Meaning
) -> dict[_Place, RecordedCall]:
    """Return the old call that means the same, for each place of a run that has one."""
    old = {place: (call, meaning.mark(call.call), device_ids(call.call)) for place, call in _placed(before)}
    new = {place: (meaning.mark(call.call), device_ids(call.call)) for place, call in _placed(run)}
    kept: dict[_Place, RecordedCall] = {}
    # First what stands where it stood: of equal calls, a changed one must not move the others.
    for place, (mark, of) in new.items():
        there = old.get(place)
        if there is not None and there[1] == mark and ids.fit(there[2], of):
            ids.bind(there[2], of)
            kept[place] = old.pop(place)[0]
    known = Known(ids, old.values())
    for place, (mark, of) in new.items():
        call = None if place in kept else known.take(mark, of)
        if call is not None:
            kept[place] = call
    return kept


def _placed(entries: list[Entry]) -> Iterator[tuple[_Place, RecordedCall]]:
    for number, entry in enumerate(entries):
        yield from (((number, index), call) for index, call in enumerate(entry.calls))


class _Written:
    """Writes the calls of a run in the order of its file, counting what is old and what is new."""

    def __init__(self, setup: Setup, done: Merge, ids: DeviceIds) -> None:
        self._setup = setup
        self._done = done
        self._ids = ids
        self._judge = Judge(setup)

    def calls(self, entry: Entry, before: Entry | None, kept: list[RecordedCall | None]) -> Iterator[bytes]:
        """Yield the lines of an entry's calls; `before` is the old request that stands in its place."""
        calls = [self._ids.in_old_words(call.call) for call in entry.calls]
        batch = batch_of((before or entry).value, calls, self._setup)
        for call, old, new in zip(batch.calls, kept, entry.calls, strict=True):
            if old is not None and (before is not None or _still_true(old, call, batch, self._setup)):
                self._judge.met(old)
                self._done.kept += 1
                yield old.line
            else:
                sent = with_sent_at(batch, new.sent_at)
                judged = self._judge.judged(call, sent, new.at, new.made_id, new.function)
                self._done.new += 1
                yield call_line(judged, new.at, new.sent_at, new.made_id)


def joined(header: Header, several: Iterable[Entry], meaning: Meaning) -> Iterator[bytes]:
    """Yield the lines of one recording of all entries, in the order in which they were received.

    Calls that mean the same and come from the same device are written once.
    """
    judge, seen = Judge(header.setup), set[bytes]()
    never = datetime.max.replace(tzinfo=UTC)
    yield header.line
    for entry in sorted(several, key=lambda entry: entry.at or never):
        means = [meaning.exact_mark(call.call) for call in entry.calls]
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
        replace(call, data=kept.call),
        with_sent_at(batch, kept.sent_at),
        kept.at,
        kept.made_id,
        kept.function,
    )
    return [each.body for each in kept.each] == [became(each).body for each in judged.each]


def _steady_header(line: bytes) -> Json:
    value = js_json.read(line).value
    return (
        {key: inner for key, inner in value.items() if key != "madeBy"} if isinstance(value, dict) else value
    )
