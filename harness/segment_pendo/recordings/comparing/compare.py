"""Compare two recordings: calls that were added, removed, changed or moved, and changes of traits.

Calls are matched by their meaning first (`meaning`: what differs from run to run does not count), then by
type, ids and event, at last by all but their ids.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count, zip_longest
from typing import Final, Literal, NamedTuple

from segment_pendo.base import js_json
from segment_pendo.base.js_json import keep, write
from segment_pendo.base.json_diff import changes
from segment_pendo.base.json_path import json_path
from segment_pendo.explain.telling.teller import WHO, named
from segment_pendo.recordings.comparing.meaning import DeviceIds, Known, Meaning, device_ids
from segment_pendo.recordings.comparing.same import Names, Same
from segment_pendo.recordings.format import Entry
from segment_pendo.segment.members import ACCOUNT_IDS, PERSON_IDS
from segment_pendo.words import Json, JsonObject

__all__ = ["Comparison", "Pair", "TraitChange", "as_json", "compare"]

_ABOUT: Final = ("userId", "anonymousId", "groupId", "event", "name")

type Kind = Literal["added", "removed", "changed", "moved"]


@dataclass(frozen=True, slots=True)
class Side:
    """One call of one recording that is not the same in the other: its line, its place among the calls.

    It is kept as text, which is a tenth of it as values.
    """

    line: int
    place: int
    type: str
    text: bytes
    device: tuple[str, ...]
    meaning: Meaning

    @property
    def call(self) -> Json:
        """Return the call."""
        return js_json.read(self.text, depth=js_json.MAX_DEPTH + 10, spelled=True).value

    @property
    def about(self) -> bytes:
        """Return whom and what the call is about: type, ids, event name."""
        shaped = self.meaning.shaped(self.call)
        call = shaped if isinstance(shaped, dict) else {}
        return write([self.type, *(call.get(name) for name in _ABOUT)])

    @property
    def says(self) -> bytes:
        """Return all that the call says but the ids."""
        shaped = self.meaning.shaped(self.call)
        call = shaped if isinstance(shaped, dict) else {}
        ids = PERSON_IDS | ACCOUNT_IDS
        return keep([self.type, {name: value for name, value in call.items() if name not in ids}])


@dataclass(frozen=True, slots=True)
class Pair:
    """A call that differs.

    `old` is None where it was added, `new` where it was removed. `changes`: path, old text, new text.
    """

    kind: Kind
    old: Side | None
    new: Side | None
    changes: tuple[tuple[str, str, str], ...] = ()

    @property
    def side(self) -> Side:
        """Return the call where it is now, else where it was."""
        side = self.new or self.old
        assert side is not None
        return side

    @property
    def name(self) -> str:
        """Return the call in a few words."""
        return named(self.side.type, self.side.call, *WHO, "event")


@dataclass(frozen=True, slots=True)
class TraitChange:
    """A trait or property of a type of call that is new, gone, renamed, or of another type of value."""

    kind: Literal["new", "gone", "renamed", "type"]
    call: str
    name: str
    detail: str


@dataclass(slots=True)
class Comparison:
    """What differs between two recordings; `same` counts the calls that mean the same."""

    same: int = 0
    pairs: list[Pair] = field(default_factory=list)
    traits: list[TraitChange] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.pairs or self.traits)


class _Call(NamedTuple):
    """One call as it is read: its line, its place among the calls of the recording."""

    line: int
    place: int
    type: str
    call: Json


def _calls(entries: Iterable[Entry]) -> Iterator[_Call]:
    place = count()
    for entry in entries:
        if entry.refused is not None:
            code, _ = entry.refusal()
            refused: JsonObject = {"path": entry.value.get("path"), "refused": entry.refused.get("code")}
            yield _Call(entry.number, next(place), f"request refused {code}", refused)
        for recorded in entry.calls:
            yield _Call(recorded.number, next(place), entry.type_of(recorded), recorded.call)


def compare(old: Iterable[Entry], new: Iterable[Entry], meaning: Meaning) -> Comparison:
    """Return what differs in meaning from `old` to `new`.

    They are read twice where something does, so what can be read only once is held.
    """
    old, new = (list(each) if isinstance(each, Iterator) else each for each in (old, new))
    same = Same(meaning)
    for was, now in zip_longest(_calls(old), _calls(new)):
        same.meet(was, now)
    same.end()
    moved = same.moved()
    before = _sides(old, {*same.only_old(), *(was for was, _ in moved)}, meaning)
    after = _sides(new, {*same.only_new(), *(now for _, now in moved)}, meaning)
    pairs = [Pair("moved", before.pop(was), after.pop(now)) for was, now in moved]
    pairs += _unlike([*before.values()], [*after.values()], same.ids)
    pairs.sort(key=lambda pair: (pair.new.line if pair.new else 0, pair.old.line if pair.old else 0))
    return Comparison(same.count, pairs, list(_traits(same.old.names, same.new.names)))


def _sides(entries: Iterable[Entry], places: set[int], meaning: Meaning) -> dict[int, Side]:
    """Return the calls at these places."""
    if not places:
        return {}
    return {
        call.place: Side(call.line, call.place, call.type, keep(call.call), device_ids(call.call), meaning)
        for call in _calls(entries)
        if call.place in places
    }


def _unlike(before: list[Side], after: list[Side], ids: DeviceIds) -> Iterator[Pair]:
    """Yield the calls of which none means the same in the other recording, as pairs where they are alike."""
    for key, of in (
        (lambda side: side.about, ids),
        (lambda side: side.about, None),  # of another device than before
        (lambda side: side.says, None),  # of somebody else than before
    ):
        more, before, after = _matched(before, after, key, of)
        yield from (Pair("changed", was, now, _differences(was, now, ids)) for was, now in more)
    yield from (Pair("removed", side, None) for side in before)
    yield from (Pair("added", None, side) for side in after)


def _matched(
    before: list[Side], after: list[Side], key: Callable[[Side], bytes], ids: DeviceIds | None
) -> tuple[list[tuple[Side, Side]], list[Side], list[Side]]:
    """Return the pairs of calls with the same key, and what is left of both recordings.

    With `ids`, their devices must be the same too.
    """
    nobody = ("",)
    known = Known(ids or DeviceIds(), ((side, key(side), side.device if ids else nobody) for side in before))
    taken = ((known.take(key(side), side.device if ids else nobody), side) for side in after)
    pairs = [(was, now) for was, now in taken if was is not None]
    old, new = {was.place for was, _ in pairs}, {now.place for _, now in pairs}
    return (
        pairs,
        [side for side in before if side.place not in old],
        [side for side in after if side.place not in new],
    )


def _differences(old: Side, new: Side, ids: DeviceIds) -> tuple[tuple[str, str, str], ...]:
    before, now = old.meaning.steady(old.call), new.meaning.steady(ids.in_old_words(new.call))
    return tuple((json_path(*path), was, text) for path, was, text in changes(before, now))


def _traits(old: Names, new: Names) -> Iterator[TraitChange]:
    gone = [name for name in old if name not in new]
    come = [name for name in new if name not in old]
    for kind, name in list(gone):
        # The same letters in another spelling: a rename.
        renamed = next(((k, n) for k, n in come if k == kind and _letters(n) == _letters(name)), None)
        if renamed is not None:
            gone.remove((kind, name))
            come.remove(renamed)
            yield TraitChange("renamed", kind, name, renamed[1])
    yield from (TraitChange("gone", kind, name, ", ".join(sorted(old[kind, name]))) for kind, name in gone)
    yield from (TraitChange("new", kind, name, ", ".join(sorted(new[kind, name]))) for kind, name in come)
    for kind, name in old:
        if (kind, name) in new:
            was, now = old[kind, name] - {"null"}, new[kind, name] - {"null"}
            if was and now and was != now:
                yield TraitChange("type", kind, name, f"{', '.join(sorted(was))} -> {', '.join(sorted(now))}")


def _letters(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


def as_json(comparison: Comparison) -> JsonObject:
    """Return the comparison as JSON."""
    pairs: list[Json] = [
        {
            "change": pair.kind,
            "old": pair.old.line if pair.old else None,
            "new": pair.new.line if pair.new else None,
            "type": pair.side.type,
            "fields": [{"path": path, "old": old, "new": new} for path, old, new in pair.changes],
        }
        for pair in comparison.pairs
    ]
    traits: list[Json] = [
        {"change": change.kind, "type": change.call, "name": change.name, "detail": change.detail}
        for change in comparison.traits
    ]
    return {"same": comparison.same, "calls": pairs, "traits": traits}
