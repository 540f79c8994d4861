"""The filters of a destination, ready to be applied to an event (D-30 to D-34)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from segment_pendo.base.json_path import json_path
from segment_pendo.base.prose import short, whole
from segment_pendo.segment.filters import browser, properties, sample, server
from segment_pendo.segment.filters.codes import note
from segment_pendo.segment.filters.condition import ALL, Condition, condition_of
from segment_pendo.segment.filters.tokens import ConditionError
from segment_pendo.segment.filters.values import Broken
from segment_pendo.segment.switches import DEFAULT, Switches
from segment_pendo.words import Finding, Json, JsonObject

__all__ = ["ActionSpec", "Dropped", "FilterSpec", "Filters", "Passed", "compiled"]

_WIDEST: Final = 120
_SAMPLE, _DROP, _DROP_PROPERTIES, _ALLOW_PROPERTIES = range(4)
_ALL: Final = tuple(range(4))
# D-34: the names of the Public API, of the published engine, and of the older API; their order is D-30's.
_RANKS: Final = {
    name: rank
    for rank, names in enumerate(
        (
            ("SAMPLE", "sample", "sample_event"),
            ("DROP", "drop", "drop_event"),
            ("DROP_PROPERTIES", "drop_properties", "blocklist_fields"),
            ("ALLOW_PROPERTIES", "allow_properties", "whitelist_fields"),
        )
    )
    for name in names
}
_LAST: Final = len(_ALL)


# --- what goes in and comes out ---


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """One action of a filter: `percent` (0 to 1) and `path` are a sample's, `fields` those of properties."""

    type: str
    percent: float | None = None
    path: str | None = None
    fields: JsonObject | None = None


@dataclass(frozen=True, slots=True)
class FilterSpec:
    """One filter as the workspace has it; `condition` is the FQL of its `if`."""

    name: str
    condition: str
    actions: tuple[ActionSpec, ...]
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Passed:
    """The event after all filters: the same object where none changed it.

    `changed_by` are the names of the filters that did; `notes` say what about it is an assumption.
    """

    data: JsonObject
    changed_by: tuple[str, ...] = ()
    notes: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Dropped:
    """Why a filter keeps the event from the destination."""

    code: str
    reason: str


class _Stop(Exception):
    """The event is dropped; the text is what the reason says after the name of the filter."""


class _Filter(NamedTuple):
    at: int
    name: str
    text: str
    condition: Condition | None  # None where the text says none
    error: str
    actions: tuple[ActionSpec, ...]  # in the order in which they run


@dataclass(frozen=True, slots=True)
class Filters:
    """The filters of a destination that are enabled, in the order in which they run."""

    findings: tuple[Finding, ...]
    _filters: tuple[_Filter, ...] = field(repr=False)
    _switches: Switches = field(repr=False)

    def applied(self, data: JsonObject) -> Passed | Dropped:
        """Return what a destination gets of an event, or why it gets nothing. Never raises."""
        changed: list[str] = []
        notes: list[Finding] = []
        for one in self._filters:
            before = data
            try:
                if self._is_met(one, data):
                    for action in one.actions:
                        data = self._done(one, action, data, notes)
            except Broken as error:  # D-32
                reason = (
                    f"The filter {one.name} errs: {error}. Segment drops the event and shows that nowhere; "
                    "correct the filter."
                )
                return Dropped("FILTER_BROKEN", reason)
            except _Stop as stop:
                return Dropped("FILTERED_BY_DESTINATION_FILTER", f"The filter {one.name} {stop}")
            if data is not before:
                changed.append(one.name)
        return Passed(data, tuple(changed), tuple(notes))

    def _is_met(self, one: _Filter, data: JsonObject) -> bool:
        if one.condition is None:
            raise Broken(one.error)
        return self._holds(one.condition.tree, data)

    def _holds(self, tree: Json, data: JsonObject) -> bool:
        matches = browser.matches if self._switches.filter_engine == "published" else server.matches
        return matches(tree, data)

    def _done(self, one: _Filter, action: ActionSpec, data: JsonObject, notes: list[Finding]) -> JsonObject:
        rank = _RANKS.get(action.type)
        if rank == _DROP:
            words = self._why(one, data)
            msg = "drops every event." if words == ALL else f"drops the event, as {words} holds."
            raise _Stop(msg)
        if rank == _SAMPLE:
            notes += self._sampled(one, action, data)
            return data
        if rank is None:
            msg = f"Segment has no action {whole(action.type)}"
            raise Broken(msg)
        if action.fields is None:
            msg = f"its action {action.type} has no fields"
            raise Broken(msg)
        change = properties.dropped if rank == _DROP_PROPERTIES else properties.allowed
        return change(data, action.fields)

    def _why(self, one: _Filter, data: JsonObject) -> str:
        """Return what of the condition, which holds, holds: the first side of its `or` that does."""
        assert one.condition is not None
        sides = one.condition.alternatives
        words = next((words for tree, words in sides if self._holds(["or", tree], data)), one.text)
        return short(words.strip(), _WIDEST)

    def _sampled(self, one: _Filter, action: ActionSpec, data: JsonObject) -> Iterator[Finding]:
        """Yield what about the sample is an assumption. Raises _Stop where it does not have the event."""
        percent = action.percent or 0
        keeps, uncertain = self._keeps(action, percent, data)
        words = self._why(one, data)
        share = f"{percent * 100:g} % of " + ("all events" if words == ALL else f"the events where {words}")
        if not keeps:
            msg = f"sends on {share}, and this one is not among them{uncertain}."
            raise _Stop(msg)
        if uncertain:
            text = f"The filter {one.name} sends on {share}; this one is among them{uncertain}."
            yield note("FILTER_UNCERTAIN", "$", text)

    def _keeps(self, action: ActionSpec, percent: float, data: JsonObject) -> tuple[bool, str]:
        if not 0 < percent < 1:
            return percent >= 1, ""
        if action.path:
            keeps = sample.browser_keeps if self._switches.sample_hash == "published" else sample.server_keeps
            return keeps(data, action.path, percent), " by a hash that Segment has not published"
        chosen = self._switches.sample
        if chosen == "message_id":
            return sample.server_keeps(
                data, "messageId", percent
            ), " by sample=message_id; Segment draws lots"
        return chosen == "kept", f" by sample={chosen}; Segment draws lots"


# --- making them ---


def compiled(specs: Sequence[FilterSpec], switches: Switches = DEFAULT) -> Filters:
    """Return the filters that are enabled, with findings about them. Never raises."""
    made = [_filter(at, spec) for at, spec in enumerate(specs) if spec.enabled]
    findings = [finding for one in made for finding in _findings(one)] + [*_conflicts(made)]
    return Filters(tuple(findings), tuple(sorted(made, key=_order)), switches)


def _filter(at: int, spec: FilterSpec) -> _Filter:
    condition, error = None, ""
    try:
        condition = condition_of(spec.condition)
    except ConditionError as wrong:
        error = f"its condition cannot be read: {wrong}"
    actions = tuple(sorted(spec.actions, key=lambda action: _RANKS.get(action.type, _LAST)))
    name = f'"{short(spec.name, _WIDEST)}"' if spec.name.strip() else str(at + 1)
    return _Filter(at, name, spec.condition, condition, error, actions)


def _order(one: _Filter) -> int:
    """Return the place of a filter: that of the first of its actions (D-30)."""
    return min((_RANKS.get(action.type, _LAST) for action in one.actions), default=_LAST)


def _findings(one: _Filter) -> Iterator[Finding]:
    place = ("filters", one.at)
    if one.error:
        text = (
            f"The filter {one.name} drops every event, and Segment shows that nowhere: {one.error}. "
            "Correct the condition."
        )
        yield note("FILTER_INVALID", json_path(*place, "if"), text)
    if not one.actions:
        text = f"The filter {one.name} has no actions, so it does nothing."
        yield note("FILTER_EMPTY", json_path(*place, "actions"), text)
    for action in one.actions:
        yield from _of_action(one, action, json_path(*place, "actions"))


def _of_action(one: _Filter, action: ActionSpec, path: str) -> Iterator[Finding]:
    rank, percent = _RANKS.get(action.type), action.percent
    wrong = _wrong(action, rank)
    if wrong:
        text = f"The filter {one.name} cannot run: {wrong}. Segment drops the events that it meets."
        yield note("FILTER_INVALID", path, text)
    elif rank == _SAMPLE and percent is not None and 0 < percent < 1:
        how = "by a hash that Segment has not published" if action.path else "by lot"
        text = (
            f"The filter {one.name} sends on {percent * 100:g} % of the events that it meets, chosen {how}."
        )
        yield note("FILTER_UNCERTAIN", path, text)


def _wrong(action: ActionSpec, rank: int | None) -> str:
    """Return why an action cannot run, '' where it can."""
    if rank is None:
        return f"Segment has no action {whole(action.type)}"
    if rank == _SAMPLE and action.percent is None:
        return f"its action {action.type} has no percent"
    if rank in {_DROP_PROPERTIES, _ALLOW_PROPERTIES}:
        if not action.fields:
            return f"its action {action.type} has no fields"
        for path, names in action.fields.items():
            if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
                return f"the fields of {action.type} at {whole(path)} are no list of names"
    return ""


def _conflicts(made: Sequence[_Filter]) -> Iterator[Finding]:
    """Yield a finding for each filter that allows nothing of what an earlier one allows (D-33)."""
    allowed: dict[str, tuple[str, frozenset[str]]] = {}
    for one in made:
        for action in one.actions:
            if _RANKS.get(action.type) != _ALLOW_PROPERTIES:
                continue
            for path, names in (action.fields or {}).items():
                some = frozenset(map(str, names if isinstance(names, list) else ()))
                other, those = allowed.setdefault(path, (one.name, some))
                if other != one.name and not some & those:
                    text = (
                        f"The filters {other} and {one.name} allow nothing in common at {whole(path)}, so "
                        "where both are met nothing is left there. Put the names into one filter."
                    )
                    yield note("FILTER_CONFLICT", json_path("filters", one.at, "actions"), text)
