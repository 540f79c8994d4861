"""Numbers as JavaScript holds them, reads them from texts and writes them."""

import re
from math import inf, nan
from typing import Any, Final, TypeGuard

from segment_pendo.base import js_json
from segment_pendo.base.javascript.texts import BLANKS

__all__ = ["double", "is_number", "number_of", "number_text"]

_DECIMAL: Final = re.compile(r"[+-]?(?:Infinity|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)", re.ASCII)
_OF_BASE: Final = re.compile(r"0(?:[xX][0-9a-fA-F]+|[oO][0-7]+|[bB][01]+)")


def is_number(value: Any) -> TypeGuard[int | float]:
    """Whether it is a number, which a boolean is not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def double(number: float) -> float:
    """Return the double that JavaScript holds for a number."""
    try:
        return float(number)
    except OverflowError:
        return inf if number > 0 else -inf


def number_of(text: str) -> float:
    """Return Number(text): NaN where the text is no number, 0 where it is blank."""
    text = text.strip(BLANKS)
    if not text:
        return 0.0
    if _DECIMAL.fullmatch(text):
        return float(text)
    return double(int(text, 0)) if _OF_BASE.fullmatch(text) else nan


def number_text(number: float) -> str:
    """Return String(number)."""
    if number != number:  # noqa: PLR0124 - NaN
        return "NaN"
    if js_json.is_infinite(number):
        return "Infinity" if number > 0 else "-Infinity"
    return js_json.write(number).decode()
