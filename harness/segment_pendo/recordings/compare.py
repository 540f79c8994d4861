"""Compare two recordings: calls that were added, removed, changed or moved, and changes of traits.

Calls are matched by their meaning first (`merge.meaning`: what differs from run to run does not count), then
by type, user, group and event.
"""

from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

from segment_pendo.base.js_json import write
from segment_pendo.base.json_diff import changes
from segment_pendo.base.json_path import json_path
from segment_pendo.explain.teller import WHO, named
from segment_pendo.recordings.format import Entry
from segment_pendo.recordings.merge import meaning, steady
from segment_pendo.words import Json, JsonObject

__all__ = ["Comparison", "Pair", "TraitChange", "as_json", "compare"]

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
    mark: bytes

    @property
    def key(self) -> bytes:
        """Return what the call is about: type, ids, event name."""
        call = self.call if isinstance(self.call, dict) else {}
        return write(
            [self.type, *(call.get(name) for name in ("userId", "anonymousId", "groupId", "event", "name"))]
        )


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


def _sides(entries: Iterable[Entry]) -> Iterator[Side]:
    place = 0
    for entry in entries:
        if entry.refused is not None:
            code, _ = entry.refusal()
            refused: JsonObject = {"path": entry.value.get("path"), "refused": entry.refused.get("code")}
            yield Side(entry.number, place, f"request refused {code}", refused, meaning(refused))
            place += 1
        for recorded in entry.calls:
            yield Side(recorded.number, place, entry.type_of(recorded), recorded.call, meaning(recorded.call))
            place += 1


def compare(old: Iterable[Entry], new: Iterable[Entry]) -> Comparison:
    """Return what differs from `old` to `new`."""
    before, after = list(_sides(old)), list(_sides(new))
    comparison = Comparison()
    same = _matched(before, after, lambda side: side.type.encode() + side.mark)
    comparison.same = len(same)
    pairs = [Pair("moved", was, now) for was, now in _moved(same)]
    before_left, after_left = _unmatched(before, after, same)
    changed = _matched(before_left, after_left, lambda side: side.key)
    pairs += (Pair("changed", was, now, _differences(was.call, now.call)) for was, now in changed)
    removed, added = _unmatched(before_left, after_left, changed)
    pairs += (Pair("removed", side, None) for side in removed)
    pairs += (Pair("added", None, side) for side in added)
    pairs.sort(key=lambda pair: (pair.new.line if pair.new else 0, pair.old.line if pair.old else 0))
    comparison.pairs = pairs
    comparison.traits = list(_traits(before, after))
    return comparison


def _unmatched(
    before: list[Side], after: list[Side], pairs: list[tuple[Side, Side]]
) -> tuple[list[Side], list[Side]]:
    """Return the calls of both recordings that are in none of the pairs."""
    was, now = {side.place for side, _ in pairs}, {side.place for _, side in pairs}
    return (
        [side for side in before if side.place not in was],
        [side for side in after if side.place not in now],
    )


def _matched(before: list[Side], after: list[Side], key: Callable[[Side], bytes]) -> list[tuple[Side, Side]]:
    waiting: defaultdict[bytes, deque[Side]] = defaultdict(deque)
    for side in before:
        waiting[key(side)].append(side)
    return [(waiting[key(side)].popleft(), side) for side in after if waiting.get(key(side))]


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


def _differences(old: Json, new: Json) -> tuple[tuple[str, str, str], ...]:
    return tuple((json_path(*path), was, now) for path, was, now in changes(steady(old), steady(new)))


def _names(sides: list[Side]) -> dict[tuple[str, str], set[str]]:
    """Return the types of the values of each (type of call, trait)."""
    kinds: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for side in sides:
        call = side.call if isinstance(side.call, dict) else {}
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
