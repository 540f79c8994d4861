"""Values as the browser's filter engine meets them: where a path leads, what is equal, and what JSON makes.

A path such as `properties.constructor` reaches a function that no app has sent (D-35).
"""

import re
from functools import lru_cache
from typing import Final

from segment_pendo.base import js_json
from segment_pendo.base.javascript.members import member
from segment_pendo.base.javascript.numbers import double, is_number
from segment_pendo.base.javascript.values import (
    UNDEFINED,
    Prototype,
    Thrown,
    Value,
    is_function,
    is_truthy,
    typeof,
)

__all__ = ["Broken", "follow", "is_equal", "segments", "stringified"]

_SEPARATOR: Final = re.compile(r"(?<!\\)\.")


class Broken(Exception):
    """A filter errs. The text says why, as the end of a sentence."""


@lru_cache(maxsize=1024)
def segments(path: str) -> tuple[str, ...]:
    r"""Return the keys of a dotted path; a dot after a backslash belongs to the key."""
    return tuple(key.replace("\\.", ".") for key in _SEPARATOR.split(path))


def follow(value: Value, keys: tuple[str, ...]) -> Value:
    """Return what the keys lead to, or UNDEFINED. Raises Broken."""
    try:
        for key in keys:
            value = member(value, key) if is_truthy(value) else UNDEFINED
    except Thrown as thrown:
        raise Broken(thrown.reason) from None
    # Array.prototype is a list, to all that the engine asks.
    return value.empty if isinstance(value, Prototype) and value.kind == "Array" else value


def stringified(value: Value) -> str | None:
    """Return `JSON.stringify(value)`; None where that is undefined."""
    if value is UNDEFINED or is_function(value):
        return None
    return js_json.stringify(value.empty if isinstance(value, Prototype) else value)


def is_equal(one: Value, other: Value) -> bool:
    """Whether JavaScript's `===` holds."""
    if isinstance(one, dict | list) or isinstance(other, dict | list):
        return one is other
    if is_number(one) and is_number(other):
        return double(one) == double(other)
    return typeof(one) == typeof(other) and bool(one == other)
