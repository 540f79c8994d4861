"""Conditions as Segment documents them for its servers (the FQL reference), where nothing is published.

What the documentation leaves open is as in the published engine for browsers (D-35).
"""

import math
import re
from collections.abc import Callable
from typing import Final

from segment_pendo.base import js_json
from segment_pendo.base.javascript.numbers import double, is_number
from segment_pendo.base.javascript.values import is_truthy
from segment_pendo.segment.filters import glob
from segment_pendo.segment.filters.semver import is_so
from segment_pendo.segment.filters.values import (
    Broken,
    is_equal,
    segments,
)
from segment_pendo.words import Json, JsonObject

__all__ = ["matches"]

_NUMBER: Final = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_ORDERS: Final[dict[str, Callable[[float, float], bool]]] = {
    "<": float.__lt__,
    "<=": float.__le__,
    ">": float.__gt__,
    ">=": float.__ge__,
}


def matches(tree: Json, event: JsonObject) -> bool:
    """Whether the condition holds for the event. Raises Broken."""
    return _value(tree, event) is True


def _value(tree: Json, event: JsonObject) -> Json:
    if isinstance(tree, str):
        return _found(event, segments(tree))
    if isinstance(tree, dict):
        value = tree["value"]
        return [_value(one, event) for one in value] if isinstance(value, list) else value
    assert isinstance(tree, list)
    word, *inner = tree
    if word == "or":
        return any(_value(one, event) is True for one in inner)
    if word == "and":
        return all(_value(one, event) is True for one in inner)
    return _CALLED[str(word)](*(_value(one, event) for one in inner))


def _found(value: Json, keys: tuple[str, ...]) -> Json:
    """Return what the keys lead to; what is missing is null."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _same(left: Json, right: Json) -> bool:
    if isinstance(left, dict | list) and isinstance(right, dict | list):
        return js_json.stringify(left) == js_json.stringify(right)
    return is_equal(left, right)


def _ordering(word: str) -> Callable[[Json, Json], bool]:
    def holds(left: Json, right: Json) -> bool:
        return is_number(left) and is_number(right) and _ORDERS[word](double(left), double(right))

    return holds


def _is_in(item: Json, values: Json) -> bool:
    if not isinstance(values, list):
        msg = "what stands to the right of in is no list in this event"
        raise Broken(msg)
    return any(_same(one, item) for one in values)


def _length(value: Json) -> Json:
    if value is None:
        return 0
    if isinstance(value, str):
        return len(value.encode("utf-8", "surrogatepass"))
    return len(value) if isinstance(value, list) else math.nan


def _of_text(change: Callable[[str], str]) -> Callable[[Json], Json]:
    return lambda value: change(value) if isinstance(value, str) else None


def _type(value: Json) -> Json:
    if isinstance(value, bool):
        return "bool"
    if is_number(value):
        return "number"
    names = {type(None): "null", str: "string", list: "list"}
    return names.get(type(value), "object")


def _string(value: Json) -> Json:
    if value is None or isinstance(value, str):
        return value
    return js_json.stringify(value)


def _number(value: Json) -> Json:
    if is_number(value):
        return value
    return float(value) if isinstance(value, str) and _NUMBER.fullmatch(value.strip()) else None


_CALLED: Final[dict[str, Callable[..., Json]]] = {
    "!": lambda value: value is not True,
    "=": _same,
    "!=": lambda left, right: not _same(left, right),
    **{word: _ordering(word) for word in _ORDERS},
    "in": _is_in,
    "contains": lambda text, part: isinstance(text, str) and isinstance(part, str) and part in text,
    "match": lambda text, pattern: (
        isinstance(text, str) and isinstance(pattern, str) and glob.is_match(text, pattern)
    ),
    "semver": is_so,
    "length": _length,
    "lowercase": _of_text(str.lower),
    "uppercase": _of_text(str.upper),
    "snakecase": _of_text(lambda text: text.replace(" ", "_")),
    "kebabcase": _of_text(lambda text: text.replace(" ", "-")),
    "titlecase": _of_text(str.title),
    "typeof": _type,
    "string": _string,
    "number": _number,
    "bool": is_truthy,
}
