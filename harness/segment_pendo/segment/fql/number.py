"""Numbers as JavaScript reads them from texts, writes and compares them (D-10)."""

import re
from math import inf, isfinite, isnan, nan
from typing import Final

from segment_pendo.base import js_json

__all__ = ["double", "number_of", "text_of"]

_BLANKS: Final = (
    "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
_DECIMAL: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_INFINITY: Final = re.compile(r"([+-]?)Infinity")
_BASES: Final = {"0x": (16, "0123456789abcdef"), "0o": (8, "01234567"), "0b": (2, "01")}


def number_of(text: str) -> float:
    """Return Number(text): NaN where the text is no number, 0 where it is blank."""
    text = text.strip(_BLANKS)
    if not text:
        return 0.0
    if _DECIMAL.fullmatch(text):
        return float(text)
    infinity = _INFINITY.fullmatch(text)
    if infinity:
        return -inf if infinity[1] == "-" else inf
    base, digits = _BASES.get(text[:2].lower(), (0, ""))
    rest = text[2:].lower()
    return double(int(rest, base)) if base and rest and not rest.strip(digits) else nan


def double(number: float) -> float:
    """Return the double that JavaScript makes of a number."""
    try:
        return float(number)
    except OverflowError:
        return inf if number > 0 else -inf


def text_of(number: float) -> str:
    """Return String(number)."""
    if isnan(number):
        return "NaN"
    if not isfinite(number):
        return "Infinity" if number > 0 else "-Infinity"
    return js_json.write(number).decode()
