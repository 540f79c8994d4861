"""Races: what Pendo's records hold only because the calls came in this order.

Segment promises no order between requests, and delivers each message of a batch alone, so any two calls may
change places. Identify and group are upserts in which the last value wins (pendo 1.17): what a record ends
with in some place of it depends on the order exactly if two calls write something different there. So no
permutation is tried: one pass keeps, for each place, the last call and the last one that disagrees with it.

What a webhook writes is `effect.updates`, by which the records go, too. Times, history, the metadata schema
and the lists of events are no content of a record and are not compared. Here nothing is forgotten; `Records`
keeps at most 1,000 accounts of a visitor and 10,000 messageIds.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from segment_pendo.base import js_json
from segment_pendo.base.json_diff import ABSENT
from segment_pendo.base.json_path import json_path
from segment_pendo.base.prose import short, whole
from segment_pendo.explain.prediction import Event
from segment_pendo.explain.rows import finding_row
from segment_pendo.pendo.codes import note
from segment_pendo.pendo.effect import Update, updates
from segment_pendo.pendo.effect import effect as effect_of
from segment_pendo.pendo.ids import Kind
from segment_pendo.pendo.records import message_id_of
from segment_pendo.pendo.switches import DEFAULT, PendoSwitches
from segment_pendo.words import Finding, Json, JsonObject

__all__ = ["Ending", "Race", "races"]

type Arrives = Literal["last", "first", "instead"]
type _Path = tuple[str | int, ...]

_WIDEST: Final = 80
_WHEN: Final = {
    "last": "{} arrives last",
    "first": "{} arrives first",
    "instead": "{} arrives before the call with its messageId",
}


class Ending(NamedTuple):
    """What a record ends with in one place, as JSON text or ABSENT, and the call that decides it.

    `path` is where in the call it stands; `at` is when the call came, in epoch milliseconds.
    """

    value: str
    call: str
    at: int
    path: str


class Race(NamedTuple):
    """One place of a record that another order of the same calls leaves otherwise.

    `path` is that place in the record; "$" is the record itself. `arrives` says how `other` comes about: its
    call arrives last of all, first of all, or `instead` of one with the same messageId.
    """

    kind: Kind
    id: str
    path: str
    recorded: Ending
    other: Ending
    arrives: Arrives

    def says(self) -> str:
        """Return the place and both endings as one clause."""
        now, then = (short(ending.value, _WIDEST) for ending in (self.recorded, self.other))
        place = short(_where(self.path), _WIDEST)
        when = _WHEN[self.arrives].format(self.other.call)
        return f"{place} is {now} as recorded ({self.recorded.call}), but {then} if {when}"

    def finding(self) -> Finding:
        """Return the race as a finding about the call that decides it as recorded."""
        return note("ORDER_SENSITIVE", self.recorded.path, f"{self.kind} {whole(self.id)}: {self.says()}.")

    def row(self) -> JsonObject:
        """Return the race as JSON: its finding, the place, both endings."""
        now, then = ({**ending._asdict()} for ending in (self.recorded, self.other))
        place: JsonObject = {"kind": self.kind, "id": self.id, "field": self.path}
        return finding_row(self.finding()) | place | {"recorded": now, "other": then, "arrives": self.arrives}


def _where(path: str) -> str:
    """Return a place of a record as people read it: `segmentio.plan`."""
    return "the record itself" if path == "$" else path.removeprefix("$.metadata.").removeprefix("$.")


# --- what calls write ---


@dataclass(slots=True, eq=False)
class _Call:
    """One webhook; `same` are those with its messageId, where Pendo reads only the first of them (1.16)."""

    name: str
    at: int
    same: "list[_Call] | None" = None
    touched: "set[_Cell] | None" = None

    @property
    def counts(self) -> bool:
        return self.same is None or self.same[0] is self

    @property
    def is_alone(self) -> bool:
        return self.same is None or len(self.same) == 1


class _Write(NamedTuple):
    call: _Call
    value: object  # JSON, or _NOTHING where the call removes what was there
    path: _Path


_NOTHING: Final = object()


def _text(value: object) -> str:
    return ABSENT if value is _NOTHING else js_json.ascii_only(js_json.write(value).decode())  # type: ignore[arg-type]


def _same(one: object, other: object) -> bool:
    if one is other:
        return True
    if type(one) is type(other) and isinstance(one, str | bool | int):  # most are
        return one == other
    return _text(one) == _text(other)


class _Cell:
    """One place of a record: the last write that counts, the last of all, the last that disagrees with that.

    `steady`: whatever the order, some call writes it.
    """

    __slots__ = ("different", "latest", "recorded", "steady")

    def __init__(self) -> None:
        self.recorded: _Write | None = None
        self.latest: _Write | None = None
        self.different: _Write | None = None
        self.steady = False

    def take(self, write: _Write) -> None:
        call = write.call
        if call.touched is None:
            self.steady = True
        else:
            call.touched.add(self)
        if call.counts:
            self.recorded = write
        if self.latest is not None and not _same(self.latest.value, write.value):
            self.different = self.latest
        self.latest = write

    def disagreeing(self, value: object) -> _Write | None:
        """Return the last write of something else, or None where there is none."""
        every = (self.latest, self.different)
        return next((write for write in every if write and not _same(write.value, value)), None)


@dataclass(slots=True)
class _Record:
    """What the calls write into one record.

    `owners`: the last call that counts, and the last of all, whose traits replaced the record's (1.36).
    """

    there: _Cell = field(default_factory=_Cell)
    visited: _Cell = field(default_factory=_Cell)
    joined: _Cell = field(default_factory=_Cell)
    joins: list[_Write] = field(default_factory=list)
    fields: dict[str, _Cell] = field(default_factory=dict)
    owners: tuple[_Call, ...] = ()

    def take(self, update: Update, call: _Call, account_path: _Path) -> None:
        self.there.take(_Write(call, "there", ()))
        for taken in update.fields:
            if taken.name is not None:
                cell = self.fields.get(taken.name)
                if cell is None:
                    cell = self.fields[taken.name] = _Cell()
                self.settle(cell)
                value = _NOTHING if taken.removes else taken.value
                cell.take(_Write(call, value, ("traits", *taken.path)))
        if update.replaces:
            self.owners = (call,) if call.counts else (*self.owners[:1], call)
        if update.joins is not None:
            join = _Write(call, update.joins, account_path)
            self.joined.take(join)
            self.joins.append(join)
        if update.visits:
            self.visited.take(_Write(call, "visited", ()))

    def settle(self, cell: _Cell) -> None:
        """Have the calls that replaced the record since the last write of this field remove it."""
        for owner in self.owners:
            last = cell.recorded if owner.counts else cell.latest
            if last is None or last.call is not owner:
                cell.take(_Write(owner, _NOTHING, ("traits",)))


type _Step = tuple[_Call, Update, _Path]
type _Groups = dict[str, list[_Call]]


def _steps(
    events: Iterable[Event], switches: PendoSwitches, groups: _Groups, *, track: bool
) -> Iterator[_Step]:
    """Yield each call with what it does to each record; calls with the same messageId are put into groups."""
    drops = switches.repeats == "dropped"
    for event in events:
        call = _Call(event.call, event.at)
        message_id = message_id_of(event.body) if drops else None
        if message_id is not None:
            call.same, call.touched = groups.setdefault(message_id, []), set()
            call.same.append(call)
        effect = effect_of(event.body, switches, track=track)
        path = effect.account.path if effect.account is not None else ()
        for update in updates(effect, switches):
            yield call, update, path


def _seen(steps: list[_Step]) -> Iterator[_Step]:
    """Yield the steps that can ever be seen where visitors without a track event are hidden (6.04).

    Where all track events of a visitor have one messageId, another call that has it hides what it writes.
    """
    visits: dict[str, set[int]] = {}
    for call, update, _ in steps:
        if update.visits:
            visits.setdefault(update.id, set()).add(id(call.same or call))
    for step in steps:
        call, update, _ = step
        if update.visits or update.kind != "visitor" or visits.get(update.id) != {id(call.same or call)}:
            yield step


# --- races ---


def races(events: Iterable[Event], switches: PendoSwitches = DEFAULT, *, track: bool = True) -> list[Race]:
    """Return every place of every record whose content depends on the order of these webhooks.

    Of the calls that disagree with the one that decides it as recorded, the race names the one that came
    last. Takes time in proportion to the calls. Never raises, whatever the JSON.
    """
    groups: _Groups = {}
    steps = _steps(events, switches, groups, track=track)
    hidden = switches.eventless == "hidden"
    records: dict[tuple[Kind, str], _Record] = {}
    for call, update, path in _seen(list(steps)) if hidden and switches.repeats == "dropped" else steps:
        record = records.get((update.kind, update.id))
        if record is None:
            record = records[update.kind, update.id] = _Record()
        record.take(update, call, path)
    for same in groups.values():
        for cell in set.intersection(*(call.touched or set() for call in same)):
            cell.steady = True
    return [
        race
        for (kind, record_id), record in records.items()
        for race in _Judge(kind, record_id, record, hidden=hidden).races()
    ]


class _Judge:
    """Finds the races in one record. With `hidden`, a visitor is there only with a track event (6.04)."""

    def __init__(self, kind: Kind, record_id: str, record: _Record, *, hidden: bool) -> None:
        self._kind: Kind = kind
        self._id = record_id
        self._record = record
        self._shown = record.visited if hidden and kind == "visitor" else record.there
        self._is_shown = self._shown.recorded is not None

    def races(self) -> Iterator[Race]:
        if self._shown.latest is None:
            return
        record = self._record
        yield from self._cell((), record.there)
        yield from self._accounts()
        yield from self._cell(("metadata", "auto", "accountid"), record.joined)
        for name, cell in record.fields.items():
            record.settle(cell)
            yield from self._cell(("metadata", "segmentio", name), cell)

    def _cell(self, path: _Path, cell: _Cell) -> Iterator[Race]:
        now = cell.recorded if self._is_shown else None
        other = cell.disagreeing(now.value if now is not None else _NOTHING)
        if other is not None:
            yield self._race(path, self._recorded(cell, now, other), self._other(cell, other), "last")
        elif now is not None and now.value is not _NOTHING and self._is_avoidable(cell):
            yield self._race(path, *self._avoiding(cell, now), "instead")

    def _accounts(self) -> Iterator[Race]:
        cell, joins = self._record.joined, self._record.joins
        now = next((join for join in joins if join.call.counts), None) if self._is_shown else None
        other = next((join for join in joins if now is None or join.value != now.value), None)
        before = _NOTHING if now is None else _ids(joins)
        if other is not None:
            recorded = self._recorded(cell, now, other)._replace(value=before)
            after = self._other(cell, other)._replace(value=_ids(joins, other))
            yield self._race(("accountIds",), recorded, after, "first")
        elif now is not None and self._is_avoidable(cell):
            now = now._replace(value=before)
            yield self._race(("accountIds",), *self._avoiding(cell, now), "instead")

    def _is_avoidable(self, cell: _Cell) -> bool:
        """Whether in some order no call writes it, or the record is not there."""
        return not (cell.steady and self._shown.steady)

    def _recorded(self, cell: _Cell, now: _Write | None, other: _Write) -> _Write:
        """Return the write that decides as recorded; where there is none, what came instead of the other."""
        if now is not None:
            return now
        hides = cell.recorded is not None  # it is written, but the record is not there
        repeat = self._shown.latest if hides and self._shown.latest else other
        first = repeat.call.same[0] if repeat.call.same else repeat.call
        return _Write(first, _NOTHING, ("messageId",))

    def _other(self, cell: _Cell, other: _Write) -> _Write:
        """Return the write that decides in another order."""
        if self._is_shown or cell.recorded is None or self._shown.latest is None:
            return other
        return self._shown.latest._replace(value=other.value)

    def _avoiding(self, cell: _Cell, now: _Write) -> tuple[_Write, _Write]:
        """Return what is as recorded, and the call that can come instead and does not write it.

        Where it is written in any order, but the record need not be there, the calls are those that decide
        about the record.
        """
        blamed = self._shown if cell.steady else cell
        assert blamed.recorded is not None
        call = blamed.recorded.call
        *_, other = (same for same in call.same or () if blamed not in (same.touched or ()))
        path = now.path if blamed is cell else ("messageId",)
        return _Write(call, now.value, path), _Write(other, _NOTHING, ("messageId",))

    def _race(self, path: _Path, now: _Write, other: _Write, arrives: Arrives) -> Race:
        how = arrives if other.call.is_alone else "instead"
        return Race(self._kind, self._id, json_path(*path), _ending(now), _ending(other), how)


def _ids(joins: list[_Write], first: _Write | None = None) -> Json:
    """Return the accounts that these calls join a visitor to, in order; with `first`, if that comes first."""
    before = first.call.same if first is not None else None
    ids = {} if first is None else {str(first.value): None}
    for join in joins:
        if join.call.counts and (before is None or join.call.same is not before):
            ids[str(join.value)] = None
    return list(ids)


def _ending(write: _Write) -> Ending:
    return Ending(_text(write.value), write.call.name, write.call.at, json_path(*write.path))
