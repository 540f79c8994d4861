"""The fate of one call: a plain sentence, then field by field how it came into the webhook and what Pendo makes of it, and why.

The webhook is certain. What Pendo makes of it is not: each line says its grade (Pendo's code, a document, our assumption), or the switch
that was set instead.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final, NamedTuple

from segment_pendo.base import js_json
from segment_pendo.base.json_path import json_path
from segment_pendo.explain.teller import plain, short
from segment_pendo.mapping.assess import Setup, effect_of
from segment_pendo.pendo import rules as pendo_rules
from segment_pendo.pendo.effect import Effect, Id
from segment_pendo.pendo.metadata import Field
from segment_pendo.pendo.switches import spoken
from segment_pendo.segment import rules as segment_rules
from segment_pendo.segment.server import RULE_OF
from segment_pendo.words import Call, Finding, Json, JsonObject, Judged, Message, Skipped

__all__ = ["Line", "effect_row", "explained", "fate"]


class Line(NamedTuple):
    """One value on its way: JSON path in the call (None: Segment adds it), in the webhook (None: it is lost there), place in Pendo."""

    source: str | None
    webhook: str | None
    to: str | None
    value: Json
    rule: str
    grade: str

    def row(self) -> JsonObject:
        return {"from": self.source, "webhook": self.webhook, "to": self.to, "value": self.value, "rule": self.rule, "grade": self.grade}


def explained(judged: Judged, setup: Setup) -> JsonObject:
    """What `explain` adds to the row of a call: fate, fields, effect."""
    made = effect_of(judged, setup)
    return {
        "fate": fate(judged, setup, made),
        "fields": [line.row() for line in _field_lines(judged, made, setup)],
        "effect": effect_row(made) if made is not None else {"visitor": None, "account": None},
    }


def effect_row(made: Effect) -> JsonObject:
    """Which records one webhook touches, and what it writes there."""
    metadata: JsonObject = {one.name: one.value for one in made.fields if one.name is not None and not one.removes}
    visitor, account = made.visitor_id, made.account_id
    row: JsonObject = {
        "visitor": {"id": visitor, "metadata": metadata if made.owner == "visitor" else {}} if visitor is not None else None,
        "account": {"id": account, "metadata": metadata if made.owner == "account" else {}} if account is not None else None,
    }
    return row | {"event": {"name": made.event, "properties": made.properties}} if made.event is not None else row


# --- why ---------------------------------------------------------------------------------------------------------------

_GRADES: Final = {
    "code": "Segment's code",
    "payloads": "payloads of Segment's service",
    "documentation": "Segment's documents",
    "SDKs": "Segment's SDKs",
    "public threads": "public threads",
    "assumption": "our assumption",
}
_SEGMENT: Final = {rule.id: rule for rule in segment_rules.RULES}


def _why(rule: str, setup: Setup) -> tuple[str, str]:
    """A rule in words, and its grade; a switch that was set speaks instead of the rule."""
    if rule in _SEGMENT:
        known = _SEGMENT[rule]
        return f"{rule}: {known.says}", _GRADES[known.grade]
    chosen = spoken(rule, setup.pendo)
    if chosen is not None:
        return chosen, "--model"
    return f"pendo {rule}: {pendo_rules.RULES[rule].says}", pendo_rules.RULES[rule].grade


def _because(rule: str, setup: Setup) -> str:
    name, _, says = _why(rule, setup)[0].partition(": ")
    return f"{name} was given" if name.startswith("--") else says


# --- field by field ----------------------------------------------------------------------------------------------------

# What Segment makes where a call has none; all else of an event passes as it is (S-20).
_MADE: Final = RULE_OF | {"context": "S-10", "integrations": "S-10", "timestamp": "T-7"}


def _field_lines(judged: Judged, made: Effect | None, setup: Setup) -> list[Line]:
    """Every member of the call and of the webhook, traits and properties one by one; none for a call that is skipped."""
    if made is None or judged.message is None:
        return []
    return list(_lines(judged.call, judged.message, made, setup))


def _lines(call: Call, message: Message, made: Effect, setup: Setup) -> Iterator[Line]:
    sent = call.data if isinstance(call.data, dict) else {}
    for key, value in sent.items():
        if key not in message.data:  # S-4: only the write key of a single call is taken away
            yield Line(json_path(key), None, None, value, *_why("S-4", setup))
    for key, value in message.data.items():
        source = _source(key, sent)
        if key == "__proto__":
            yield Line(source, None, None, value, *_why("W-28", setup))
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
    path = json_path(key)
    if made.joins and made.owner == "visitor" and made.account is not None and made.account.path[0] == key:
        return Line(source, path, "account id, joined by the visitor", made.account_id, *_why("1.40", setup))
    if key == "userId" and made.joins and made.owner == "account":
        return Line(source, path, "visitor id, joined to the account", made.visitor_id, *_why("1.52", setup))
    for kind, one in (("visitor", made.visitor), ("account", made.account)):
        if one is not None and one.path[0] == key and len(one.path) == 1:
            if made.nothing is not None:
                return Line(source, path, None, value, *_why(one.rule if one.value is None else made.nothing, setup))
            return Line(source, path, f"{kind} id" if one.value is not None else None, one.value or value, *_why(one.rule, setup))
    if key == "event" and made.event is not None:
        return Line(source, path, "track event", value, *_why("1.61", setup))
    if key == "timestamp" and made.event is not None:
        return Line(source, path, "time of the track event", value, *_why("2.04", setup))
    if key == "type":
        return Line(source, path, None, value, *_why(made.nothing if made.nothing in {"1.20", "1.21", "1.60"} else "1.20", setup))
    if key == "groupId":
        return Line(source, path, None, value, *_why("1.40" if made.event is None else "1.62", setup))
    made_by = _MADE.get(key) if source is None or key == "originalTimestamp" else None
    return Line(source, path, None, value, *_why(made_by or "1.13", setup))


def _traits(traits: JsonObject, made: Effect, setup: Setup) -> Iterator[Line]:
    if "__proto__" in traits:
        yield Line("$.traits.__proto__", None, None, traits["__proto__"], *_why("W-28", setup))
    if not traits or not made.fields:
        yield Line("$.traits", "$.traits", None, traits, *_why(made.nothing or ("1.31" if made.owner == "visitor" else "1.51"), setup))
    for one in made.fields:
        path = json_path("traits", *one.path)
        gone = " (removed)" if one.removes else ""
        to = f"{made.owner} segmentio.{one.name}{gone}" if one.name is not None else None
        rule = one.rule if one.rule != "1.31" or made.owner == "visitor" else "1.51"
        yield Line(path, path, to, one.value, *_why(rule, setup))


def _properties(properties: JsonObject, made: Effect, setup: Setup) -> Iterator[Line]:
    if not properties:
        yield Line("$.properties", "$.properties", None, {}, *_why("1.63", setup))
    for key, value in properties.items():
        path = json_path("properties", key)
        if key == "__proto__":
            yield Line(path, None, None, value, *_why("W-28", setup))
        elif key == "groupId" and made.account is not None:
            also = " and property" if isinstance(made.properties, dict) and key in made.properties else ""
            yield Line(path, path, f"account id of the track event{also}", value, *_why("1.62", setup))
        else:
            yield Line(path, path, f"property {key} of the track event", value, *_why("1.63", setup))


# --- the sentence ------------------------------------------------------------------------------------------------------

# What to do in the app where Pendo makes nothing of a call, by the rule.
_INSTEAD: Final = {
    "1.38": "identify the user with a userId",
    "1.54": "send the id of the account as groupId",
    "1.60": "ask Pendo for it",
    "2.13": "send events when they happen",
    "1.66": "send the userId with it",
    "4.2.1": "send a text that names it",
    "4.2.4": "send the real id",
}
# Findings whose matter the sentence tells anyway.
_TOLD: Final = frozenset(
    {"NESTED_IGNORED", "KEY_CASE_COLLISION", "ANON_IDENTIFY", "GROUP_WITHOUT_ID", "GROUP_WITHOUT_USER", "TRACK_NO_GROUP", "ID_INVALID"}
)  # fmt: skip
_TOLD_OF_NOTHING: Final = frozenset({"ID_PLACEHOLDER", "TRACK_NOT_ENABLED", "TRACK_TOO_OLD"})
_MOST_NAMES: Final = 3
_MOST_TOLD: Final = 2
_MOST_LEAVES: Final = 100
_LONGEST_PATH: Final = 200
_WORD = re.compile(r"[^\W_]+")


def fate(judged: Judged, setup: Setup, made: Effect | None = None) -> str:
    """What became of a call, as one sentence for somebody who does not know the code; `made` where its effect is known already."""
    who = _subject(judged.call)
    if isinstance(judged.outcome, Skipped):
        return f"{who}: not delivered, as {_lowered(judged.outcome.reason)}"
    made = made or effect_of(judged, setup)
    assert made is not None
    if made.nothing is not None:
        instead = _INSTEAD.get(made.nothing)
        said = f"delivered, but Pendo makes nothing of it, because {_because(made.nothing, setup)}" + (f"; {instead}" if instead else "")
    elif made.event is not None:
        said = _event(made)
    else:
        said = "; ".join([_records(made, setup), *_metadata(made, setup)])
    told = _TOLD | _TOLD_OF_NOTHING if made.nothing is not None else _TOLD
    return f"{who}: {said}{_more(judged.findings, told)}."


def _subject(call: Call) -> str:
    data = call.data if isinstance(call.data, dict) else {}
    user, anonymous = data.get("userId"), data.get("anonymousId")
    of = f"of {_named(user)}" if user is not None else f"of anonymous {_named(anonymous)}" if anonymous is not None else "of nobody"
    if call.type == "identify":
        return f"identify {_named(user)}" if user is not None else f"identify {of}"
    if call.type == "group":
        return f"group {_named(data['groupId'])} {of}" if data.get("groupId") is not None else f"group {of}"
    if call.type == "track" and data.get("event") is not None:
        return f"track {_named(data['event'])} {of}"
    return f"{_named(call.type)} {of}" if call.type is not None else "a call without a type"


def _named(value: Json) -> str:
    """An id so that one sees it also where it is empty or blank."""
    if not isinstance(value, str):
        return short(js_json.write(value).decode(), 60)
    return f'"{plain(value)}"' if not value.strip() else plain(value)


def _lowered(sentence: str) -> str:
    first, _, rest = sentence.partition(" ")
    return f"{first.lower()} {rest}" if first in {"The", "This", "A", "An", "There", "More"} else sentence


def _id(one: Id, kind: str, setup: Setup) -> str:
    changed = f" ({_because(one.rule, setup)})" if one.rule in {"4.1.2", "4.2.2"} else ""
    return f"{kind} {_named(one.value)}{changed}"


def _records(made: Effect, setup: Setup) -> str:
    visitor, account = made.visitor, made.account
    if made.owner == "visitor" or account is None or account.value is None:
        assert visitor is not None
        joined = f", joined to account {plain(made.account_id)}" if made.joins else ""
        return f"delivered as {_id(visitor, 'visitor', setup)}{joined}"
    said = f"delivered as {_id(account, 'account', setup)}"
    if made.joins and visitor is not None:
        return f"{said}, joined by {_id(visitor, 'visitor', setup)}"
    rule = visitor.rule if visitor is not None else "1.53"
    return f"{said}; no visitor joins it, because {_because(rule if rule in {'1.53', '4.2.1', '4.2.4'} else '1.52', setup)}"


def _metadata(made: Effect, setup: Setup) -> Iterator[str]:
    """Which traits become metadata, and for what reasons others do not."""
    traits = dict.fromkeys(one.path[0] for one in made.fields)
    if not traits:
        yield "it has no traits, so no metadata changes"
        return
    taken = {one.path[0] for one in made.fields if one.name is not None}
    if len(traits) == 1 and taken:
        yield f"its trait {short(str(next(iter(traits))), 40)} becomes metadata"
    elif len(taken) == len(traits):
        yield f"{'both' if len(traits) == 2 else f'all {len(traits)}'} traits become metadata"
    elif taken:
        yield f"{len(taken)} of {len(traits)} traits become{'s' if len(taken) == 1 else ''} metadata"
    else:
        yield "no trait becomes metadata"
    lost: dict[str, list[str]] = {}
    for one in made.fields:
        if one.name is None:
            lost.setdefault(one.rule, []).extend(_names(one))
    for rule, names in lost.items():
        more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
        shown = ", ".join(short(name, 60) for name in names[:_MOST_NAMES]) + more
        verb = "does" if len(names) == 1 else "do"
        yield f"{shown} {verb} not, because {_because(rule, setup)}{_remedy(rule, names)}"


def _names(one: Field) -> list[str]:
    """A lost trait by the names of its leaves: what is lost is what they hold."""
    names: list[str] = []
    todo: list[tuple[str, Json]] = [(json_path(*map(_cut, one.path))[1:].removeprefix("."), one.value)]
    while todo and len(names) < _MOST_LEAVES:
        name, value = todo.pop()
        if isinstance(value, dict) and value and len(name) < _LONGEST_PATH:
            todo += [(name + json_path(_cut(key))[1:], inner) for key, inner in islice(value.items(), _MOST_LEAVES)][::-1]
        else:
            names.append(name)
    return names


def _cut(key: str | int) -> str | int:
    # A key may be as long as a webhook; what is shown of it is not.
    return key[:_LONGEST_PATH] if isinstance(key, str) else key


def _remedy(rule: str, names: list[str]) -> str:
    if rule == "3.20" and len(names) <= _MOST_NAMES:
        flat = ["_".join(_WORD.findall(name)) for name in names]
        # A name without parts is an empty object: a Map or Set of JavaScript's, for example, holds nothing as JSON.
        useful = [one for one, name in zip(flat, names, strict=True) if one != name]
        if not useful:
            return " (it came as an empty object)" if len(names) == 1 else " (they came as empty objects)"
        return f": send {', '.join(useful)} as {'a trait of its own' if len(useful) == 1 else 'traits of their own'}"
    return ": send their parts as traits of their own" if rule == "3.20" else ": send scalars" if rule == "3.21" else ""


def _event(made: Effect) -> str:
    said = f"delivered as track event {plain(made.event)} of visitor {plain(made.visitor_id)}"
    if made.account_id is None:
        return f"{said}, in no account: put the account's id into properties.groupId"
    return f"{said}, in account {plain(made.account_id)}"


def _more(findings: tuple[Finding, ...], told: frozenset[str]) -> str:
    first: dict[str, Finding] = {}
    for one in findings:
        if one.level != "info" and one.code not in told:
            first.setdefault(one.code, one)
    said = [f"{code} at {one.path.removeprefix('$.')}: {_clause(one)}" for code, one in first.items()]
    return "".join(f"; {one}" for one in said[:_MOST_TOLD]) + (f"; and {len(said) - _MOST_TOLD} more" if len(said) > _MOST_TOLD else "")


def _clause(finding: Finding) -> str:
    return _lowered(finding.message.removesuffix("."))
