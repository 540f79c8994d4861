"""The evidence for an answer: a few lines, each with a label."""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, Final

from segment_pendo.base.prose import many, printable, short, whole
from segment_pendo.explain.fate import INSTEAD, PERHAPS_TAKEN
from segment_pendo.explain.why.traces import Trace
from segment_pendo.explain.why.verdicts import (
    CALL,
    NOUN,
    WIDEST,
    arrived_as,
    call_name,
    clause,
    cut,
    how_ended,
    lost_part,
    moment,
    place,
    record_name,
    value_text,
)
from segment_pendo.explain.why.whys import End, Found, Some

__all__ = ["record_lines", "trait_lines"]

_MOST_FIELDS: Final = 12  # of a record that are told one by one
_MOST_LOST: Final = 6
_MOST_ENDS: Final = 3
_MOST_EARLIER: Final = 3
_SAID: Final = frozenset({"skipped", "stage", "undelivered"})  # the verdict has all that is known of why
_WITH_ITS_CALL: Final = frozenset({"skipped", "undelivered", "nothing"})
_WORD: Final = re.compile(r"[^\W_]+")


# --- one trait ---


def trait_lines(found: Found, trait: str, reason: str) -> Iterator[tuple[str, str]]:
    traces = _evidence(found, trait, reason)
    yield from _sent_lines(traces)
    trace = traces.last[-1] if traces.last else None
    if reason == "arrives":
        yield from _set_lines(found, trait)
        yield from _later(found, trait)
    elif trace is not None and reason != "event":
        yield from _fate_lines(trace)
    elif trace is not None and trace.stage and found.occurred is not None:
        yield "but", f"a later one is lost at {trace.stage}, as {clause(cut(trace.rule))}"
    if reason == "not_there":
        yield from _end_lines(found.ends)
    yield from _near_lines(found, reason)
    yield from _alias_lines(found)
    instead = _do(found, trait, reason, trace)
    if instead:
        yield "do", instead


def _evidence(found: Found, trait: str, reason: str) -> Some:
    """Return the traces that the verdict is about."""
    if reason == "arrives":
        arrived = Some()
        for trace in found.same.last:
            if trace.to == trait:
                arrived.add(trace)
        arrived.first, arrived.count = found.same.first or arrived.first, found.same.count
        return arrived
    chosen = {
        "renamed": found.renamed,
        "other_record": found.foreign,
        "property": found.misplaced,
        "misplaced": found.misplaced,
        "event": found.event,
        "spelling": found.alike,
        "anonymous": found.anonymous,
    }
    return chosen.get(reason, found.same)


def _sent_lines(traces: Some) -> Iterator[tuple[str, str]]:
    for trace in [*traces.last][-1:]:
        by = f" (put there by {short(trace.by, WIDEST)})" if trace.by else ""
        yield "sent", f"{place(trace)} = {value_text(trace.value)}{by}, by {_by(trace)}"
    if traces.count > 1 and traces.first is not None:
        first = traces.first
        yield "", f"in {many(traces.count, 'call')}, the first: {value_text(first.value)} by {_by(first)}"


def _by(trace: Trace) -> str:
    return f"{short(trace.type, WIDEST)}, {call_name(trace.call)}, {moment(trace.at)}"


def _fate_lines(trace: Trace) -> Iterator[tuple[str, str]]:
    if trace.reason == "arrives":
        name = short(str(trace.to), WIDEST)
        field = f"segment.io, {name} = {value_text(trace.held)}"
        yield "arrives", f"{trace.kind} {whole(str(trace.owner))}, {field}"
    else:
        code = f" ({trace.rule_id})" if trace.reason == "skipped" else ""
        answered = f", answered {trace.status}" if trace.reason == "undelivered" and trace.status else ""
        yield "lost at", printable(f"{trace.stage}{code}{answered}")
    if trace.reason not in _SAID:
        yield "because", f"{cut(trace.rule)} ({trace.grade})"


def _set_lines(found: Found, trait: str) -> Iterator[tuple[str, str]]:
    """Yield which call set a field that is there, and what it was before."""
    changes: list[Any] = [*found.history.get(trait, ())]
    if not changes:
        return
    last, earlier = changes[-1], changes[:-1][-_MOST_EARLIER:]
    yield "set by", f"{call_name(last['call'])}, {_moment(last['at'])}"
    if earlier:
        before = ", ".join(
            f"{'removed' if row.get('removed') else value_text(row['value'])} by {call_name(row['call'])}"
            for row in reversed(earlier)
        )
        yield "before", f"{before}; the last call that arrives wins"


def _moment(milliseconds: int) -> str:
    return moment(datetime.fromtimestamp(milliseconds / 1000, UTC))


def _later(found: Found, trait: str) -> Iterator[tuple[str, str]]:
    """Yield that a later call sent the trait in vain, or that a part of it is lost."""
    last = found.same.last[-1] if found.same.last else None
    if last is None or last.reason == "arrives":
        return
    is_part = lost_part(found, trait) is not None
    what = place(last) if is_part else f"a later {value_text(last.value)} by {_by(last)}"
    yield "but", f"{what} does not arrive: lost at {last.stage}, as {clause(cut(last.rule))}"


def _end_lines(ends: Iterable[End]) -> Iterator[tuple[str, str]]:
    listed = [*ends]
    for end in listed[-_MOST_ENDS:]:
        calls = many(end.calls, "call")
        name = f"{call_name(end.last)}" if end.calls == 1 else f"{calls}, the last {call_name(end.last)}"
        yield "lost", f"{name}: {how_ended(end)}"
    if len(listed) > _MOST_ENDS:
        yield "", f"and {len(listed) - _MOST_ENDS} more reasons"


def _alias_lines(found: Found) -> Iterator[tuple[str, str]]:
    """Yield that an alias call gave a user another id, where the user is not in Pendo."""
    if found.alias is not None and found.record is None:
        now = whole(found.alias.id)
        said = f"says that it is {now}, which Pendo does not get: ask for {now}, and identify {now}"
        yield "alias", f"{call_name(found.alias.call)} {said}"


def _near_lines(found: Found, reason: str) -> Iterator[tuple[str, str]]:
    if reason == "arrives":
        return
    if found.nearest_trait is not None and reason in {"never_sent", "not_there"}:
        yield "nearest", f"{short(found.nearest_trait, WIDEST)} is sent"
    elif found.nearest_of_others not in {None, found.question.trait} and reason in {
        "never_sent",
        "not_there",
    }:
        kind = NOUN[found.question.kind]
        yield "nearest", f"{short(str(found.nearest_of_others), WIDEST)} is sent for another {kind}"
    if found.related:
        kind = "account" if found.question.kind == "visitor" else "visitor"
        yield "related", f"the {kind} {', '.join(map(whole, found.related))} has it"
    if found.others and reason != "renamed":
        kind = NOUN[found.question.kind]
        some = ", ".join(map(whole, found.some_others))
        more = ", ..." if found.others > len(found.some_others) else ""
        has = "has" if found.others == 1 else "have"
        least = "at least " if found.partial else ""
        yield "others", f"{least}{many(found.others, f'other {kind}')} {has} it: {some}{more}"
    if reason == "unknown_id" and found.refused:
        refused = many(found.refused, "request or call was", "requests or calls were")
        yield "refused", f"{refused} answered with an error by Segment"


def _do(found: Found, trait: str, reason: str, trace: Trace | None) -> str:
    """Return what to change in the app, as exactly as is known; '' where the reason says it."""
    who, name, call = record_name(found), short(trait, WIDEST), CALL[found.question.kind]
    send = f"send it as traits.{name} with {call} for {who}"
    if reason in {"other_record", "property", "misplaced", "never_sent"}:
        return send
    if reason == "anonymous":
        return f"identify with userId {who} and traits.{name} once the user is known"
    if trace is None:
        return ""
    look = f"look for {arrived_as(found, trace)} in Pendo"
    if reason == "renamed":
        return f"{look}, and send that name"
    if reason == "spelling":
        instead = f"send {name}" if trace.kind == found.question.kind else send
        return f"{look}, or {instead}" if trace.reason == "arrives" else send
    if reason == "nothing":
        return INSTEAD.get(trace.rule_id, "")
    if reason == "lost" and trace.rule_id == "3.20":
        return _flattened(trace)
    return _again(trace) if reason == "undelivered" else ""


def _flattened(trace: Trace) -> str:
    flat = "_".join(_WORD.findall(".".join(map(str, trace.path[1:]))))
    if not isinstance(trace.value, dict):
        return f"send {short(flat, WIDEST)} as a trait of its own"
    parts = ["_".join(_WORD.findall(f"{flat}_{key}"[: 2 * WIDEST])) for key in [*trace.value][:3]]
    return f"send its parts as traits of their own: {', '.join(parts)}" if parts else ""


def _again(trace: Trace) -> str:
    """Return what to do about a webhook that was not delivered."""
    if PERHAPS_TAKEN in trace.rule:
        return "look into Pendo, which may have it all the same"
    if trace.state == "waiting":
        return "wait for the next attempt"
    if trace.state != "dead":
        return ""
    again = "segment-pendo pending retry sends it again"
    return f"correct the key that Pendo refuses, then {again}" if trace.status in {401, 403} else again


# --- the whole record ---


def record_lines(found: Found) -> Iterator[tuple[str, str]]:
    fields = [*found.metadata.items()]
    for name, value in fields[:_MOST_FIELDS]:
        source = found.sources.get(name)
        sent = _renamed_from(source, name)
        by = f", by {_by(source)}" if source is not None else ""
        yield "field", f"{short(name, WIDEST)} = {value_text(value)}{sent}{by}"
    if len(fields) > _MOST_FIELDS:
        yield "", f"and {len(fields) - _MOST_FIELDS} more fields; the JSON has all"
    accounts: list[Any] = [*found.joined]
    if accounts:
        named = ", ".join(f"{whole(str(row['value']))} by {call_name(row['call'])}" for row in accounts[-3:])
        yield "accounts", named + (f", and {len(accounts) - 3} more" if len(accounts) > 3 else "")
    for name, lost in [*found.lost.items()][:_MOST_LOST]:
        yield "lost", f"{short(name, WIDEST)} {_lost_at(lost.last[-1], lost.count)}"
    if len(found.lost) > _MOST_LOST:
        all_of_them = "" if found.more_lost else "; the JSON has all"
        yield "", f"and {len(found.lost) - _MOST_LOST} more traits{all_of_them}"
    yield from (("calls" if label == "lost" else label, said) for label, said in _end_lines(found.ends))
    before = {trace.path[1]: trace for trace in found.anonymous.last}
    if before:
        names = ", ".join(short(str(name), WIDEST) for name in before)
        yield "before", f"{names} came while the user was anonymous, of which Pendo makes nothing"
    yield from _near_lines(found, "arrives" if found.record is not None else "unknown_id")
    yield from _alias_lines(found)


def _lost_at(trace: Trace, calls: int) -> str:
    """Return where a trait is lost; where that is all of its call, the line about calls says why."""
    in_calls = f" (in {many(calls, 'call')})" if calls > 1 else ""
    if trace.reason in _WITH_ITS_CALL:
        return f"with {_by(trace)}, which ends at {trace.stage}{in_calls}"
    return f"at {trace.stage}: {clause(cut(trace.rule))}, by {_by(trace)}{in_calls}"


def _renamed_from(source: Trace | None, name: str) -> str:
    if source is None or source.path == ("traits", name):
        return ""
    return f" (sent as {place(source).removeprefix('traits.')})"
