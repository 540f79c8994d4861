"""What JavaScript makes of any value as a number, and how it compares two values."""

import math
import re
from typing import Final

from segment_pendo.segment.mapping_kit.texts import BLANKS
from segment_pendo.segment.mapping_kit.values import UNDEFINED, Value, string, units

__all__ = ["is_less", "is_numeric_text", "is_whole", "numeric"]

_DECIMAL: Final = re.compile(r"[+-]?(?:Infinity|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)", re.ASCII)
_OF_BASE: Final = re.compile(r"0(?:[xX][0-9a-fA-F]+|[oO][0-7]+|[bB][01]+)")


def is_numeric_text(text: str) -> bool:
    """Whether Number(text) is a number; of blanks it is 0."""
    text = text.strip(BLANKS)
    return text == "" or bool(_DECIMAL.fullmatch(text) or _OF_BASE.fullmatch(text))


def is_whole(number: float) -> bool:
    """Whether a number is finite, and has no fraction."""
    return math.isfinite(_double(number)) and number == int(number)


def numeric(value: Value) -> float:
    """Return what Number(value) gives, as a double."""
    if isinstance(value, str):
        text = value.strip(BLANKS)
        if not is_numeric_text(text):
            return math.nan
        return _double(int(text, 0)) if _OF_BASE.fullmatch(text) else float(text or 0)
    if value is UNDEFINED:
        return math.nan
    if value is None:
        return 0.0
    return _double(value) if isinstance(value, bool | int | float) else numeric(string(value))


def _double(number: float) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.copysign(math.inf, number)


def is_less(one: Value, other: Value, *, or_equal: bool = False) -> bool:
    """Whether JavaScript's one < other (or <=) holds: two texts by UTF-16 unit, all else as numbers."""
    left, right = (string(value) if isinstance(value, dict | list) else value for value in (one, other))
    if isinstance(left, str) and isinstance(right, str):
        first, second = units(left), units(right)
        return first <= second if or_equal else first < second
    return numeric(left) <= numeric(right) if or_equal else numeric(left) < numeric(right)
