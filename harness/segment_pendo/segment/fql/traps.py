"""The traps in a trigger's text: what its author means, and what Segment makes of it (D-10 to D-13).

Those of a single condition are in `comparisons`.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Final

from segment_pendo.base.prose import short
from segment_pendo.segment.fql.codes import note
from segment_pendo.segment.fql.comparisons import comparisons
from segment_pendo.segment.fql.condition import Condition, Group, Part
from segment_pendo.segment.fql.parser import NOT_FUNCTIONS, Parsed, Run
from segment_pendo.segment.fql.place import Place
from segment_pendo.segment.fql.refusal import said
from segment_pendo.segment.fql.tokens import Token
from segment_pendo.segment.fql.unreadable import PATH
from segment_pendo.words import Finding

__all__ = ["lost_end", "traps"]

_MOST: Final = 20
_NAMED: Final = 40
_JOINTS: Final = frozenset({"and", "or"})
# Operators of which no two hold together where they stand at the same place with different values.
_EXCLUSIVE: Final = frozenset({"=", "number_equals", "is_true", "is_false", "not_exists"})
# Operators of which one always holds where two stand at the same place with different values.
_EXHAUSTIVE: Final = frozenset({"!=", "exists"})


def traps(found: Parsed, text: str) -> tuple[Finding, ...]:
    """Return the traps of a trigger, at most 20; `text` is the trigger in UTF-16 units."""
    some = list(islice(_traps(found, text), _MOST + 1))
    if len(some) <= _MOST:
        return tuple(some)
    more = note("TRIGGER_MORE", PATH, f"The trigger has more than {_MOST} findings. Fix these first.")
    return (*some[:_MOST], more)


def lost_end(tokens: list[Token], text: str) -> Iterator[Finding]:
    """Yield that the end is lost: Segment's lexer loses what it read while it looked for a word."""
    last = tokens[-2] if len(tokens) > 1 else tokens[-1]
    lost = text[last.start + 1 : last.stop]
    if last.kind != "ident" or len(last.value) > 1 or not lost or last.value != text[last.start]:
        return
    yield note(
        "TRIGGER_END_LOST",
        PATH,
        f"Segment loses the end of the trigger, {said(lost, 0, len(lost))}, behind {last.value} at character "
        f"{last.start + 1}. Put a blank at the end of the trigger, or the text into quotes.",
    )


def _traps(found: Parsed, text: str) -> Iterator[Finding]:
    yield from map(_unknown, found.called)
    yield from map(_mixed, (one for one in found.joints if len({joint.value for joint in one}) > 1))
    yield from map(_cut, found.cut)
    yield from map(_empty, found.empty)
    for run in found.skipped:
        yield from _passed_over(run, found, text)
    yield from _together(found.root, text)
    for condition, tokens in found.used:
        yield from comparisons(condition, tokens, text)


def _unknown(called: Token) -> Finding:
    return note(
        "TRIGGER_UNKNOWN_FUNCTION",
        PATH,
        f"{short(called.value, _NAMED)} at character {called.start + 1} is none of Segment's functions: its "
        "name is passed over, and what stands in its parentheses counts as a condition of its own. Express "
        "it with contains and match.",
    )


def _mixed(joints: list[Token]) -> Finding:
    last = joints[-1]
    return note(
        "TRIGGER_MIXED_AND_OR",
        PATH,
        f"and, or stand side by side, up to character {last.stop}: the last one, {last.value}, counts for "
        "all. Put parentheses around one kind.",
    )


def _cut(function: Token) -> Finding:
    return note(
        "TRIGGER_GROUP_CUT",
        PATH,
        f"The closing parenthesis of {function.value} at character {function.start + 1} ends the parentheses "
        "around it, and what follows is joined with the conditions outside. Put the function last in its "
        "parentheses, or make several mappings.",
    )


def _empty(left: Token) -> Finding:
    return note(
        "TRIGGER_FAILS",
        PATH,
        f"The parentheses at character {left.start + 1} hold no condition that Segment knows: where its "
        "evaluation gets to them, it throws, and the mapping sends nothing. Take them out.",
    )


def _passed_over(run: Run, found: Parsed, text: str) -> Iterator[Finding]:
    """Yield what a run of tokens was meant to be; whatever is nothing else is a part that is ignored."""
    start: Token | None = None
    stop: Token | None = None
    for token in run.tokens:
        known = _known(token, run.word)
        if known is not None:
            yield known
        elif token not in found.called and not (token.kind == "right" and start is None):
            start, stop = start or token, token
    if start is not None and stop is not None:
        why = "no condition begins there. Take it out."
        if start.kind == "ident":
            why = (
                "it knows type, event, name, userId, properties, traits and context (contains and match: all "
                "but type). Take it out, or filter in the app by what it means."
            )
        passed = said(text, start.start, stop.stop)
        yield note(
            "TRIGGER_PART_IGNORED",
            PATH,
            f"Segment passes over {passed} at character {start.start + 1}: {why}",
        )


def _known(token: Token, word: str) -> Finding | None:
    if token.kind == "operator" and token.value == "!":
        return _lost(token)
    if token.kind != "ident" or token.value.lower() not in NOT_FUNCTIONS:
        return None
    return _capitals(token, word) if token.value.lower() in _JOINTS else _lost(token)


def _lost(token: Token) -> Finding:
    return note(
        "TRIGGER_NEGATION_LOST",
        PATH,
        f"The {token.value} at character {token.start + 1} is lost, so what follows counts as if it were not "
        "negated: Segment negates only contains and match. Write != or !contains(...).",
    )


def _capitals(token: Token, word: str) -> Finding:
    means = token.value.lower()
    harmless = word in {"", means}
    then = "which changes nothing here" if harmless else f'and the conditions are joined by "{word}"'
    finding = note(
        "TRIGGER_CAPITALS",
        PATH,
        f"{token.value} at character {token.start + 1} is passed over, {then}. Write {means}, with a blank "
        "on both sides.",
    )
    return replace(finding, level="info") if harmless else finding


def _together(part: Part, text: str) -> Iterator[Finding]:
    """Yield where two conditions of a group can never both hold, or one of them always does."""
    if not isinstance(part, Group):
        return
    operators = _EXCLUSIVE if part.word == "and" else _EXHAUSTIVE
    first: dict[Place, Condition] = {}
    told: set[Place] = set()
    for one in part.parts:
        if isinstance(one, Condition) and one.operator in operators:
            before = first.setdefault(one.place, one)
            differs = (before.operator, before.expected) != (one.operator, one.expected)
            if differs and one.place not in told:
                told.add(one.place)
                yield _pair(before, one, text, part.word)
        yield from _together(one, text)


def _pair(before: Condition, one: Condition, text: str, word: str) -> Finding:
    both = f"{said(text, before.start, before.stop)} {word} {said(text, one.start, one.stop)}"
    if word == "and":
        return note(
            "TRIGGER_NEVER_HOLDS", PATH, f"{both} can never hold together. Join them with or, or drop one."
        )
    return note("TRIGGER_ALWAYS_HOLDS", PATH, f"{both} always holds. Join them with and, or drop both.")
