"""The conditions of a trigger, and whether an event fulfils them (D-10, D-12, D-13)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import nan
from typing import Final, Literal

from segment_pendo.base.javascript.numbers import double, is_number, number_of, number_text
from segment_pendo.base.javascript.texts import units
from segment_pendo.base.javascript.values import UNDEFINED, Thrown, Value
from segment_pendo.segment.fql.place import Place
from segment_pendo.words import JsonObject

__all__ = ["OPERATORS", "Condition", "Group", "Part", "holds"]


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison. `operator` is one of OPERATORS, or none that Segment knows, and then it never holds.

    `expected` is the value as the trigger has it (UTF-16 units); `start` and `stop` say where it stands.
    """

    place: Place
    operator: str
    expected: str | float | bool | None
    start: int
    stop: int
    text: str = field(init=False)  # String(expected)
    number: float = field(init=False)  # Number(expected)

    def __post_init__(self) -> None:
        text, number = _both(self.expected)
        object.__setattr__(self, "text", text)
        object.__setattr__(self, "number", number)


@dataclass(frozen=True, slots=True)
class Group:
    """Conditions joined by one word; a part that is None is empty, and Segment throws when it gets there."""

    word: Literal["and", "or"]
    parts: "tuple[Part, ...]"
    start: int
    stop: int


type Part = Condition | Group | None


def _both(expected: str | float | bool | None) -> tuple[str, float]:
    if isinstance(expected, bool):
        return ("true", 1.0) if expected else ("false", 0.0)
    if isinstance(expected, str):
        return expected, number_of(expected)
    return ("", nan) if expected is None else (number_text(expected), expected)


def _number(actual: Value) -> float | None:
    return double(actual) if is_number(actual) else None


def _compared(compare: Callable[[float, float], bool]) -> Callable[[Value, Condition], bool]:
    def holding(actual: Value, condition: Condition) -> bool:
        number = _number(actual)
        return number is not None and compare(number, condition.number)

    return holding


def _searched(search: Callable[[str, str], bool]) -> Callable[[Value, Condition], bool]:
    def holding(actual: Value, condition: Condition) -> bool:
        return isinstance(actual, str) and search(units(actual), condition.text)

    return holding


def _is_nothing(actual: Value) -> bool:
    return actual is None or actual is UNDEFINED


def _is_text(actual: Value, condition: Condition) -> bool:
    return isinstance(actual, str) and units(actual) == condition.text


OPERATORS: Final[dict[str, Callable[[Value, Condition], bool]]] = {
    "=": _is_text,
    "!=": lambda actual, condition: not _is_text(actual, condition),  # D-12: also where nothing is
    "number_equals": _compared(lambda actual, expected: actual == expected),
    "number_not_equals": _compared(lambda actual, expected: actual != expected),
    "<": _compared(lambda actual, expected: actual < expected),
    "<=": _compared(lambda actual, expected: actual <= expected),
    ">": _compared(lambda actual, expected: actual > expected),
    ">=": _compared(lambda actual, expected: actual >= expected),
    "contains": _searched(lambda actual, expected: expected in actual),
    "not_contains": _searched(lambda actual, expected: expected not in actual),
    "starts_with": _searched(str.startswith),
    "not_starts_with": _searched(lambda actual, expected: not actual.startswith(expected)),
    "ends_with": _searched(str.endswith),
    "not_ends_with": _searched(lambda actual, expected: not actual.endswith(expected)),
    "exists": lambda actual, _: not _is_nothing(actual),
    "not_exists": lambda actual, _: _is_nothing(actual),
    "is_true": lambda actual, _: actual is True,
    "is_false": lambda actual, _: actual is False,
}


def holds(part: Part, data: JsonObject) -> bool:
    """Whether an event fulfils a part of a trigger. Raises Thrown where Segment's evaluation throws.

    Parts are looked at in their order and no further than needed; a group holds groups of conditions only.
    """
    if part is None:
        msg = "a part of the trigger is empty"
        raise Thrown(msg)
    if isinstance(part, Group):
        every = part.word == "and"
        return (
            all(holds(one, data) for one in part.parts)
            if every
            else any(holds(one, data) for one in part.parts)
        )
    actual = part.place.value(data)
    known = OPERATORS.get(part.operator)
    return known is not None and known(actual, part)
