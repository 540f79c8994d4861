"""Whether a record or a trait is in Pendo, and why not, as one sentence."""

import re
from datetime import datetime
from typing import Any, Final

from segment_pendo.base import js_json
from segment_pendo.base.prose import many, short, whole
from segment_pendo.base.times import text
from segment_pendo.explain.fate import lowered
from segment_pendo.explain.why.traces import Trace
from segment_pendo.explain.why.whys import End, Found
from segment_pendo.words import Json

__all__ = [
    "CALL",
    "NOUN",
    "WIDEST",
    "arrived_as",
    "call_name",
    "clause",
    "cut",
    "how_ended",
    "lost_part",
    "moment",
    "of_record",
    "of_trait",
    "place",
    "record_name",
    "value_text",
]

WIDEST: Final = 60  # of a name or a value in a sentence
_LONGEST: Final = 400  # of a reason
CALL: Final = {"visitor": "identify", "account": "group"}
NOUN: Final = {"visitor": "user", "account": "account"}
_RULE: Final = re.compile(r"(?:pendo [\d.]+|[A-Z]+-\d+): ")  # as `why` writes it


# --- words ---


def record_name(found: Found) -> str:
    named = whole(found.question.id)
    return named if found.question.kind == "visitor" else f"account {named}"


def value_text(value: Json) -> str:
    return short(js_json.write(value).decode(), WIDEST)


def cut(sentence: str) -> str:
    """Return a reason so that it can follow a colon and end a sentence."""
    return short(sentence, _LONGEST).removesuffix(".")


def clause(rule: str) -> str:
    """Return a rule as a clause that can follow "since"."""
    if rule.startswith("assumed "):
        return f"{rule.partition(': ')[0].removeprefix('assumed ')} is assumed"
    return lowered(_RULE.sub("", rule))


def call_name(name: str) -> str:
    return name if name.startswith("line ") else f"call {name}"


def moment(at: datetime) -> str:
    return text(at)[:19].replace("T", " ") + "Z"


def place(trace: Trace) -> str:
    return short(trace.where.removeprefix("$."), 2 * WIDEST)


# --- one trait ---


def of_trait(found: Found, trait: str) -> tuple[bool, str, str]:
    """Return whether the trait is there, why in a word, and the verdict."""
    who, name = record_name(found), short(trait, WIDEST)
    if trait in found.metadata:
        value = found.metadata[trait]
        what = ", but it is null" if value is None else f": {value_text(value)}"
        whole_of_it = "" if lost_part(found, trait) is None else ", but not all of it"
        return True, "arrives", f"Yes: {name} of {who} is in Pendo{whole_of_it}{what}."
    if not found.calls and found.record is None:
        return False, "unknown_id", _unknown(found)
    if found.hidden:
        return False, "hidden", f"No: {name} of {who} cannot be read: eventless=hidden is assumed."
    removed = _removed(found, trait)
    if removed is not None:
        return False, "removed", f"No: {name} of {who} was in Pendo, and {removed} removed it."
    trace = found.renamed.last[-1] if found.renamed.last else found.same.last[-1] if found.same.last else None
    if trace is not None:
        return False, *_lost(trace, name, who)
    if found.foreign.last:
        return False, "other_record", _for_another(found.foreign.last[-1], name, who)
    if found.misplaced.last:
        return False, *_no_trait(found.misplaced.last[-1], name, who)
    if found.event.last:
        return _an_event(found, name, who)
    return False, *_not_sent(found, name, who)


def _unknown(found: Found) -> str:
    kind = NOUN[found.question.kind]
    near = f" The nearest {kind} is {whole(found.nearest_id)}." if found.nearest_id is not None else ""
    return f"No: no call names {record_name(found)}.{near}"


def _removed(found: Found, trait: str) -> str | None:
    """Return which call removed a field that was there, or None."""
    names = [trait, *(trace.to for trace in found.renamed.last if trace.to is not None)]
    for name in names:
        changes = found.history.get(name)
        if changes and changes[-1].get("removed") and name not in found.metadata:
            return call_name(str(changes[-1]["call"]))
    return None


def _lost(trace: Trace, name: str, who: str) -> tuple[str, str]:
    """Return why a trait that was sent for this record is not there under its name."""
    since = clause(cut(trace.rule))
    if trace.reason == "arrives":
        since = "Pendo lower-cases names" if str(trace.to) == name.lower() else since
        to = short(str(trace.to), WIDEST)
        return "renamed", f"No: {name} of {who} is not in Pendo as {name}: it arrives as {to}, since {since}."
    yet = " yet" if trace.state == "waiting" else ""
    said = {
        "skipped": f"is lost at Segment ({trace.stage}): {since}",
        "stage": f"is lost at Segment ({trace.stage}): {since}",
        "undelivered": f"was sent, but not delivered{yet} ({trace.state}): {since}",
        "nothing": f"reaches Pendo, which makes nothing of the call, since {since}",
    }.get(trace.reason, f"is lost in Pendo, since {since}")
    return trace.reason, f"No: {name} of {who} {said}."


def _for_another(trace: Trace, name: str, who: str) -> str:
    owner = whole(trace.owner) if trace.owner is not None else "nobody"
    kind = trace.kind
    rule = f"the traits of {CALL[kind]} are the {kind}'s"
    return f"No: {name} was sent for {kind} {owner}, not for {who}: {rule}."


def _no_trait(trace: Trace, name: str, who: str) -> tuple[str, str]:
    if trace.reason == "property":
        said = f"it is a property of a track event, and {who} has no such trait"
        return "property", f"No: {name} of {who} is not metadata in Pendo: {said}."
    said = f"it stands at {place(trace)}, and {clause(trace.rule)}"
    return "misplaced", f"No: {name} of {who} is not in Pendo: {said}."


def _an_event(found: Found, name: str, who: str) -> tuple[bool, str, str]:
    """Return that the name is that of an event, and whether Pendo has that."""
    if found.occurred is not None:
        return True, "event", f"Yes: {name} of {who} is in Pendo, as a track event."
    trace = found.event.last[-1]
    kind = "track event" if trace.type == "track" else trace.type
    where = trace.stage if trace.stage in {"Pendo", "delivery"} else f"Segment, {trace.stage}"
    lost = f"is lost ({where}): {clause(cut(trace.rule))}"
    return False, "event", f"No: {name} of {who} is no trait: it is a {kind}, which {lost}."


def lost_part(found: Found, trait: str) -> Trace | None:
    """Return what is lost of the value that a field now has, or None where all of it arrived."""
    last, changes = found.same.last[-1] if found.same.last else None, found.history.get(trait)
    if last is None or last.reason == "arrives" or not changes:
        return None
    return last if changes[-1]["call"] == last.call else None


def _not_sent(found: Found, name: str, who: str) -> tuple[str, str]:
    if found.alike.last:
        trace = found.alike.last[-1]
        as_sent = place(trace).removeprefix("traits.")
        arrives = trace.reason == "arrives"
        since = f"is lost at {trace.stage}: {clause(cut(trace.rule))}"
        became = f"arrives as {arrived_as(found, trace)}" if arrives else since
        return "spelling", f"No: no call sends {name} for {who}: it sends {as_sent}, which {became}."
    if found.anonymous.last:
        said = f"{name} was sent before {who} was known, by an identify without userId"
        return "anonymous", f"No: {said}, of which Pendo makes nothing."
    end = found.main_end
    if end is not None and found.record is None:
        said = f"no call sends {name} for {who}, and none for {who} arrives"
        return "not_there", f"No: {said}: {how_ended(end)}."
    return "never_sent", f"No: no call sends {name} for {who}."


def arrived_as(found: Found, trace: Trace) -> str:
    """Return the name of the field that a trait sets, with its record where that is another one."""
    name = short(str(trace.to), WIDEST)
    kind, owner = trace.kind, str(trace.owner)
    is_its = kind == found.question.kind and owner in {found.question.id, _id_in_pendo(found)}
    return name if is_its else f"{name} of {kind} {whole(owner)}"


def _id_in_pendo(found: Found) -> str:
    record: Any = found.record
    return found.question.id if record is None else str(record["id"])


def how_ended(end: End) -> str:
    where = end.stage if end.stage in {"Pendo", "delivery"} else f"Segment, {end.stage}"
    return f"{clause(cut(end.rule))} ({where})"


# --- the whole record ---


def of_record(found: Found) -> tuple[bool, str, str]:
    who = record_name(found)
    if found.record is not None:
        fields, lost = many(len(found.metadata), "field"), len(found.lost)
        least = "at least " if found.more_lost else ""
        more = (
            f"; {least}{many(lost, 'trait')} of it {'does' if lost == 1 else 'do'} not arrive" if lost else ""
        )
        others = found.calls - found.arrived
        apart = f" ({others} more did not arrive)" if others else ""
        calls = many(found.arrived, "call")
        return True, "arrives", f"Yes: {who} is in Pendo with {fields}, from {calls}{apart}{more}."
    if found.hidden:
        return False, "hidden", f"No: {who} cannot be read: eventless=hidden is assumed."
    if not found.calls:
        return False, "unknown_id", _unknown(found)
    end = found.main_end
    because = f": {how_ended(end)}" if end is not None else ""
    return False, "not_there", f"No: {who} is not in Pendo, as no call for it arrives{because}."
