"""Field by field: how each value of a call came into the webhook and what Pendo makes of it, and why.

The webhook is certain. What Pendo makes of it is not: each line says its grade, or the switch that was set
instead.
"""

from collections.abc import Iterator
from typing import NamedTuple

from segment_pendo.base.json_path import json_path
from segment_pendo.explain.why import why
from segment_pendo.mapping.setup import Setup
from segment_pendo.pendo.effect import Effect, Id
from segment_pendo.segment.members import RULE_WHERE_ABSENT
from segment_pendo.words import Call, Json, JsonObject, Judged, Message

__all__ = ["Line", "effect_row", "field_lines"]


class Line(NamedTuple):
    """One value on its way: JSON path in the call (None: Segment adds it), in the webhook (None: it is lost
    there), place in Pendo.
    """

    source: str | None
    webhook: str | None
    to: str | None
    value: Json
    rule: str
    grade: str

    def row(self) -> JsonObject:
        return {
            "from": self.source,
            "webhook": self.webhook,
            "to": self.to,
            "value": self.value,
            "rule": self.rule,
            "grade": self.grade,
        }


def effect_row(made: Effect) -> JsonObject:
    """Which records one webhook touches, and what it writes there."""
    metadata: JsonObject = {
        one.name: one.value for one in made.fields if one.name is not None and not one.removes
    }
    visitor, account = made.visitor_id, made.account_id
    row: JsonObject = {
        "visitor": {"id": visitor, "metadata": metadata if made.owner == "visitor" else {}}
        if visitor is not None
        else None,
        "account": {"id": account, "metadata": metadata if made.owner == "account" else {}}
        if account is not None
        else None,
    }
    return (
        row | {"event": {"name": made.event, "properties": made.properties}}
        if made.event is not None
        else row
    )


def field_lines(judged: Judged, made: Effect | None, setup: Setup) -> list[Line]:
    """Every member of the call and of the webhook, traits and properties one by one; none for a call that is
    skipped.
    """
    if made is None or judged.message is None:
        return []
    return list(_lines(judged.call, judged.message, made, setup))


def _lines(call: Call, message: Message, made: Effect, setup: Setup) -> Iterator[Line]:
    sent = call.data if isinstance(call.data, dict) else {}
    for key, value in sent.items():
        if key not in message.data:  # S-4: only the write key of a single call is taken away
            yield Line(json_path(key), None, None, value, *why("S-4", setup))
    for key, value in message.data.items():
        source = _source(key, sent)
        if key == "__proto__":
            yield Line(source, None, None, value, *why("W-28", setup))
        elif key == "traits" and isinstance(value, dict):
            yield from _traits(value, made, setup)
        elif key == "properties" and isinstance(value, dict) and made.event is not None:
            yield from _properties(value, made, setup)
        else:
            yield _member(key, value, source, made, setup)


def _source(key: str, sent: JsonObject) -> str | None:
    if key == "originalTimestamp" and "timestamp" in sent:
        return "$.timestamp"
    return json_path(key) if key in sent else None


def _member(key: str, value: Json, source: str | None, made: Effect, setup: Setup) -> Line:
    to, taken, rule = _place(key, value, made) or (None, value, _unread(key, source, made))
    return Line(source, json_path(key), to, taken, *why(rule, setup))


def _place(key: str, value: Json, made: Effect) -> tuple[str | None, Json, str] | None:
    """Return where in Pendo a member goes, as what, by which rule; None where Pendo reads nothing there."""
    if made.joins and made.owner == "visitor" and made.account is not None and made.account.path[0] == key:
        return "account id, joined by the visitor", made.account_id, "1.40"
    if key == "userId" and made.joins and made.owner == "account":
        return "visitor id, joined to the account", made.visitor_id, "1.52"
    for kind, taken in (("visitor", made.visitor), ("account", made.account)):
        if taken is not None and taken.path == (key,):
            return _id_place(kind, value, taken, made)
    if key == "event" and made.event is not None:
        return "track event", value, "1.61"
    if key == "timestamp" and made.event is not None:
        return "time of the track event", value, "2.04"
    return None


def _id_place(kind: str, value: Json, taken: Id, made: Effect) -> tuple[str | None, Json, str]:
    if taken.value is None:
        return None, value, taken.rule
    return (f"{kind} id", taken.value, taken.rule) if made.nothing is None else (None, value, made.nothing)


def _unread(key: str, source: str | None, made: Effect) -> str:
    """Return the rule by which Pendo reads nothing at a member, or by which Segment puts it there."""
    if key == "type":
        return made.nothing if made.nothing in {"1.20", "1.21", "1.60"} else "1.20"
    if key == "groupId":
        return "1.40" if made.event is None else "1.62"
    made_by = RULE_WHERE_ABSENT.get(key) if source is None or key == "originalTimestamp" else None
    return made_by or "1.13"


def _traits(traits: JsonObject, made: Effect, setup: Setup) -> Iterator[Line]:
    if "__proto__" in traits:
        yield Line("$.traits.__proto__", None, None, traits["__proto__"], *why("W-28", setup))
    if not traits or not made.fields:
        yield Line(
            "$.traits",
            "$.traits",
            None,
            traits,
            *why(made.nothing or ("1.31" if made.owner == "visitor" else "1.51"), setup),
        )
    for one in made.fields:
        path = json_path("traits", *one.path)
        gone = " (removed)" if one.removes else ""
        to = f"{made.owner} segmentio.{one.name}{gone}" if one.name is not None else None
        rule = one.rule if one.rule != "1.31" or made.owner == "visitor" else "1.51"
        yield Line(path, path, to, one.value, *why(rule, setup))


def _properties(properties: JsonObject, made: Effect, setup: Setup) -> Iterator[Line]:
    if not properties:
        yield Line("$.properties", "$.properties", None, {}, *why("1.63", setup))
    for key, value in properties.items():
        path = json_path("properties", key)
        if key == "__proto__":
            yield Line(path, None, None, value, *why("W-28", setup))
        elif key == "groupId" and made.account is not None:
            also = " and property" if isinstance(made.properties, dict) and key in made.properties else ""
            yield Line(path, path, f"account id of the track event{also}", value, *why("1.62", setup))
        else:
            yield Line(path, path, f"property {key} of the track event", value, *why("1.63", setup))
