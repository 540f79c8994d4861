"""Pendo's records after a stream of webhooks, compared with another state or with a real Pendo's answer."""

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


_MOST: Final = 1 << 40  # records


class Event(NamedTuple):
    """One webhook's body, when it came (epoch milliseconds), and the name of its call."""

    body: Json
    at: int
    call: str


def predicted(events: Iterable[Event], switches: PendoSwitches = DEFAULT, *, track: bool = True) -> Records:
    """Return Pendo's records as the model predicts them after these webhooks; none is forgotten by number."""
    pendo = Records(switches, track=track, most=_MOST)
    for event in events:
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
    """Yield what differs in visitors and accounts: records, accounts of a visitor, fields.

    Times, history and the order of fields do not count.
    """
    for kind, plural in (("visitor", "visitors"), ("account", "accounts")):
        old_records, new_records = _records(before, plural), _records(after, plural)
        for record_id in sorted(old_records | new_records):
            old, new = _steady(old_records.get(record_id)), _steady(new_records.get(record_id))
            if old is None or new is None:
                yield StateChange(kind, record_id, "$", _text(old), _text(new))
                continue
            for path, old_text, new_text in changes(old, new):
                yield StateChange(kind, record_id, json_path(*path), old_text, new_text)


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
    """One field of a predicted record, compared with the real one.

    `verdict` is same, differs, missing (Pendo does not have it) or more (only Pendo has it). `switches` are
    the settings with which the model would have predicted what Pendo has.
    """

    field: str
    predicted: str
    actual: str
    verdict: str
    switches: tuple[str, ...] = ()


_RECORD: Final = "the record"
_ANSWERS: Final = frozenset({"methods", "size_limit", "answer"})  # switches that change no record


def compared(
    kind: str,
    record_id: str,
    events: Sequence[Event],
    actual: Json,
    switches: PendoSwitches = DEFAULT,
    *,
    track: bool = True,
) -> list[Compared]:
    """Compare a predicted record with a real Pendo's answer (None: it has no such record), by field."""
    mine, theirs = _fields(_record(kind, record_id, events, switches, track=track)), _fields(actual)
    rows: list[Compared] = []
    for name in [*mine, *(name for name in theirs if name not in mine)]:
        left, right = mine.get(name, ABSENT), theirs.get(name, ABSENT)
        verdict = (
            "same"
            if left == right
            else "missing"
            if right == ABSENT
            else "more"
            if left == ABSENT
            else "differs"
        )
        rows.append(Compared(name, left, right, verdict))
    if all(row.verdict == "same" for row in rows):
        return rows
    # A reading under which there is no record at all explains no field of one that is there.
    readings = [
        (setting, fields)
        for setting, fields in _readings(kind, record_id, events, switches, track=track)
        if (_RECORD in fields) == (_RECORD in theirs)
    ]
    return [
        row._replace(switches=_explaining(row, readings)) if row.verdict != "same" else row for row in rows
    ]


def _record(
    kind: str, record_id: str, events: Sequence[Event], switches: PendoSwitches, *, track: bool
) -> Json:
    pendo = predicted(events, switches, track=track)
    return pendo.visitor(record_id) if kind == "visitor" else pendo.account(record_id)


def _fields(record: Json) -> dict[str, str]:
    """Return what both sides can know of a record, as JSON texts by name."""
    if not isinstance(record, dict):
        return {}
    fields = {_RECORD: '"there"'}
    if isinstance(record.get("accountIds"), list) and record["accountIds"]:
        fields["accountIds"] = _text(record["accountIds"])
    metadata = record.get("metadata")
    group = metadata.get("segmentio") if isinstance(metadata, dict) else None
    for name, value in group.items() if isinstance(group, dict) else ():
        fields[f"segmentio.{name}"] = _text(value) if value is not None else "null"
    return fields


def _readings(
    kind: str, record_id: str, events: Sequence[Event], switches: PendoSwitches, *, track: bool
) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the record as predicted with each single change of a switch, with that setting."""
    for switch in table(switches):
        for value in switch.values if switch.name not in _ANSWERS else ():
            if value != getattr(switches, switch.name):
                setting = f"{switch.name}={value}"
                yield (
                    setting,
                    _fields(_record(kind, record_id, events, changed(switches, [setting]), track=track)),
                )


def _explaining(row: Compared, readings: Sequence[tuple[str, dict[str, str]]]) -> tuple[str, ...]:
    return tuple(setting for setting, fields in readings if fields.get(row.field, ABSENT) == row.actual)
