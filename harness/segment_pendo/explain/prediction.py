"""Pendo's records after a stream of webhooks, and what differs from another state, or from a real Pendo's
answer.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from segment_pendo.base import js_json
from segment_pendo.base.json_diff import ABSENT, changes
from segment_pendo.base.json_path import json_path
from segment_pendo.base.switch import changed, table
from segment_pendo.pendo.records import Records
from segment_pendo.pendo.switches import DEFAULT, PendoSwitches
from segment_pendo.words import Json, JsonObject

__all__ = ["Compared", "Event", "StateChange", "compared", "predicted", "state_changes"]


class Event(NamedTuple):
    """One webhook's body, when it came (epoch milliseconds), and the name of its call."""

    body: Json
    at: int
    call: str


def predicted(events: Iterable[Event], switches: PendoSwitches = DEFAULT, *, track: bool = True) -> Records:
    """The model after these webhooks."""
    every = list(events)
    pendo = Records(switches, track=track, most=max(10_000, len(every)))
    for event in every:
        pendo.apply(event.body, event.at, event.call)
    return pendo


# --- two states ---


class StateChange(NamedTuple):
    """Where two states differ; the values are JSON texts, or `(absent)`."""

    kind: str
    id: str
    path: str
    before: str
    after: str


def state_changes(before: JsonObject, after: JsonObject) -> Iterator[StateChange]:
    """What differs in visitors and accounts: records, accounts of a visitor, fields.

    Times, history and order of fields do not count.
    """
    for kind, plural in (("visitor", "visitors"), ("account", "accounts")):
        old, new = _records(before, plural), _records(after, plural)
        for record_id in sorted(old | new):
            one, other = _steady(old.get(record_id)), _steady(new.get(record_id))
            if one is None or other is None:
                yield StateChange(kind, record_id, "$", _text(one), _text(other))
                continue
            for path, left, right in changes(one, other):
                yield StateChange(kind, record_id, json_path(*path), left, right)


def _records(state: JsonObject, plural: str) -> JsonObject:
    records = state.get(plural)
    return records if isinstance(records, dict) else {}


def _steady(record: Json) -> Json:
    if not isinstance(record, dict):
        return None
    metadata = record.get("metadata")
    groups = metadata if isinstance(metadata, dict) else {}
    own: JsonObject = {name: group for name, group in groups.items() if name == "segmentio"}
    auto = groups.get("auto")
    if isinstance(auto, dict) and "accountid" in auto:
        own["auto"] = {"accountid": auto["accountid"]}
    return {key: value for key, value in record.items() if key in {"id", "accountIds"}} | {"metadata": own}


def _text(value: Json) -> str:
    return ABSENT if value is None else js_json.ascii_only(js_json.write(value).decode())


# --- prediction and reality ---


class Compared(NamedTuple):
    """One field of a record: `verdict` is same, differs, missing (Pendo lacks it) or more (only Pendo has
    it).

    `switches` are the settings with which the model would have predicted what Pendo has.
    """

    field: str
    predicted: str
    actual: str
    verdict: str
    switches: tuple[str, ...] = ()


_RECORD: Final = "the record"
_ANSWERS: Final = frozenset({"methods", "size_limit", "answer"})  # switches that touch no record


def compared(
    kind: str,
    record_id: str,
    events: Sequence[Event],
    actual: Json,
    switches: PendoSwitches = DEFAULT,
    *,
    track: bool = True,
) -> list[Compared]:
    """A predicted record beside a real Pendo's answer (None: it has none), field by field."""
    mine, theirs = _fields(_record(kind, record_id, events, switches, track=track)), _fields(actual)
    found: list[Compared] = []
    for name in [*mine, *(name for name in theirs if name not in mine)]:
        one, other = mine.get(name, ABSENT), theirs.get(name, ABSENT)
        verdict = (
            "same"
            if one == other
            else "missing"
            if other == ABSENT
            else "more"
            if one == ABSENT
            else "differs"
        )
        found.append(Compared(name, one, other, verdict))
    if all(one.verdict == "same" for one in found):
        return found
    # A reading under which there is no record at all explains no field of one that is there.
    readings = [
        one
        for one in _readings(kind, record_id, events, switches, track=track)
        if (_RECORD in one[1]) == (_RECORD in theirs)
    ]
    return [
        one._replace(switches=_explaining(one, readings)) if one.verdict != "same" else one for one in found
    ]


def _record(
    kind: str, record_id: str, events: Sequence[Event], switches: PendoSwitches, *, track: bool
) -> Json:
    pendo = predicted(events, switches, track=track)
    return pendo.visitor(record_id) if kind == "visitor" else pendo.account(record_id)


def _fields(record: Json) -> dict[str, str]:
    """What both sides can know of a record, as JSON texts."""
    if not isinstance(record, dict):
        return {}
    made = {_RECORD: '"there"'}
    if isinstance(record.get("accountIds"), list) and record["accountIds"]:
        made["accountIds"] = _text(record["accountIds"])
    metadata = record.get("metadata")
    group = metadata.get("segmentio") if isinstance(metadata, dict) else None
    for name, value in group.items() if isinstance(group, dict) else ():
        made[f"segmentio.{name}"] = _text(value) if value is not None else "null"
    return made


def _readings(
    kind: str, record_id: str, events: Sequence[Event], switches: PendoSwitches, *, track: bool
) -> Iterator[tuple[str, dict[str, str]]]:
    """The record under each single other setting of a switch."""
    for one in table(switches):
        for value in one.values if one.name not in _ANSWERS else ():
            if value != getattr(switches, one.name):
                setting = f"{one.name}={value}"
                yield (
                    setting,
                    _fields(_record(kind, record_id, events, changed(switches, [setting]), track=track)),
                )


def _explaining(one: Compared, readings: Sequence[tuple[str, dict[str, str]]]) -> tuple[str, ...]:
    return tuple(setting for setting, fields in readings if fields.get(one.field, ABSENT) == one.actual)
