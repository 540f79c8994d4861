"""Why a user, an account or one trait of it is, or is not, in Pendo: asked of a stream of calls.

Memory is bounded: of many calls only the first and the last few that matter are kept.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from segment_pendo.base import js_json
from segment_pendo.base.bounded import Bounded
from segment_pendo.base.json_path import value_at
from segment_pendo.base.suggestion import nearest
from segment_pendo.explain.why.traces import (
    Reason,
    Seen,
    Trace,
    ended,
    event_named,
    folded,
    misplaced,
    spelled,
    text_of,
    traces,
    without_key,
)
from segment_pendo.mapping.assess import effect_of
from segment_pendo.pendo import ids
from segment_pendo.pendo.effect import Effect
from segment_pendo.pendo.records import Records
from segment_pendo.words import JsonObject

__all__ = ["End", "Found", "Question", "Whys"]

_LAST: Final = 3  # traces that are kept of one kind, beside the first
_MOST_IDS: Final = 10_000
_MOST_NAMES: Final = 2000
_MOST_LOST: Final = 200  # traits
_MOST_ENDS: Final = 50  # ways in which calls end
_MOST_HOLDERS: Final = 10_000
_MOST_DEVICES: Final = 100
_LONGEST: Final = 200  # of an id or a name that is remembered to be compared


class Question(NamedTuple):
    """Which record is asked about: a visitor by its user id, or an account; and which trait of it, if any."""

    kind: ids.Kind
    id: str
    trait: str | None = None


@dataclass(slots=True)
class Some:
    """Traces of which the first and the last few are kept; `count` is the number of their calls."""

    first: Trace | None = None
    last: deque[Trace] = field(default_factory=lambda: deque(maxlen=_LAST))
    count: int = 0

    def add(self, trace: Trace) -> None:
        self.first = self.first or trace
        self.count += not self.last or self.last[-1].call != trace.call
        self.last.append(trace)


class Alias(NamedTuple):
    """An alias call: its name, and the id that it gives to who is asked about."""

    call: str
    id: str


@dataclass(slots=True)
class End:
    """Calls that ended in the same way: where and why, how many, the first and the last of them."""

    reason: Reason
    stage: str
    rule: str
    grade: str
    code: str
    type: str | None
    first: str
    last: str = ""
    calls: int = 0


@dataclass(slots=True)
class Found:
    """What a stream of calls says about a question.

    `calls` name the record, `arrived` of them change something in Pendo.
    `same`: traces of the trait for this record, `renamed` those that arrive there under another name, `alike`
    those of a trait spelled alike, `foreign` those that are for another record, `misplaced` where it is no
    trait, `event` calls that it is the name of, `occurred` the last of them that Pendo has as a track event,
    `alias` the last alias call that gives it another id, `anonymous` from the time before the user was known.
    `others`: how many other records have it, and some of them (`partial`: there may be more); `related`: the
    user's accounts, or the account's users, that have it. `lost`: traits that do not arrive (`more_lost`: not
    all of them are kept), `sources`: what the fields came from, `ends`: where calls ended.
    """

    question: Question
    record: JsonObject | None = None
    history: dict[str, list[JsonObject]] = field(default_factory=dict)
    joined: list[JsonObject] = field(default_factory=list)
    calls: int = 0
    arrived: int = 0
    same: Some = field(default_factory=Some)
    renamed: Some = field(default_factory=Some)
    alike: Some = field(default_factory=Some)
    foreign: Some = field(default_factory=Some)
    misplaced: Some = field(default_factory=Some)
    event: Some = field(default_factory=Some)
    occurred: Trace | None = None
    alias: Alias | None = None
    anonymous: Some = field(default_factory=Some)
    ends: list[End] = field(default_factory=list)
    lost: dict[str, Some] = field(default_factory=dict)
    sources: dict[str, Trace] = field(default_factory=dict)
    others: int = 0
    some_others: list[str] = field(default_factory=list)
    related: list[str] = field(default_factory=list)
    nearest_id: str | None = None
    nearest_trait: str | None = None
    nearest_of_others: str | None = None
    hidden: bool = False
    partial: bool = False
    more_lost: bool = False
    refused: int = 0

    @property
    def main_end(self) -> End | None:
        """Return where most of the calls ended that have traits; where there is none, any other end."""
        with_traits = [end for end in self.ends if end.type in {"identify", "group"}]
        return max(with_traits or self.ends, key=lambda end: end.calls, default=None)

    @property
    def metadata(self) -> JsonObject:
        """Return the fields of the record."""
        record: Any = self.record
        return {} if record is None else dict(record["metadata"]["segmentio"])


class Whys:
    """Takes calls in their order, and answers a question about them. Never raises, whatever the calls."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self.refused = 0  # requests and calls that Segment answered with an error
        self.partial = False  # whether not all calls of others were taken, or not all were kept
        self._found = Found(question)
        # Only webhooks that change the record that is asked about are put in.
        self._records = Records()
        self._exists = False
        self._is_counted = False  # whether a copy of the call that came last has arrived
        self._ends: Bounded[tuple[str, str], End] = Bounded(_MOST_ENDS)
        self._ids: Bounded[str, bool] = Bounded(_MOST_IDS)
        self._names: Bounded[str, bool] = Bounded(_MOST_NAMES)
        self._names_of_others: Bounded[str, bool] = Bounded(_MOST_NAMES)
        self._lost: Bounded[str, Some] = Bounded(_MOST_LOST)
        self._sources: Bounded[str, Trace] = Bounded(_MOST_NAMES)
        self._holders: dict[ids.Kind, dict[str, None]] = {"visitor": {}, "account": {}}
        self._members: Bounded[str, bool] = Bounded(_MOST_HOLDERS)
        self._devices: Bounded[str, bool] = Bounded(_MOST_DEVICES)
        self._anonymous: Bounded[str, list[Trace]] = Bounded(_MOST_NAMES)

    def knows(self, kind_id: str) -> None:
        """Remember an id of the kind that is asked about, so that it may be the nearest one."""
        if len(kind_id) <= _LONGEST:
            self._ids.is_new(kind_id)

    def take(self, seen: Seen) -> None:
        """Take one call, or what one mapping made of it."""
        effect = effect_of(seen.judged, seen.setup)
        for name in (self._sent_id(seen), self._id_of(effect)):
            if name is not None:
                self.knows(name)
        changes = self._changes(seen, effect)
        if changes and effect is not None:
            self._keep(seen, effect)
        self._take_alias(seen)
        if changes or self._names_it(seen, effect):
            self._about(seen, effect)
        elif effect is not None:
            self._other(seen, effect)
        if changes and effect is not None and effect.joins and effect.visitor_id is not None:
            self._members.is_new(effect.visitor_id[:_LONGEST])

    # --- which calls are about the record ---

    def _sent_id(self, seen: Seen) -> str | None:
        value = seen.judged.call.member("userId" if self.question.kind == "visitor" else "groupId")
        return None if value is None else text_of(value)

    def _id_of(self, effect: Effect | None) -> str | None:
        if effect is None or effect.nothing is not None:
            return None
        return effect.visitor_id if self.question.kind == "visitor" else effect.account_id

    def _changes(self, seen: Seen, effect: Effect | None) -> bool:
        """Whether a call changes the record that is asked about."""
        taken = self._id_of(effect)
        return taken is not None and seen.arrived and taken == self._wanted(seen)

    def _wanted(self, seen: Seen) -> str | None:
        question = self.question
        if question.kind == "account":
            return question.id
        return ids.effective(question.id, "visitor", seen.setup.pendo)

    def _names_it(self, seen: Seen, effect: Effect | None) -> bool:
        """Whether a call was sent for the record, or would change it."""
        call, question = seen.judged.call, self.question
        sent = self._sent_id(seen)
        if sent is None and question.kind == "visitor":  # an anonymous one is asked about by its anonymousId
            anonymous = call.member("anonymousId")
            sent = None if anonymous is None else text_of(anonymous)
        if sent == question.id:
            return True
        taken = self._id_of(effect)
        return taken is not None and taken == self._wanted(seen)

    def _take_alias(self, seen: Seen) -> None:
        call = seen.judged.call
        if call.type != "alias" or self.question.kind != "visitor":
            return
        before, now = call.member("previousId"), call.member("userId")
        if before == self.question.id and isinstance(now, str) and seen.judged.webhook is None:
            self._found.alias = Alias(seen.call, now[:_LONGEST])

    # --- the record itself ---

    def _keep(self, seen: Seen, effect: Effect) -> None:
        assert seen.judged.webhook is not None
        self._exists = self._exists or effect.nothing is None
        self._records.switches = seen.setup.pendo
        body = js_json.read(seen.judged.webhook.body).value
        if isinstance(body, dict) and "traits" in body:
            body["traits"] = without_key(body["traits"], seen.judged)
        self._records.apply(body, int(seen.at.timestamp() * 1000), seen.call)

    def _about(self, seen: Seen, effect: Effect | None) -> None:
        found, trait = self._found, self.question.trait
        if seen.judged.copy == 1:
            found.calls += 1
            self._is_counted = False
        anonymous = seen.judged.call.member("anonymousId")
        if isinstance(anonymous, str):
            self._devices.is_new(anonymous[:_LONGEST])
        end = ended(seen, effect)
        if end is not None:
            kind = seen.judged.call.type
            made = End(end.reason, end.stage, end.rule, end.grade, end.rule_id, kind, seen.call)
            kept = self._ends.first((end.stage, end.rule), made)
            kept.calls, kept.last = kept.calls + 1, seen.call
        elif not self._is_counted:
            found.arrived += 1
            self._is_counted = True
        for trace in traces(seen, effect):
            self._sort(trace, self._wanted(seen), trait)
        if trait is not None:
            for trace in misplaced(seen, effect, trait):
                found.misplaced.add(trace)
            named = event_named(seen, effect, trait)
            if named is not None:
                found.event.add(named)
                found.occurred = found.occurred if named.stage else named

    def _sort(self, trace: Trace, wanted: str | None, trait: str | None) -> None:
        found = self._found
        top = str(trace.path[1])[:_LONGEST]
        arrives = trace.reason == "arrives"
        ours = trace.kind == self.question.kind and (not arrives or trace.owner == wanted)
        if ours:
            self._names.is_new(top)
        if trait is None:
            if not ours:
                return
            if arrives:
                self._sources[str(trace.to)[:_LONGEST]] = trace
                self._lost.pop(top)
            else:
                self._lost.first(top, Some()).add(trace)
            return
        how = spelled(trace, trait)
        if how is None:
            return
        trace = trace if how[1] == trace.path else _part(trace, how[1])
        if how[0] == "alike":
            found.alike.add(trace)
        elif not ours:
            found.foreign.add(trace)
        else:
            found.same.add(trace)
            if arrives and trace.to != trait:
                found.renamed.add(trace)

    # --- others ---

    def _other(self, seen: Seen, effect: Effect) -> None:
        trait = self.question.trait
        if self.question.kind == "visitor" and effect.nothing == "1.38":
            self._before(seen, effect)
        if not seen.arrived or effect.nothing is not None:
            return
        owner = effect.visitor_id if effect.owner == "visitor" else effect.account_id
        for made in effect.fields:
            if made.name is None:
                continue
            if effect.owner == self.question.kind:
                self._names_of_others.is_new(str(made.path[0])[:_LONGEST])
            if owner is not None and trait is not None and trait in {made.name, made.path[0]}:
                self._holds(self._holders[effect.owner], owner[:_LONGEST], removed=made.removes)

    def _holds(self, holders: dict[str, None], owner: str, *, removed: bool) -> None:
        if removed:
            holders.pop(owner, None)
        elif len(holders) < _MOST_HOLDERS:
            holders[owner] = None
        else:
            self.partial = True

    def _before(self, seen: Seen, effect: Effect) -> None:
        """Remember what is sent for somebody who is not known yet."""
        anonymous = seen.judged.call.member("anonymousId")
        if not isinstance(anonymous, str) or seen.judged.call.type != "identify":
            return
        trait = self.question.trait
        kept = [trace for trace in traces(seen, effect) if trait is None or spelled(trace, trait)]
        held = self._anonymous.first(anonymous[:_LONGEST], [])
        held += kept[: _LAST if trait is not None else _MOST_LOST]
        del held[: -_LAST if trait is not None else -_MOST_LOST]

    # --- the answer ---

    def answer(self) -> Found:
        """Return what was found until now."""
        found, question, records = self._found, self.question, self._records
        found.record = (
            records.visitor(question.id) if question.kind == "visitor" else records.account(question.id)
        )
        found.hidden = found.record is None and self._exists
        history: Any = records.history(question.kind, question.id) or {"fields": {}}
        found.history, found.joined = history["fields"], history.get("accounts", [])
        found.ends, found.lost = [*_values(self._ends)], dict(_items(self._lost))
        found.more_lost, found.partial = self._lost.cut > 0, self.partial
        found.sources, found.refused = dict(_items(self._sources)), self.refused
        for device in self._devices:
            for trace in self._anonymous.get(device) or ():
                found.anonymous.add(trace)
        self._name_others()
        self._name_nearest()
        return found

    def _name_others(self) -> None:
        found, question = self._found, self.question
        holders = self._holders[question.kind]
        found.others, found.some_others = len(holders), [*holders][:_LAST]
        if question.kind == "visitor":
            near = [str(row["value"])[:_LONGEST] for row in found.joined]
            having = self._holders["account"]
        else:
            near, having = [*self._members], self._holders["visitor"]
        found.related = [name for name in near if name in having or self._has_it(name)][:_LAST]

    def _has_it(self, account: str) -> bool:
        """Whether the trait arrives at an account by a call of the user that is asked about."""
        return any(trace.owner == account and trace.reason == "arrives" for trace in self._found.foreign.last)

    def _name_nearest(self) -> None:
        found, question = self._found, self.question
        if found.record is None and not found.calls:
            found.nearest_id = _nearest(question.id, self._ids)
        if question.trait is not None and not found.same.count:
            found.nearest_trait = _nearest(question.trait, self._names)
            found.nearest_of_others = _nearest(question.trait, self._names_of_others)


def _part(trace: Trace, path: tuple[str | int, ...]) -> Trace:
    """Return the trace of a part of an object that is lost."""
    return trace._replace(path=path, value=value_at(trace.value, path[len(trace.path) :]))


def _values(held: Bounded[tuple[str, str], End]) -> Iterator[End]:
    return (end for key in held if (end := held.get(key)) is not None)


def _items[V](held: Bounded[str, V]) -> Iterator[tuple[str, V]]:
    return ((key, value) for key in held if (value := held.get(key)) is not None)


def _nearest(name: str, names: Iterable[str]) -> str | None:
    """Return the name that is spelled alike, else the one that is most like it."""
    name, known = name[:_LONGEST], [*names]
    wanted = folded(name)
    alike = next((other for other in known if other != name and folded(other) == wanted), None)
    return alike or nearest(name, known)
