"""Which events a sample keeps: those whose value at a path hashes below the percentage (D-31).

The published engine for browsers takes the hexadecimal digits of an MD5 for its bytes, so it keeps about 12 %
for every percentage above 20. What it means to compute, as it says itself, is what Segment's servers do: the
MD5 as a fraction of one.
"""

from hashlib import md5
from math import ldexp
from typing import Final

from segment_pendo.segment.filters.values import follow, segments, stringified
from segment_pendo.words import JsonObject

__all__ = ["browser_keeps", "server_keeps"]

_BITS: Final = 64
_NOTHING: Final = "undefined"  # what is hashed where nothing is at the path


def server_keeps(data: JsonObject, path: str, percent: float) -> bool:
    """Whether a server keeps the event."""
    digest = md5(_text(data, path).encode(), usedforsecurity=False).digest()
    return ldexp(float(int.from_bytes(digest[:8])), -_BITS) < percent


def browser_keeps(data: JsonObject, path: str, percent: float) -> bool:
    """Whether npm @segment/tsub 2.0.1 keeps the event.

    As it was built, that is: with the release of @stdlib that npm installs beside it today, its arithmetic
    gives 0 for every value, so that it keeps them all.
    """
    digest = md5(_text(data, path).encode(), usedforsecurity=False).hexdigest()
    bits = _bits(digest[:8])
    zeros = len(bits) - len(bits.lstrip("0"))
    if zeros:
        bits = bits[zeros:] + _bits(digest[9:16])[: _BITS - zeros]
    last = _BITS - 1
    if len(bits) > last:
        bits = bits[:last] + ("1" if bits[last] == "0" else "0") + bits[last + 1 :]
    else:
        bits += "0"
    return ldexp(float(int(bits, 2)), -_BITS - zeros) < percent


def _text(data: JsonObject, path: str) -> str:
    text = stringified(follow(data, segments(path)))
    return _NOTHING if text is None else text


def _bits(digits: str) -> str:
    """Return eight bits for each digit, where a letter is no number and so has none; 64 bits in all."""
    return "".join(f"{int(digit) if digit.isdecimal() else 0:08b}" for digit in digits).ljust(_BITS, "0")
