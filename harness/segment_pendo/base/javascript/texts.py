"""Texts as JavaScript counts, cuts and trims them: in UTF-16 units."""

from struct import unpack
from typing import Final

__all__ = ["BLANKS", "joined", "length", "units"]

# What JavaScript's trim() takes away, and a RegExp's \s means; Python's are other sets.
BLANKS: Final = (
    "\t\n\v\f\r \xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029"
    "\u202f\u205f\u3000\ufeff"
)


def length(text: str) -> int:
    """Return the length in UTF-16 units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def units(text: str) -> str:
    """Return a text in which each character is a UTF-16 unit: another one only beyond the basic plane."""
    if text.isascii():
        return text
    raw = text.encode("utf-16-le", "surrogatepass")
    count = len(raw) // 2
    return text if count == len(text) else "".join(map(chr, unpack(f"<{count}H", raw)))


def joined(text: str) -> str:
    """Return the text of UTF-16 units, pairs of surrogates as one character."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
