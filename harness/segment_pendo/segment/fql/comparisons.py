"""The traps of a single condition of a trigger (D-10, D-12, D-13)."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from math import isnan
from typing import Final

from segment_pendo.base.javascript.members import OF_EVERY_OBJECT
from segment_pendo.base.javascript.numbers import number_of
from segment_pendo.base.suggestion import nearest
from segment_pendo.segment.fql.codes import note
from segment_pendo.segment.fql.condition import OPERATORS, Condition
from segment_pendo.segment.fql.place import Place
from segment_pendo.segment.fql.refusal import said
from segment_pendo.segment.fql.tokens import Token
from segment_pendo.segment.fql.unreadable import PATH
from segment_pendo.words import Finding

__all__ = ["comparisons"]

_TYPES: Final = ("identify", "group", "track", "page", "screen", "alias")
_LONGEST_TYPE: Final = 20  # of a text for which a type is suggested
_VALUES: Final = frozenset({"string", "number", "ident", "null"})
_ORDERS: Final = frozenset({"<", "<=", ">", ">="})
_NUMBERS: Final = _ORDERS | {"number_equals"}
_ALWAYS_TEXTS: Final = frozenset({"type", "userId"})  # Segment drops other calls
_NEEDS_A_KIND: Final = frozenset({
    "number_not_equals", "not_contains", "not_starts_with", "not_ends_with",
})  # fmt: skip
_WORDS: Final = frozenset({"true", "false", "null"})
_PATTERN_SIGNS: Final = re.compile(r"[?^$|\[\]{}\\+]|\.\*")


class _Seen:
    """A condition with its tokens: the name, the operator and the value, or those of a function."""

    def __init__(self, condition: Condition, tokens: tuple[Token, ...], text: str) -> None:
        self.condition = condition
        self.is_function = len(tokens) > 3
        self.function = tokens[0].value if self.is_function else ""
        self.name = tokens[2] if self.is_function else tokens[0]
        self.operator = tokens[1]
        self.value = tokens[4] if self.is_function else tokens[2]
        self.words = said(text, condition.start, condition.stop)
        self.at = f"at character {condition.start + 1}"


def comparisons(condition: Condition, tokens: tuple[Token, ...], text: str) -> Iterator[Finding]:
    """Yield the traps of a condition: of its place, its pattern, and the first that its value is."""
    seen = _Seen(condition, tokens, text)
    yield from _place(seen)
    yield from _pattern(seen)
    for trap in _OF_VALUES:
        finding = trap(seen)
        if finding is not None:
            yield finding
            return


# --- the place ---


def _place(seen: _Seen) -> Iterator[Finding]:
    place, name = seen.condition.place, seen.name.value
    if place.path is None:
        if name != place.member:
            yield note(
                "TRIGGER_PATH_IGNORED",
                PATH,
                f"{seen.words} {seen.at} compares {place.member}: what follows the dot is passed over. Name "
                "the place where the value stands, such as properties.name.",
            )
        return
    if not name.startswith(place.member + "."):
        yield note(
            "TRIGGER_WHOLE_OBJECT",
            PATH,
            f"{seen.words} {seen.at} looks for {place.member}.{said(name, 0, len(name))}. Name a member, "
            f"such as {place.member}.plan.",
        )
    keys = place.keys
    if place.path and not keys:
        yield note(
            "TRIGGER_FAILS",
            PATH,
            f"{seen.words} {seen.at} has a path without a name: Segment's evaluation throws there. Name a "
            "member.",
        )
    elif keys and keys[0] in OF_EVERY_OBJECT:
        yield note(
            "TRIGGER_INHERITED_NAME",
            PATH,
            f"{seen.words} {seen.at} names {said(keys[0], 0, len(keys[0]))}, which JavaScript finds in every "
            "object that has no such member. Use another name in the app.",
        )


# --- texts and patterns ---


def _pattern(seen: _Seen) -> Iterator[Finding]:
    value = seen.value
    if value.kind != "string":
        return
    if value.value.startswith("'"):
        yield note(
            "TRIGGER_SINGLE_QUOTES",
            PATH,
            f"In {seen.words} {seen.at} the single quotes are part of the text. Put it into double quotes.",
        )
    elif seen.function == "match":
        yield from _match(seen, value.value[1:-1])
    if "\\" in value.value:
        yield note(
            "TRIGGER_BACKSLASH",
            PATH,
            f"In {seen.words} {seen.at} the backslash is a plain character of the text. Take it out, unless "
            "the app sends one.",
        )


def _match(seen: _Seen, pattern: str) -> Iterator[Finding]:
    rest = pattern[:-1] if pattern.endswith("*") else pattern[1:]
    if not pattern.startswith("*") and not pattern.endswith("*"):
        yield note(
            "TRIGGER_MATCH",
            PATH,
            f"{seen.words} {seen.at} has no star at an end: Segment takes the first character off and asks "
            f'whether the text ends with "{said(rest, 0, len(rest))}". Write = or contains, or add a star.',
        )
    elif "*" in rest:
        yield note(
            "TRIGGER_MATCH",
            PATH,
            f"{seen.words} {seen.at} has more than one star: only the one at the end counts (else the one at "
            "the beginning), the others are plain characters. Write contains for the middle of a text.",
        )
    elif _PATTERN_SIGNS.search(rest):
        finding = note(
            "TRIGGER_MATCH",
            PATH,
            f"{seen.words} {seen.at} has signs that mean something only in regular expressions: here they "
            "are plain characters. Take them out, unless the app sends them.",
        )
        yield replace(finding, level="warning")


# --- the value: the first that fits ---


def _no_value(seen: _Seen) -> Finding | None:
    if seen.value.kind in _VALUES:
        return None
    has = "nothing" if seen.value.kind == "end" else seen.value.value
    what = (
        f'{seen.words} {seen.at} has {has} where the value belongs, so Segment takes "{seen.condition.text}" '
    )
    then = 'for it. Write the value there, such as = "track", with a blank behind the operator.'
    if seen.condition.operator == "!=":
        return note("TRIGGER_ALWAYS_HOLDS", PATH, what + then)
    return note("TRIGGER_NEVER_HOLDS", PATH, what + then)


def _unknown_operator(seen: _Seen) -> Finding | None:
    if seen.condition.operator in OPERATORS:
        return None
    operator = said(seen.operator.value, 0, len(seen.operator.value))
    return note(
        "TRIGGER_NEVER_HOLDS",
        PATH,
        f"{seen.words} {seen.at} never holds: {operator} is no operator. Write =, !=, <, <=, > or >=.",
    )


def _impossible(seen: _Seen) -> Finding | None:
    operator, place = seen.condition.operator, seen.condition.place
    if operator in _NUMBERS and isnan(seen.condition.number):
        return note(
            "TRIGGER_NEVER_HOLDS",
            PATH,
            f"{seen.words} {seen.at} never holds: the value is no number. Write a number.",
        )
    is_number = operator in _NUMBERS or operator in {"is_true", "is_false"}
    if is_number and place.path is None and place.member in _ALWAYS_TEXTS:
        return note(
            "TRIGGER_NEVER_HOLDS",
            PATH,
            f"{seen.words} {seen.at} never holds: {place.member} is always a text. Compare it with a text.",
        )
    return None


def _null(seen: _Seen) -> Finding | None:
    if seen.value.value != "null" or seen.condition.operator in {"exists", "not_exists"}:
        return None
    return note(
        "TRIGGER_NULL_AS_TEXT",
        PATH,
        f'{seen.words} {seen.at} compares with the text "null": Segment asks whether something exists only '
        "by = and != of name, userId, properties, traits and context. Ask for what is there.",
    )


def _boolean(seen: _Seen) -> Finding | None:
    is_word = seen.value.kind == "ident" and seen.value.value in {"true", "false"}
    if not is_word or seen.condition.operator in {"is_true", "is_false"} | _ORDERS:
        return None
    return note(
        "TRIGGER_BOOLEAN_AS_TEXT",
        PATH,
        f'{seen.words} {seen.at} compares with the text "{seen.value.value}", not with the boolean. Write = '
        "true or = false.",
    )


def _type(seen: _Seen) -> Finding | None:
    is_type = seen.condition.place == Place("type") and seen.condition.operator in {"=", "!="}
    kind = seen.condition.text
    if not is_type or kind in _TYPES:
        return None
    near = nearest(kind, _TYPES) if len(kind) <= _LONGEST_TYPE else None
    then = f"Write {near}." if near else f"Types are {', '.join(_TYPES)}."
    return note("TRIGGER_UNKNOWN_TYPE", PATH, f"{seen.words} {seen.at} names no type of call. {then}")


def _quoted(seen: _Seen) -> Finding | None:
    text = seen.condition.text
    is_text = seen.value.kind == "string" and seen.condition.operator in {"=", "!="}
    if not is_text or seen.condition.place.path is None:
        return None
    is_number = bool(text.strip()) and not isnan(number_of(text))
    if not is_number and text not in _WORDS:
        return None
    kind = "number" if is_number else text
    return note(
        "TRIGGER_NUMBER_AS_TEXT",
        PATH,
        f"{seen.words} {seen.at} compares with a text, which the {kind} never equals. Leave the quotes out, "
        "unless the app sends a text.",
    )


def _existence(seen: _Seen) -> Finding | None:
    place, operator = seen.condition.place, seen.condition.operator
    if operator not in {"exists", "not_exists"}:
        return None
    name = place.member if place.path is None else f"{place.member}.{place.path}"
    what = f"{said(name, 0, len(name))} exists and is not null"
    if operator == "not_exists":
        what = f"{said(name, 0, len(name))} is absent or null"
    return note("TRIGGER_EXISTS", PATH, f"{seen.words} {seen.at} means: {what}.")


def _negative(seen: _Seen) -> Finding | None:
    if seen.condition.operator == "!=" and seen.condition.place != Place("type"):
        return note(
            "TRIGGER_HOLDS_WHERE_ABSENT",
            PATH,
            f"{seen.words} {seen.at} also holds where nothing, or no text, stands there. Add a condition != "
            "null if something must be there.",
        )
    if seen.condition.operator in _NEEDS_A_KIND:
        kind = "a number" if seen.condition.operator == "number_not_equals" else "a text"
        return note(
            "TRIGGER_FALSE_WHERE_ABSENT",
            PATH,
            f"{seen.words} {seen.at} holds only where {kind} stands there. Nothing is to be done if that is "
            "meant.",
        )
    return None


_OF_VALUES: Final[tuple[Callable[[_Seen], Finding | None], ...]] = (
    _no_value,
    _unknown_operator,
    _impossible,
    _null,
    _boolean,
    _type,
    _quoted,
    _existence,
    _negative,
)
