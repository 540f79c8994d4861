"""One line for each call: when, what, who, what became of it and, in a few words, why.

No control character of an app's data is in it.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final, Literal, NamedTuple

from segment_pendo.base import js_json
from segment_pendo.base.prose import many, printable, short
from segment_pendo.explain.doors import Door, named
from segment_pendo.explain.fate import COVERED, COVERED_WHERE_IGNORED, lowered
from segment_pendo.explain.sayings import because
from segment_pendo.explain.telling.traits import Traits, traits_of
from segment_pendo.mapping.assess import NO_TRIGGER, TRACK_OFF, effect_of
from segment_pendo.mapping.setup import Setup
from segment_pendo.pendo.effect import Effect
from segment_pendo.words import Attempt, Call, Json, Judged, Skipped, is_as_bad

__all__ = [
    "CHOSEN",
    "KIND",
    "OUTCOME",
    "SOURCE",
    "WHO",
    "CallLine",
    "End",
    "Tone",
    "Word",
    "call_line",
    "refusal",
    "with_attempt",
]

type Tone = Literal["good", "warn", "bad", "idle", "wait"]
# How far a call gets if its webhook is delivered.
type End = Literal["whole", "part", "nothing", "lost", "skipped"]

# Somebody chose that these do not go to Pendo; each other reason to skip a call is a loss.
CHOSEN: Final = frozenset(
    {"NO_MATCHING_MAPPING", "FILTERED_BY_INTEGRATIONS_OBJECT", "FILTERED_BY_CONSENT", "DESTINATION_DISABLED",
        "FILTERED_BY_DESTINATION_FILTER", "FUNCTION_DROPPED", "FUNCTION_EVENT_NOT_SUPPORTED"}
)  # fmt: skip
# Findings that the traits of a line tell.
_TOLD: Final = frozenset({"NESTED_IGNORED", "KEY_CASE_COLLISION"})
_LONGEST: Final = 400  # of an id
_LONGEST_NAME: Final = 40  # of a trait
_MOST_NAMES: Final = 2
_MARKS: Final[dict[Tone, str]] = {"bad": "x", "warn": "!"}
KIND: Final = 8  # columns of the type of a call
OUTCOME: Final = 4
SOURCE: Final = 8
WHO: Final = 24
_CLAUSE: Final = re.compile(r"; |, so | \(")
_OPENING: Final = re.compile(r"^The call has (?=neither)")


class Word(NamedTuple):
    """A few words of a line, and how good they are; a line shows them in a colour, but never by it alone."""

    text: str
    tone: Tone | None = None


class CallLine(NamedTuple):
    """The line of one call in its columns. `end`: how far the call gets, None for what is no call.

    `source`: the app that it came from, where that was told.
    """

    at: datetime
    kind: str
    who: str
    outcome: str
    tone: Tone
    words: tuple[Word, ...] = ()
    end: End | None = None
    source: str = ""

    def text(self, clock: str, who: int = WHO) -> str:
        """Return all of the line; `clock`: when it was, as text; `who`: the columns of `self.who`."""
        source = f"{self.source:<{SOURCE}}  " if self.source else ""
        head = f"{clock}  {source}{self.kind:<{KIND}}  {self.who:<{who}}  {self.outcome:<{OUTCOME}}"
        return "   ".join([head, *(word.text for word in self.words)]).rstrip()


def call_line(
    at: datetime, judged: Judged, setup: Setup, attempt: Attempt | None = None, *, door: Door = "cli"
) -> CallLine:
    """Return the line of a call that came `at` a time; `attempt`: the last one to deliver its webhook."""
    outcome, tone, end, words = _became(judged, setup, door)
    if judged.mapping is not None:
        words = [Word(f"{short(judged.mapping, _LONGEST_NAME)}:"), *words]
    kind = printable(judged.call.type) if judged.call.type is not None else "-"
    line = CallLine(at, kind, _who(judged.call), outcome, tone, tuple(words), end)
    return line if judged.webhook is None else with_attempt(line, attempt)


def end_of(judged: Judged, setup: Setup) -> End:
    """Return how far a call gets if its webhook is delivered."""
    if judged.skipped is not None:
        return "skipped" if judged.skipped.code in CHOSEN else "lost"
    effect = effect_of(judged, setup)
    assert effect is not None
    return _reached(judged, effect)[1]


def with_attempt(line: CallLine, attempt: Attempt | None) -> CallLine:
    """Return the line of a webhook as it is after an attempt to deliver it."""
    if attempt is None:
        return CallLine(line.at, line.kind, line.who, "wait", "wait", line.words, line.end, line.source)
    status = str(attempt.status) if attempt.status is not None else "fail"
    if attempt.state == "delivered":
        tone = line.tone
        for word in line.words:
            if word.tone in _MARKS:
                tone = "warn"
        return CallLine(line.at, line.kind, line.who, status, tone, line.words, line.end, line.source)
    tone = "bad" if attempt.state == "dead" else "warn"
    outcome = "held" if attempt.state == "held" else status
    return line._replace(outcome=outcome, tone=tone, words=(Word(printable(attempt.detail), tone),))


def refusal(at: datetime, path: str, status: int, code: str, message: str) -> CallLine:
    """Return the line of a request that brought no call; `path` has no key in it."""
    words = (Word(f"{code}: {printable(message)}", "bad"),)
    return CallLine(at, "refused", printable(path), str(status), "bad", words)


def _became(judged: Judged, setup: Setup, door: Door) -> tuple[str, Tone, End, Iterable[Word]]:
    skipped, effect = judged.skipped, effect_of(judged, setup)
    if skipped is not None:
        is_chosen = skipped.code in CHOSEN
        words = [
            Word(_skipped(skipped, judged, door), "idle" if is_chosen else "bad"),
            *_codes(judged, _TOLD),
        ]
        return ("skip", "idle", "skipped", words) if is_chosen else ("LOST", "bad", "lost", words)
    assert effect is not None
    tone, end = _reached(judged, effect)
    return "wait", tone, end, _words(judged, effect, setup)


def _reached(judged: Judged, effect: Effect) -> tuple[Tone, End]:
    if effect.nothing is not None:
        return "warn", "nothing"
    # As the store counts what loses something: by the level, whatever it is that Pendo does not show.
    loses = any(is_as_bad(finding.level, "warning") for finding in judged.findings)
    return ("warn", "part") if loses else ("good", "whole")


# --- who ---


def _who(call: Call) -> str:
    user, group = call.member("userId"), call.member("groupId")
    if call.type == "group":
        names = [_id(group) if group is not None else "(no id)", *([_id(user)] if user is not None else [])]
        return " · ".join(names)
    name = call.member("event") if call.type == "track" else call.member("name")
    is_event = call.type in {"track", "page", "screen"} and isinstance(name, str) and name
    return f'"{short(str(name), _LONGEST)}" {_user(call, user)}' if is_event else _user(call, user)


def _user(call: Call, user: Json) -> str:
    if user is not None:
        return _id(user)
    anonymous = call.member("anonymousId")
    return f"(anonymous {_id(anonymous)})" if anonymous is not None else "(no id)"


def _id(value: Json) -> str:
    """Return an id so that all of it can be seen, even where it is empty or has white space around."""
    if not isinstance(value, str):
        return short(js_json.write(value).decode(), _LONGEST)
    shown = short(value, _LONGEST)
    return shown if value and value == value.strip() else f'"{shown}"'


# --- what became of it ---


def _skipped(skipped: Skipped, judged: Judged, door: Door) -> str:
    """Return why a call was skipped: the first clause of the reason says it."""
    if skipped.reason == TRACK_OFF:
        return f"not selected ({named('track', door)})"
    if skipped.reason.startswith(NO_TRIGGER):
        return f"not selected: {_no_trigger(skipped.reason)}"
    clause = _OPENING.sub("", _CLAUSE.split(printable(skipped.reason), maxsplit=1)[0].removesuffix("."))
    by = (
        "Segment drops it"
        if judged.message is None
        else "not selected"
        if skipped.code in CHOSEN
        else "Segment does not send it"
    )
    return f"{by}: {lowered(clause)}"


def _no_trigger(reason: str) -> str:
    """Return that no trigger selects a call, and why if it is one condition: of several, none says it all."""
    conditions = printable(reason.removeprefix(f"{NO_TRIGGER}. ")).removesuffix(".").split("; ")
    return lowered(NO_TRIGGER) + (
        f": {conditions[0].removeprefix('The trigger: ')}" if len(conditions) == 1 else ""
    )


def _words(judged: Judged, effect: Effect, setup: Setup) -> Iterator[Word]:
    if effect.nothing is not None:
        yield Word(f"Pendo makes nothing of it: {because(effect.nothing, setup)}", "warn")
        yield from _codes(judged, COVERED | COVERED_WHERE_IGNORED)
        return
    if effect.event is not None:
        properties = effect.properties if isinstance(effect.properties, dict) else {}
        yield Word(f"track event, {many(len(properties), 'property', 'properties')}")
    else:
        yield from _traits(traits_of(effect))
    yield from _codes(judged, _TOLD)


def _traits(traits: Traits) -> Iterator[Word]:
    count = len(traits.sent)
    yield Word(f"{len(traits.taken)} of {many(count, 'trait')}" if count else "no traits")
    if traits.lost:
        yield Word(f"x {_listed(map(_name, _first(traits.lost)), len(traits.lost))} lost", "bad")
    if traits.empty:
        yield Word(f"{_listed(map(_name, _first(traits.empty)), len(traits.empty))} empty", "idle")
    if traits.renamed:
        pairs = [f"{_name(old)} -> {_name(new)}" for old, new in _first(traits.renamed.items())]
        yield Word(f"! {_listed(pairs, len(traits.renamed))}", "warn")


def _codes(judged: Judged, told: frozenset[str]) -> Iterator[Word]:
    """Yield the codes of errors and warnings that the line does not tell in words."""
    codes: dict[str, Tone] = {}
    for finding in judged.findings:
        if finding.level != "info" and finding.code not in told:
            codes[finding.code] = "bad" if finding.level == "error" else "warn"
    for tone, mark in _MARKS.items():
        some = [code for code, of in codes.items() if of == tone]
        if some:
            yield Word(f"{mark} {_listed(_first(some), len(some))}", tone)


def _first[T](several: Iterable[T]) -> list[T]:
    return [one for one, _ in zip(several, range(_MOST_NAMES), strict=False)]


def _name(name: str | int) -> str:
    return short(str(name), _LONGEST_NAME)


def _listed(names: Iterable[str], count: int) -> str:
    more = f" and {count - _MOST_NAMES} more" if count > _MOST_NAMES else ""
    return f"{', '.join(names)}{more}"
