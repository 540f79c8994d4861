"""Compare two recordings: calls that were added, removed, changed or moved, and changes of traits.

Calls are matched by their meaning first (`meaning`: what differs from run to run does not count), then by
type, ids and event, at last by all but their ids.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

from segment_pendo.base.js_json import keep, write
from segment_pendo.base.json_diff import changes
from segment_pendo.base.json_path import json_path
from segment_pendo.explain.teller import WHO, named
from segment_pendo.recordings.format import Entry
from segment_pendo.recordings.meaning import DeviceIds, Known, Meaning, device_ids
from segment_pendo.segment.members import ACCOUNT_IDS, PERSON_IDS
from segment_pendo.words import Json, JsonObject

__all__ = ["Comparison", "Pair", "TraitChange", "as_json", "compare"]

_ABOUT: Final = ("userId", "anonymousId", "groupId", "event", "name")

type Kind = Literal["added", "removed", "changed", "moved"]
_KINDS: Final = {
    bool: "boolean",
    int: "number",
    float: "number",
    str: "text",
    list: "list",
    dict: "object",
    type(None): "null",
}


@dataclass(frozen=True, slots=True)
class Side:
    """One call of one recording: its line, its place among the calls, its type."""

    line: int
    place: int
    type: str
    call: Json
    steady: Json  # without what differs from run to run
    shaped: Json  # and with the shape of its device's ids
    device: tuple[str, ...]

    @property
    def mark(self) -> bytes:
        """Return what the call means."""
        return keep([self.type, self.shaped])

    @property
    def about(self) -> bytes:
        """Return whom and what the call is about: type, ids, event name."""
        call = self.shaped if isinstance(self.shaped, dict) else {}
        return write([self.type, *(call.get(name) for name in _ABOUT)])

    @property
    def says(self) -> bytes:
        """Return all that the call says but the ids."""
        call = self.shaped if isinstance(self.shaped, dict) else {}
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


def _sides(entries: Iterable[Entry], meaning: Meaning) -> list[Side]:
    sides: list[Side] = []

    def add(line: int, kind: str, call: Json) -> None:
        steady, shaped = meaning.steady(call), meaning.shaped(call)
        sides.append(Side(line, len(sides), kind, call, steady, shaped, device_ids(call)))

    for entry in entries:
        if entry.refused is not None:
            code, _ = entry.refusal()
            refused: JsonObject = {"path": entry.value.get("path"), "refused": entry.refused.get("code")}
            add(entry.number, f"request refused {code}", refused)
        for recorded in entry.calls:
            add(recorded.number, entry.type_of(recorded), recorded.call)
    return sides


def compare(old: Iterable[Entry], new: Iterable[Entry], meaning: Meaning) -> Comparison:
    """Return what differs in meaning from `old` to `new`."""
    before, after = _sides(old, meaning), _sides(new, meaning)
    ids = DeviceIds()
    same, before_left, after_left = _matched(before, after, lambda side: side.mark, ids)
    pairs = [Pair("moved", was, now) for was, now in _moved(same)]
    changed: list[tuple[Side, Side]] = []
    for key, of in (
        (lambda side: side.about, ids),
        (lambda side: side.about, None),  # of another device than before
        (lambda side: side.says, None),  # of somebody else than before
    ):
        more, before_left, after_left = _matched(before_left, after_left, key, of)
        changed += more
    pairs += (Pair("changed", was, now, _differences(was, now, ids, meaning)) for was, now in changed)
    pairs += (Pair("removed", side, None) for side in before_left)
    pairs += (Pair("added", None, side) for side in after_left)
    pairs.sort(key=lambda pair: (pair.new.line if pair.new else 0, pair.old.line if pair.old else 0))
    return Comparison(len(same), pairs, list(_traits(before, after)))


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


def _moved(pairs: list[tuple[Side, Side]]) -> Iterator[tuple[Side, Side]]:
    """Yield the fewest pairs that must move to bring the old order into the new one."""
    # The longest run of pairs in order stays; the others moved.
    ends: list[int] = []
    lasts: list[int] = []
    previous: list[int] = []
    for index, (old, _) in enumerate(pairs):
        at = bisect_left(ends, old.place)
        previous.append(lasts[at - 1] if at else -1)
        ends[at : at + 1] = [old.place]
        lasts[at : at + 1] = [index]
    stay: set[int] = set()
    index = lasts[-1] if lasts else -1
    while index >= 0:
        stay.add(index)
        index = previous[index]
    yield from (pair for index, pair in enumerate(pairs) if index not in stay)


def _differences(old: Side, new: Side, ids: DeviceIds, meaning: Meaning) -> tuple[tuple[str, str, str], ...]:
    now = meaning.steady(ids.in_old_words(new.call))
    return tuple((json_path(*path), was, text) for path, was, text in changes(old.steady, now))


def _names(sides: list[Side]) -> dict[tuple[str, str], set[str]]:
    """Return the types of the values of each (type of call, trait)."""
    kinds: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for side in sides:
        call = side.steady if isinstance(side.steady, dict) else {}
        values = call.get("traits") if side.type in {"identify", "group"} else call.get("properties")
        for name, value in (values if isinstance(values, dict) else {}).items():
            kind = _KINDS.get(type(value), "number")  # js_json's own number is a number too
            kinds[side.type, name].add(kind)
    return kinds


def _traits(before: list[Side], after: list[Side]) -> Iterator[TraitChange]:
    old, new = _names(before), _names(after)
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
