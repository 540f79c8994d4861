"""The fate of one call: a plain sentence for somebody who does not know the codes."""

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from segment_pendo.base import js_json
from segment_pendo.base.json_path import json_path
from segment_pendo.base.prose import plain, printable, short, whole
from segment_pendo.explain.fields import effect_row, field_lines
from segment_pendo.explain.rows import attempt_row
from segment_pendo.explain.sayings import because
from segment_pendo.explain.stages import stages
from segment_pendo.explain.telling.traits import traits_of
from segment_pendo.mapping.assess import effect_of
from segment_pendo.mapping.setup import Setup
from segment_pendo.pendo.effect import Effect, Id
from segment_pendo.pendo.metadata import Field
from segment_pendo.words import Attempt, Call, Finding, Json, JsonObject, Judged

__all__ = [
    "COVERED",
    "COVERED_WHERE_IGNORED",
    "INSTEAD",
    "PERHAPS_TAKEN",
    "WHERE",
    "WHERE_EVENTS",
    "explained",
    "fate",
    "lowered",
    "subject",
    "verdict",
]

# 1.32, 1.61, 1.73: where and when to look.
WHERE: Final = "In Pendo, look under segment.io (beside Agent); it takes minutes, up to an hour or so."
WHERE_EVENTS: Final = "In Pendo, look among the Track Events; it takes minutes, up to an hour or so."

PERHAPS_TAKEN: Final = "so it may have been taken"  # of a webhook to which no answer came
# What to do in the app where Pendo makes nothing of a call, by the rule.
INSTEAD: Final = {
    "1.38": "identify the user with a userId",
    "1.54": "send the id of the account as groupId",
    "1.60": "ask Pendo for it",
    "2.13": "send events when they happen",
    "1.66": "send the userId with it",
    "4.2.1": "send a text that names it",
    "4.2.4": "send the real id",
}
# Findings that the sentence already covers.
COVERED: Final = frozenset(
    {"NESTED_IGNORED", "KEY_CASE_COLLISION", "ANON_IDENTIFY", "GROUP_WITHOUT_ID", "GROUP_WITHOUT_USER",
        "TRACK_NO_GROUP", "ID_INVALID"}
)  # fmt: skip
COVERED_WHERE_IGNORED: Final = frozenset({"ID_PLACEHOLDER", "TRACK_NOT_ENABLED", "TRACK_TOO_OLD"})
_MOST_NAMES: Final = 3
_LOWERED: Final = "Pendo lower-cases names"
_MOST_FINDINGS: Final = 2
_MOST_LEAVES: Final = 100
_LONGEST_PATH: Final = 200
_WORD = re.compile(r"[^\W_]+")


def explained(judged: Judged, setup: Setup, attempts: Sequence[Attempt] = ()) -> JsonObject:
    """Return what `explain` adds to the row of a call: fate, stages, fields, effect, and attempts.

    Where its webhook was not delivered, the call has no effect.
    """
    effect = effect_of(judged, setup)
    arrived = effect is not None and not (attempts and attempts[-1].state != "delivered")
    where = "" if not arrived or effect is None else _where(effect)
    made: JsonObject = {"attempts": [attempt_row(attempt) for attempt in attempts]} if attempts else {}
    said = fate(judged, setup, effect, attempts)
    return {
        "mapping": judged.mapping,
        "fate": f"{said} {where}".rstrip(),
        "stages": [stage.row() for stage in stages(judged, setup)],
        "fields": [line.row() for line in field_lines(judged, effect, setup)],
        "effect": effect_row(effect) if arrived and effect else {"visitor": None, "account": None},
        **made,
    }


def _where(effect: Effect) -> str:
    """Return where in Pendo to look for what a webhook did; '' where it did nothing."""
    return "" if effect.nothing is not None else WHERE if effect.event is None else WHERE_EVENTS


def fate(judged: Judged, setup: Setup, effect: Effect | None = None, attempts: Sequence[Attempt] = ()) -> str:
    """Return what became of a call, as one sentence for somebody who does not know the codes.

    `effect` is the effect of the call, where the caller knows it already. `attempts`: those to deliver its
    webhook, where it was sent; else the sentence says what becomes of it if it is delivered.
    """
    return f"{subject(judged.call)}: {verdict(judged, setup, effect, attempts)}"


def verdict(
    judged: Judged, setup: Setup, effect: Effect | None = None, attempts: Sequence[Attempt] = ()
) -> str:
    """Return the sentence of `fate` without the words that say which call it is about."""
    if judged.skipped is not None:
        return f"not delivered, as {lowered(judged.skipped.reason)}"
    if attempts and attempts[-1].state != "delivered":
        return f"{_undelivered(attempts)}."
    effect = effect or effect_of(judged, setup)
    assert effect is not None
    if effect.nothing is not None:
        instead = INSTEAD.get(effect.nothing)
        said = f"delivered, but Pendo makes nothing of it, because {because(effect.nothing, setup)}" + (
            f"; {instead}" if instead else ""
        )
    elif effect.event is not None:
        said = _event(effect)
    else:
        said = "; ".join([_records(effect, setup), *_metadata(effect, setup)])
    covered = COVERED | COVERED_WHERE_IGNORED if effect.nothing is not None else COVERED
    return f"{said}{_more(judged.findings, covered)}."


def _undelivered(attempts: Sequence[Attempt]) -> str:
    """Return why a webhook is not delivered, and what Pendo has of it."""
    last = attempts[-1]
    wrong, _, follows = printable(last.detail).partition("; ")
    waits = last.state == "waiting"
    if any(PERHAPS_TAKEN in attempt.detail for attempt in attempts):
        has = "whether Pendo has it is not known"
    else:
        has = "Pendo has nothing of this call" + (" yet" if waits else "")
    at = f"{last.at:%H:%M:%S} UTC"
    return f"not delivered{' yet' if waits else ''}: {wrong} at {at}, {follows or 'given up'}; {has}"


def subject(call: Call) -> str:
    """Return which call this is: its type, the user and the group or the event."""
    data = call.data if isinstance(call.data, dict) else {}
    user, anonymous = data.get("userId"), data.get("anonymousId")
    of = (
        f"of {_named(user)}"
        if user is not None
        else f"of anonymous {_named(anonymous)}"
        if anonymous is not None
        else "of nobody"
    )
    if call.type == "identify":
        return f"identify {_named(user)}" if user is not None else f"identify {of}"
    if call.type == "group":
        return f"group {_named(data['groupId'])} {of}" if data.get("groupId") is not None else f"group {of}"
    if call.type == "track" and data.get("event") is not None:
        return f"track {_named(data['event'])} {of}"
    return f"{_named(call.type)} {of}" if call.type is not None else "a call without a type"


def _named(value: Json) -> str:
    """Return an id so that all of it can be seen, even where it is empty or has white space around."""
    if not isinstance(value, str):
        return short(js_json.write(value).decode(), 60)
    return whole(value)


def lowered(sentence: str) -> str:
    """Return a sentence so that it can follow a colon: in lower case where it may begin so."""
    first, _, rest = sentence.partition(" ")
    return (
        f"{first.lower()} {rest}"
        if first in {"The", "This", "A", "An", "There", "More", "No", "Filtered"}
        else sentence
    )


def _id(taken: Id, kind: str, setup: Setup) -> str:
    changed = f" ({because(taken.rule, setup)})" if taken.rule in {"4.1.2", "4.2.2"} else ""
    return f"{kind} {_named(taken.value)}{changed}"


def _records(effect: Effect, setup: Setup) -> str:
    visitor, account = effect.visitor, effect.account
    if effect.owner == "visitor" or account is None or account.value is None:
        assert visitor is not None
        joined = f", joined to account {_named(effect.account_id)}" if effect.joins else ""
        return f"delivered as {_id(visitor, 'visitor', setup)}{joined}"
    said = f"delivered as {_id(account, 'account', setup)}"
    if effect.joins and visitor is not None:
        return f"{said}, joined by {_id(visitor, 'visitor', setup)}"
    rule = visitor.rule if visitor is not None else "1.53"
    return (
        f"{said}; no visitor joins it, because "
        f"{because(rule if rule in {'1.53', '4.2.1', '4.2.4'} else '1.52', setup)}"
    )


def _metadata(effect: Effect, setup: Setup) -> Iterator[str]:
    """Yield which traits become metadata, and why the others do not."""
    found = traits_of(effect)
    traits, taken = found.sent, found.taken
    renamed = {key: short(name, 40) for key, name in found.renamed.items()}
    if not traits:
        yield "it has no traits, so no metadata changes"
        return
    partly = _partly(found.partly, alone=len(traits) == 1)
    if len(traits) == 1 and taken:
        name = traits[0]
        renames = renamed.pop(name, "")
        became = f"becomes metadata{partly}{renames and f' as {renames} ({_LOWERED})'}"
        yield f"its trait {short(str(name), 40)} {became}"
    elif len(taken) == len(traits):
        yield f"{'both' if len(traits) == 2 else f'all {len(traits)}'} traits become metadata{partly}"
    elif taken:
        yield f"{len(taken)} of {len(traits)} traits become{'s' if len(taken) == 1 else ''} metadata{partly}"
    else:
        yield "no trait becomes metadata"
    if renamed:
        yield _renames(renamed)
    lost: dict[str, list[str]] = {}
    for field in effect.fields:
        if field.name is None:
            lost.setdefault(field.rule, []).extend(_names(field))
    for rule, names in lost.items():
        shown = _listed([short(name, 60) for name in names[:_MOST_NAMES]], len(names))
        verb = "does" if len(names) == 1 else "do"
        yield f"{shown} {verb} not, because {because(rule, setup)}{_remedy(rule, names)}"


def _partly(keys: Sequence[str | int], *, alone: bool) -> str:
    """Return which of the traits that become metadata do so in part; '' where all of them arrive whole."""
    if not keys or alone:
        return " in part" if keys else ""
    names = [short(str(key), 40) for key in keys[:_MOST_NAMES]]
    return f", {_listed(names, len(keys))} only in part"


def _listed(first: Sequence[str], count: int) -> str:
    """Return the first of so many names, and how many more there are."""
    return ", ".join(first) + (f" and {count - len(first)} more" if count > len(first) else "")


def _renames(renamed: dict[str | int, str]) -> str:
    shown = [f"{short(str(name), 40)} as {now}" for name, now in islice(renamed.items(), _MOST_NAMES)]
    return f"{_listed(shown, len(renamed))} ({_LOWERED})"


def _names(field: Field) -> list[str]:
    """Return the names of the innermost parts of a lost trait: their values are what is lost."""
    names: list[str] = []
    todo: list[tuple[str, Json]] = [(json_path(*map(_cut, field.path))[1:].removeprefix("."), field.value)]
    while todo and len(names) < _MOST_LEAVES:
        name, value = todo.pop()
        if isinstance(value, dict) and value and len(name) < _LONGEST_PATH:
            todo += [
                (name + json_path(_cut(key))[1:], inner) for key, inner in islice(value.items(), _MOST_LEAVES)
            ][::-1]
        else:
            names.append(name)
    return names


def _cut(key: str | int) -> str | int:
    # A key may be as long as a webhook; what is shown of it is not.
    return key[:_LONGEST_PATH] if isinstance(key, str) else key


def _remedy(rule: str, names: list[str]) -> str:
    if rule == "3.20" and len(names) <= _MOST_NAMES:
        flat = ["_".join(_WORD.findall(name)) for name in names]
        # A name without parts is an empty object; a Map or Set of JavaScript, for example, is {} as JSON.
        useful = [new for new, old in zip(flat, names, strict=True) if new != old]
        if not useful:
            return " (it came as an empty object)" if len(names) == 1 else " (they came as empty objects)"
        return (
            f": send {', '.join(useful)} as "
            f"{'a trait of its own' if len(useful) == 1 else 'traits of their own'}"
        )
    return (
        ": send their parts as traits of their own"
        if rule == "3.20"
        else ": send texts, numbers or booleans"
        if rule == "3.21"
        else ""
    )


def _event(effect: Effect) -> str:
    said = f"delivered as track event {plain(effect.event)} of visitor {_named(effect.visitor_id)}"
    if effect.account_id is None:
        return f"{said}, in no account: put the account's id into properties.groupId"
    return f"{said}, in account {_named(effect.account_id)}"


def _more(findings: tuple[Finding, ...], covered: frozenset[str]) -> str:
    of_code: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.level != "info" and finding.code not in covered:
            of_code.setdefault(finding.code, []).append(finding)
    clauses = [
        f"{code} at {_place(first)}: {_clause(first)}{_also(rest)}"
        for code, (first, *rest) in of_code.items()
    ]
    return "".join(f"; {clause}" for clause in clauses[:_MOST_FINDINGS]) + (
        f"; and {len(clauses) - _MOST_FINDINGS} more" if len(clauses) > _MOST_FINDINGS else ""
    )


def _place(finding: Finding) -> str:
    return short(finding.path.removeprefix("$."), _LONGEST_PATH)


def _also(findings: list[Finding]) -> str:
    places = [_place(finding) for finding in findings[:_MOST_NAMES]]
    return f" (also at {_listed(places, len(findings))})" if places else ""


def _clause(finding: Finding) -> str:
    return lowered(finding.message.removesuffix("."))
