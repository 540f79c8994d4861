"""Conditions as Segment's filter engine for browsers (npm @segment/tsub 2.0.1) evaluates them (D-35).

What is missing is no null, so `userId = null` does not hold for a call without userId. A function is called
only beside a comparison. A list of the event is taken for a call where it looks like one.
"""

import math
from collections.abc import Callable
from typing import Final

from segment_pendo.base.javascript.numbers import double
from segment_pendo.base.javascript.texts import length, units
from segment_pendo.base.javascript.values import UNDEFINED, Value, is_truthy, typeof
from segment_pendo.segment.filters import glob
from segment_pendo.segment.filters.semver import is_so
from segment_pendo.segment.filters.values import (
    Broken,
    follow,
    is_equal,
    segments,
    stringified,
)
from segment_pendo.words import Json, JsonObject

__all__ = ["matches"]

_CALLS: Final = {"lowercase": 2, "length": 2, "typeof": 2, "contains": 3, "match": 3, "semver": 4}
_ORDERS: Final[dict[str, Callable[[float, float], bool]]] = {
    "<": float.__lt__,
    "<=": float.__le__,
    ">": float.__gt__,
    ">=": float.__ge__,
}


def matches(tree: Json, event: JsonObject) -> bool:
    """Whether the condition holds for the event. Raises Broken."""
    return _evaluated(tree, event) is True


def _evaluated(tree: Value, event: JsonObject) -> Value:
    if not isinstance(tree, list):
        return _value(tree, event) is True
    word, *inner = tree or [None]
    if word == "!":
        return not is_truthy(_evaluated(inner[0] if inner else UNDEFINED, event))
    if word == "or":
        return any(is_truthy(_evaluated(one, event)) for one in inner)
    if word == "and":
        return all(is_truthy(_evaluated(one, event)) for one in inner)
    return _called(word, inner, event)


def _called(word: Json, inner: list[Json], event: JsonObject) -> Value:
    def argument(at: int) -> Value:
        return _value(inner[at] if at < len(inner) else UNDEFINED, event)

    match word:
        case "=" | "!=":
            return _same(argument(0), argument(1), event) == (word == "=")
        case "<" | "<=" | ">" | ">=":
            return _ordered(word, argument(0), argument(1), event)
        case "in":
            return _is_in(argument(0), argument(1), event)
        case "contains" | "match":
            return _of_texts(word, argument(0), argument(1))
        case "lowercase":
            text = argument(0)
            return text.lower() if isinstance(text, str) else None
        case "typeof":
            return typeof(argument(0))
        case "length":
            return _length(argument(0))
        case "semver":
            return is_so(argument(0), argument(1), argument(2))
    msg = "the engine does not know a function that it calls"
    raise Broken(msg)


def _value(tree: Value, event: JsonObject) -> Value:
    if isinstance(tree, list):
        return tree
    if isinstance(tree, dict):
        return tree.get("value", UNDEFINED)
    if isinstance(tree, str):
        return follow(event, segments(tree))
    if tree is None or tree is UNDEFINED:
        msg = "a list has a null, which the engine cannot read"
        raise Broken(msg)
    return event  # a number or boolean in a list is a path without keys


def _is_call(value: Value) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and isinstance(value[0], str)
        and _CALLS.get(value[0]) == len(value)
    )


def _result(value: Value, event: JsonObject) -> Value:
    return _evaluated(value, event) if _is_call(value) else value


def _same(left: Value, right: Value, event: JsonObject) -> bool:
    left, right = _result(left, event), _result(right, event)
    if typeof(left) == typeof(right) == "object":
        return stringified(left) == stringified(right)
    return is_equal(left, right)


def _ordered(word: str, left: Value, right: Value, event: JsonObject) -> bool:
    left, right = _result(left, event), _result(right, event)
    if typeof(left) != "number" or typeof(right) != "number":
        return False
    return _ORDERS[word](double(left), double(right))


def _is_in(item: Value, values: Value, event: JsonObject) -> bool:
    if not isinstance(values, list):
        msg = "what stands to the right of in is no list in this event"
        raise Broken(msg)
    return any(is_equal(_value(one, event), item) for one in values)


def _of_texts(word: str, left: Value, right: Value) -> bool:
    if not isinstance(left, str) or not isinstance(right, str):
        return False
    left, right = units(left), units(right)
    return right in left if word == "contains" else glob.is_match(left, right)


def _length(value: Value) -> Value:
    if value is None:
        return 0
    if isinstance(value, str):
        return length(value)
    return len(value) if isinstance(value, list) else math.nan
