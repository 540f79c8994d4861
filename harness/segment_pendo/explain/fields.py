"""Field by field: how each value of a call came into the webhook and what Pendo makes of it, and why.

The webhook is certain. What Pendo makes of it is not, so each line has a grade, or the switch that was set.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from segment_pendo.base import json_diff
from segment_pendo.base.json_path import json_path, lies_in
from segment_pendo.explain.sayings import sayings
from segment_pendo.mapping.setup import Setup
from segment_pendo.pendo.effect import Effect, Id
from segment_pendo.segment.members import RULE_WHERE_ABSENT
from segment_pendo.words import Call, Change, Json, JsonObject, Judged, Message

__all__ = ["Line", "effect_row", "field_lines"]


# The members of which Pendo may read something.
_PLACED: Final = frozenset(
    {"userId", "groupId", "anonymousId", "context", "event", "properties", "timestamp"}
)
_HOLDERS: Final = frozenset({"traits", "properties"})
# What a track event is made of.
_OF_EVENT: Final = frozenset({"event", "properties"})
type _Said = Mapping[str, tuple[str, str]]


class Line(NamedTuple):
    """One value on its way from the call through the webhook to Pendo.

    `source`: its JSON path in the call (None: Segment adds it, or the mapping puts it there); `webhook`: its
    path in the webhook (None: it is lost there); `to`: its place in Pendo. `by`: who put it into the webhook,
    where it is not from the call: Segment, the mapping, the filters, the function, the plan.
    """

    source: str | None
    webhook: str | None
    to: str | None
    value: Json
    rule: str
    grade: str
    by: str = "Segment"

    def row(self) -> JsonObject:
        """Return this line as JSON."""
        return {
            "from": self.source,
            **({"by": self.by} if self.source is None else {}),
            "webhook": self.webhook,
            "to": self.to,
            "value": self.value,
            "rule": self.rule,
            "grade": self.grade,
        }


def effect_row(effect: Effect) -> JsonObject:
    """Return which records one webhook changes, and what it writes there."""
    metadata: JsonObject = {
        field.name: field.value for field in effect.fields if field.name is not None and not field.removes
    }
    visitor, account = effect.visitor_id, effect.account_id
    row: JsonObject = {
        "visitor": {"id": visitor, "metadata": metadata if effect.owner == "visitor" else {}}
        if visitor is not None
        else None,
        "account": {"id": account, "metadata": metadata if effect.owner == "account" else {}}
        if account is not None
        else None,
    }
    return (
        row | {"event": {"name": effect.event, "properties": effect.properties}}
        if effect.event is not None
        else row
    )


def field_lines(judged: Judged, effect: Effect | None, setup: Setup) -> list[Line]:
    """Return a line for each member of the call and the webhook, and for each trait and property.

    There are no lines for a call that is skipped.
    """
    content = judged.content
    if effect is None or judged.message is None or content is None:
        return []
    said = sayings(setup)
    lines: Iterable[Line] = _lines(judged.call, replace(judged.message, data=content), effect, said)
    if judged.changes:
        put = _put(judged.message.data, judged.changes)
        lines = (_as_mapped(line, put) for line in lines)
    changed = tuple(finding.path for finding in judged.findings if finding.code == "NUMBER_CHANGED")
    return (
        [_of_number(line, said) if _holds(line, changed) else line for line in lines] if changed else [*lines]
    )


def _put(data: JsonObject, changes: Sequence[Change]) -> dict[str, str]:
    """Return the JSON paths of all that stages changed, with the last that did."""
    put: dict[str, str] = {}
    for change in changes:
        put |= {json_path(*path): f"the {change.stage}" for path, *_ in json_diff.changes(data, change.data)}
        data = change.data
    return put


def _as_mapped(line: Line, put: Mapping[str, str]) -> Line:
    """Return a line without its place in the call, where a stage put something into it."""
    at = line.webhook
    if at is None:
        return line
    by = next((stage for path, stage in put.items() if lies_in(path, at) or lies_in(at, path)), None)
    return line if by is None else line._replace(source=None, by=by)


def _holds(line: Line, paths: tuple[str, ...]) -> bool:
    """Whether one of these places lies in the value of a line."""
    return line.source is not None and any(lies_in(path, line.source) for path in paths)


def _of_number(line: Line, said: _Said) -> Line:
    # Where the value is lost, the reason for that matters more.
    rule, grade = said["W-28"]
    return line if line.to is None else line._replace(rule=rule, grade=grade)


def _lines(call: Call, message: Message, effect: Effect, said: _Said) -> Iterator[Line]:
    sent = call.data if isinstance(call.data, dict) else {}
    for key, value in sent.items():
        if key not in message.data:  # S-4: only the write key of a single call is taken away
            yield Line(json_path(key), None, None, value, *said["S-4"])
    for key, value in message.data.items():
        path = json_path(key)
        source = _source(key, path, sent)
        if key == "__proto__":
            yield Line(source, None, None, value, *said["W-28"])
        elif key in _HOLDERS and value == {} and effect.nothing is None:
            continue  # nothing is in it that could get lost
        elif key == "traits" and isinstance(value, dict):
            yield from _traits(value, effect, said)
        elif key == "properties" and isinstance(value, dict) and effect.event is not None:
            yield from _properties(value, effect, said)
        else:
            placed = _place(key, value, effect) if key in _PLACED else None
            to, taken, rule = placed or (None, value, _unread(key, source, effect))
            yield Line(source, path, to, taken, *said[rule])


def _source(key: str, path: str, sent: JsonObject) -> str | None:
    """Return the path in the call of a member whose path in the webhook this is."""
    if key == "originalTimestamp" and "timestamp" in sent:
        return "$.timestamp"
    return path if key in sent else None


def _place(key: str, value: Json, effect: Effect) -> tuple[str | None, Json, str] | None:
    """Return the place in Pendo, the value and the rule of a member; None where Pendo does not read it."""
    if (
        effect.joins
        and effect.owner == "visitor"
        and effect.account is not None
        and effect.account.path[0] == key
    ):
        return "account id, joined by the visitor", effect.account_id, "1.40"
    if key == "userId" and effect.joins and effect.owner == "account":
        return "visitor id, joined to the account", effect.visitor_id, "1.52"
    for kind, taken in (("visitor", effect.visitor), ("account", effect.account)):
        if taken is not None and taken.path == (key,):
            return _id_place(kind, value, taken, effect)
    if key == "event" and effect.event is not None:
        return "track event", value, "1.61"
    if key == "timestamp" and effect.event is not None:
        return "time of the track event", value, "2.04"
    return None


def _id_place(kind: str, value: Json, taken: Id, effect: Effect) -> tuple[str | None, Json, str]:
    if taken.value is None:
        return None, value, taken.rule
    return (
        (f"{kind} id", taken.value, taken.rule) if effect.nothing is None else (None, value, effect.nothing)
    )


def _unread(key: str, source: str | None, effect: Effect) -> str:
    """Return the rule that says why Pendo does not read a member, or why Segment adds it."""
    if key == "type":
        return effect.nothing if effect.nothing in {"1.20", "1.21", "1.60"} else "1.20"
    if key in _OF_EVENT and effect.nothing is not None:
        return effect.nothing
    if key == "groupId":
        return "1.40" if effect.event is None else "1.62"
    added_by = RULE_WHERE_ABSENT.get(key) if source is None or key == "originalTimestamp" else None
    return added_by or "1.13"


def _traits(traits: JsonObject, effect: Effect, said: _Said) -> Iterator[Line]:
    if "__proto__" in traits:
        yield Line("$.traits.__proto__", None, None, traits["__proto__"], *said["W-28"])
    if not traits or not effect.fields:
        yield Line(
            "$.traits",
            "$.traits",
            None,
            traits,
            *said[effect.nothing or ("1.31" if effect.owner == "visitor" else "1.51")],
        )
    for field in effect.fields:
        path = json_path("traits", *field.path)
        gone = " (removed)" if field.removes else ""
        to = f"{effect.owner} segmentio.{field.name}{gone}" if field.name is not None else None
        rule = field.rule if field.rule != "1.31" or effect.owner == "visitor" else "1.51"
        yield Line(path, path, to, field.value, *said[rule])


def _properties(properties: JsonObject, effect: Effect, said: _Said) -> Iterator[Line]:
    for key, value in properties.items():
        path = json_path("properties", key)
        if key == "__proto__":
            yield Line(path, None, None, value, *said["W-28"])
        elif key == "groupId" and effect.account is not None:
            also = " and property" if isinstance(effect.properties, dict) and key in effect.properties else ""
            yield Line(path, path, f"account id of the track event{also}", value, *said["1.62"])
        else:
            yield Line(path, path, f"property {key} of the track event", value, *said["1.63"])
