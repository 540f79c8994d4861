"""What became of each trait of one call: where it arrives in Pendo, or at which stage and why it is lost."""

import re
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Final, Literal, NamedTuple

from segment_pendo.base import js_json
from segment_pendo.base.json_path import json_path, value_at
from segment_pendo.explain.sayings import why
from segment_pendo.explain.stages import stages
from segment_pendo.mapping.setup import Setup
from segment_pendo.pendo import ids
from segment_pendo.pendo.effect import Effect
from segment_pendo.pendo.metadata import Field
from segment_pendo.words import Json, JsonObject, Judged, State

__all__ = [
    "Delivery",
    "Reason",
    "Seen",
    "Spelled",
    "Trace",
    "ended",
    "event_named",
    "folded",
    "misplaced",
    "spelled",
    "text_of",
    "traces",
    "without_key",
]

type Reason = Literal[
    "arrives",
    "removes",
    "lost",
    "skipped",
    "stage",
    "undelivered",
    "nothing",
    "property",
    "misplaced",
    "event",
]
type Kind = ids.Kind
type Spelled = Literal["same", "alike"]

_SHOWN: Final = 4  # characters of a write key
_MOST_PARTS: Final = 1000  # of one object that are looked through for a trait
_LONGEST: Final = 1000  # of a name that is compared
_BETWEEN = re.compile(r"[\W_]+")


class Delivery(NamedTuple):
    """How the delivery of a webhook stands; `status` is None where no answer came."""

    state: State
    status: int | None = None
    detail: str = ""


class Seen(NamedTuple):
    """One call, or what one mapping made of it: its name, when it came, what became of it.

    `delivery` None: nothing is known, so it counts as delivered.
    """

    call: str
    at: datetime
    judged: Judged
    setup: Setup
    delivery: Delivery | None = None

    @property
    def arrived(self) -> bool:
        """Whether Pendo has the webhook."""
        return self.judged.webhook is not None and (
            self.delivery is None or self.delivery.state == "delivered"
        )


class Trace(NamedTuple):
    """One trait of one call. `stage` is where it ended; `rule` and `grade` say why, `rule_id` where Pendo's.

    `value` is what was sent, `held` what is in the field that it sets. `to`: that field (or the one that it
    removes) of the record `kind` `owner`. `by`: the stage that put it there,
    where the call did not. `remedy`: what to do, where the rule does not say it. `status`: what Pendo
    answered, where the webhook was not delivered.
    """

    call: str
    at: datetime
    type: str
    path: tuple[str | int, ...]
    value: Json
    reason: Reason
    stage: str
    rule: str
    grade: str
    rule_id: str = ""
    kind: Kind = "visitor"
    owner: str | None = None
    to: str | None = None
    by: str = ""
    state: str = ""
    status: int | None = None
    held: Json = None

    @property
    def where(self) -> str:
        """Return the JSON path in the call."""
        return json_path(*(part[:_LONGEST] if isinstance(part, str) else part for part in self.path))


class _End(NamedTuple):
    """Where a whole call ended, and why."""

    reason: Reason
    stage: str
    rule: str
    grade: str
    rule_id: str = ""


def ended(seen: Seen, effect: Effect | None) -> _End | None:
    """Return where a whole call ended, or None where it changes something in Pendo."""
    judged = seen.judged
    if judged.skipped is not None or effect is None:
        last = list(stages(judged, seen.setup))[-1]
        return _End("skipped", last.name, last.says, "Segment", judged.skipped.code if judged.skipped else "")
    if not seen.arrived and seen.delivery is not None:
        return _End("undelivered", "delivery", _undelivered(seen.delivery), "the answer to the webhook")
    if effect.nothing is not None:
        says, grade = why(effect.nothing, seen.setup)
        return _End("nothing", "Pendo", says, grade, effect.nothing)
    return None


def _undelivered(delivery: Delivery) -> str:
    answered = f"Pendo answered {delivery.status}" if delivery.status is not None else ""
    detail = "" if answered and answered in delivery.detail else answered
    return ": ".join(filter(None, [detail, delivery.detail])) or "its webhook waits for its turn"


def traces(seen: Seen, effect: Effect | None) -> Iterator[Trace]:
    """Yield what became of each trait of a call; of an object whose parts become fields, of each part."""
    judged = seen.judged
    sent = _traits(judged.call.data)
    end = ended(seen, effect)
    if end is not None or effect is None:
        assert end is not None
        for key, value in sent.items():
            yield _trace(seen, effect, ("traits", key), value, *end)
        return
    if effect.event is not None:
        return
    content = _traits(judged.content)
    for key, value in sent.items():
        if key not in content:
            yield _taken_away(seen, effect, key, value)
    fields: dict[str, list[Field]] = {}
    for field in effect.fields:
        fields.setdefault(str(field.path[0]), []).append(field)
    for key, value in content.items():
        by = _changed_by(judged, key, sent)
        for field in fields.get(key, ()):
            yield _of_field(seen, effect, field, by)
        if key not in fields:
            rule = "W-28" if key == "__proto__" else "3.20"
            yield _trace(seen, effect, ("traits", key), value, "lost", "Pendo", *why(rule, seen.setup), rule)


def _trace(
    seen: Seen,
    effect: Effect | None,
    path: tuple[str | int, ...],
    value: Json,
    reason: Reason,
    stage: str,
    rule: str,
    grade: str,
    rule_id: str = "",
) -> Trace:
    judged, kind = seen.judged, _kind(seen.judged, effect)
    delivery = seen.delivery or Delivery("delivered")
    owner = None if effect is None else effect.visitor_id if kind == "visitor" else effect.account_id
    if owner is None:
        given = judged.call.member("userId" if kind == "visitor" else "groupId")
        owner = None if given is None else text_of(given)
    state = delivery.state if seen.delivery else ""
    name = judged.call.type or ""
    value = without_key(value, judged)
    made = Trace(seen.call, seen.at, name, path, value, reason, stage, rule, grade, rule_id, kind, owner)
    return made._replace(state=state, status=delivery.status)


def _kind(judged: Judged, effect: Effect | None) -> Kind:
    if effect is not None:
        return effect.owner
    return "account" if judged.call.type == "group" else "visitor"


def _traits(data: Json) -> JsonObject:
    traits = data.get("traits") if isinstance(data, dict) else None
    return traits if isinstance(traits, dict) else {}


def text_of(value: Json) -> str:
    """Return an id as a text: a text as it is, anything else as JSON."""
    return value if isinstance(value, str) else js_json.write(value).decode()


def without_key(value: Json, judged: Judged) -> Json:
    """Return a value with the write key of its call masked, wherever it stands in it."""
    key = judged.call.member("writeKey")
    if key is None and judged.message is not None:
        key = judged.message.data.get("writeKey")
    if not isinstance(key, str) or len(key) <= 2 * _SHOWN or not key.isalnum():
        return value
    masked = f"****{key[-_SHOWN:]}"
    if isinstance(value, str):
        return value.replace(key, masked)
    if isinstance(value, dict | list):
        text = js_json.keep(value)
        if key.encode() in text:
            return js_json.read(text.replace(key.encode(), masked.encode()), spelled=True).value
    return value


# --- stages ---


def _taken_away(seen: Seen, effect: Effect, key: str, value: Json) -> Trace:
    """Return the trace of a trait that a stage of Segment takes away."""
    judged = seen.judged
    assert judged.message is not None
    stage, says = "ingest", "Segment's servers do not pass it on"
    if key in _traits(judged.message.data):
        change = next(change for change in judged.changes if key not in _traits(change.data))
        stage, says = change.stage, f"{_stage_words(change.stage, change.by)} takes it away"
    return _trace(seen, effect, ("traits", key), value, "stage", stage, says, "the destination file")


def _stage_words(stage: str, by: str) -> str:
    if by.startswith("the "):
        return by
    return f"the {stage.removesuffix('s')} {by if by.startswith(chr(34)) else chr(34) + by + chr(34)}"


def _changed_by(judged: Judged, key: str, sent: JsonObject) -> str:
    """Return the stage that put a trait there or changed it; '' where it is as sent."""
    if not judged.changes or judged.message is None:
        return ""
    before: Json = sent.get(key) if key in sent else _NOTHING
    by = ""
    for change in judged.changes:
        now: Json = _traits(change.data).get(key, _NOTHING)
        if now is not before and now != before:
            by = _stage_words(change.stage, change.by)
        before = now
    return by


_NOTHING: Final = "\0nothing"  # stands for no value


# --- Pendo ---


def _of_field(seen: Seen, effect: Effect, field: Field, by: str) -> Trace:
    reason: Reason = "lost" if field.name is None else "removes" if field.removes else "arrives"
    rule = field.rule if field.rule != "1.31" or effect.owner == "visitor" else "1.51"
    if field.name is not None and len(field.path) > 1:  # a part of an object, so by a switch
        rule = "3.20"
    path = ("traits", *field.path)
    value = value_at(seen.judged.content, path) if reason == "arrives" else field.value
    made = _trace(seen, effect, path, value, reason, "Pendo", *why(rule, seen.setup), rule)
    held = without_key(field.value, seen.judged) if reason == "arrives" else None
    return made._replace(to=field.name, by=by, held=held)


# --- where a trait stands that is no trait ---

_HOLDERS: Final = (("properties",), ("context", "traits"), ("context",), ())
# Members of every call, which nobody takes for a trait.
_MEMBERS: Final = frozenset(
    {"type", "userId", "anonymousId", "groupId", "traits", "properties", "context", "integrations"}
)


def misplaced(seen: Seen, effect: Effect | None, trait: str) -> Iterator[Trace]:
    """Yield where a call has the trait in another place than its traits, such as the properties."""
    data = seen.judged.call.data
    for holder in _HOLDERS:
        at: Json = data
        for part in holder:
            at = at.get(part) if isinstance(at, dict) else None
        if not isinstance(at, dict) or trait not in at or (not holder and trait in _MEMBERS):
            continue
        tracked = holder == ("properties",) and seen.judged.call.type == "track"
        rule = "1.63" if tracked else "1.13"
        made = _trace(seen, effect, (*holder, trait), at[trait], "misplaced", "Pendo", *why(rule, seen.setup))
        yield made._replace(rule_id=rule, reason="property" if tracked else "misplaced")
    traits = _traits(data)
    if trait in traits and seen.judged.call.type not in {"identify", "group"}:
        rule = "1.13"
        yield _trace(seen, effect, ("traits", trait), traits[trait], "misplaced", "Pendo",
            *why(rule, seen.setup), rule)  # fmt: skip


_NAMED_BY: Final = {"track": "event", "page": "name", "screen": "name"}


def event_named(seen: Seen, effect: Effect | None, name: str) -> Trace | None:
    """Return the trace of a call that is an event, or a page, of this name; None: it is none."""
    member = _NAMED_BY.get(seen.judged.call.type or "")
    if member is None or seen.judged.call.member(member) != name:
        return None
    end = ended(seen, effect)
    _, stage, rule, grade, rule_id = end or _End("event", "", *why("1.61", seen.setup), "1.61")
    return _trace(seen, effect, (member,), name, "event", stage, rule, grade, rule_id)


# --- spelling ---


def folded(name: str) -> str:
    """Return a name without case, spaces and separators, so that firstName and first_name are the same."""
    return _BETWEEN.sub("", name[:_LONGEST]).casefold() or name[:_LONGEST]


def spelled(trace: Trace, trait: str) -> tuple[Spelled, tuple[str | int, ...]] | None:
    """Return how a trace spells a trait, the same or alike, and the path of it; None: it is another one.

    `address.city` is the part of an object too.
    """
    keys = trace.path[1:] if trace.path[:1] == ("traits",) else trace.path[-1:]
    if trait == trace.to or _is_same(keys, trait):
        return "same", trace.path
    wanted = folded(trait)
    near = trace.path if _is_alike(keys, wanted) or (trace.to and folded(trace.to) == wanted) else None
    if isinstance(trace.value, dict):
        for path in islice(_parts(keys, trace.value), _MOST_PARTS):
            if _is_same(path, trait):
                return "same", (*trace.path[: -len(keys)], *path)
            if near is None and _is_alike(path, wanted):
                near = (*trace.path[: -len(keys)], *path)
    return None if near is None else ("alike", near)


def _is_same(keys: tuple[str | int, ...], trait: str) -> bool:
    """Whether this is the path of the trait, or of a part of it."""
    return keys[:1] == (trait,) or (len(keys) > 1 and ".".join(map(str, keys)) == trait)


def _is_alike(keys: tuple[str | int, ...], wanted: str) -> bool:
    return wanted in {folded("".join(map(str, keys))), folded(str(keys[-1]))}


def _parts(keys: tuple[str | int, ...], value: JsonObject) -> Iterator[tuple[str | int, ...]]:
    todo: list[tuple[tuple[str | int, ...], Json]] = [(keys, value)]
    while todo:
        path, inner = todo.pop()
        if isinstance(inner, dict):
            todo += [((*path, key), part) for key, part in islice(inner.items(), _MOST_PARTS)]
        if path != keys:
            yield path
