"""What JavaScript makes of any value as a number, and how it compares two values."""

import math

from segment_pendo.base.javascript.numbers import double, number_of
from segment_pendo.base.javascript.texts import units
from segment_pendo.base.javascript.values import UNDEFINED, Value, string

__all__ = ["is_less", "is_whole", "numeric"]


def is_whole(number: float) -> bool:
    """Whether a number is finite, and has no fraction."""
    return math.isfinite(double(number)) and number == int(number)


def numeric(value: Value) -> float:
    """Return what Number(value) gives, as a double."""
    if isinstance(value, str):
        return number_of(value)
    if value is UNDEFINED:
        return math.nan
    if value is None:
        return 0.0
    return double(value) if isinstance(value, bool | int | float) else numeric(string(value))


def is_less(one: Value, other: Value, *, or_equal: bool = False) -> bool:
    """Whether JavaScript's one < other (or <=) holds: two texts by UTF-16 unit, all else as numbers."""
    left, right = (string(value) if isinstance(value, dict | list) else value for value in (one, other))
    if isinstance(left, str) and isinstance(right, str):
        first, second = units(left), units(right)
        return first <= second if or_equal else first < second
    return numeric(left) <= numeric(right) if or_equal else numeric(left) < numeric(right)
