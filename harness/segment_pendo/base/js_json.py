"""JSON as JavaScript reads and writes it: `JSON.stringify(JSON.parse(text))`, byte for byte.

Segment's Webhooks (Actions) destination is JavaScript, so the body it POSTs has passed through exactly that.
Rules (facts W-28; ECMA-262 Number::toString, QuoteJSONString, OrdinaryOwnPropertyKeys): 1.0 is written 1,
integers lose digits beyond 2**53, 1e400 becomes null, integer-like keys come first in ascending order, the
last of duplicate keys wins in the place of the first, lone surrogates are escaped, the rest is raw UTF-8. One
rule is Segment's own: keys named `__proto__` are lost at any depth (its mapping kit assigns them).
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from functools import cache
from itertools import count
from json.encoder import encode_basestring
from math import isfinite
from typing import Any, Final, NamedTuple, Self

import msgspec
import orjson

from segment_pendo.base.bounded import Made
from segment_pendo.words import Json

__all__ = [
    "MAX_DEPTH",
    "MAX_SAFE_INTEGER",
    "Loss",
    "Parsed",
    "ascii_only",
    "check_depth",
    "is_infinite",
    "is_ordinary",
    "is_ordinary_key",
    "is_ordinary_number",
    "keep",
    "losses",
    "members",
    "parse",
    "quick",
    "read",
    "stringify",
    "why",
    "write",
]

MAX_SAFE_INTEGER: Final = 2**53 - 1
# ECMA-262 array index: a canonical number below 2**32 - 1.
_INDEX_LIMIT: Final = 2**32 - 1
_INDEX = re.compile(r"0|[1-9]\d{0,9}", re.ASCII)
_INDEX_KEY = re.compile(rb'"\d{1,10}"\s*:')
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
# The parsers' own limit depends on how deep the stack is when they are called; ours is the same everywhere,
# and low enough for every later reader: some call themselves three times for each level.
MAX_DEPTH: Final = 250
_CONTAINERS: Final = (dict, list)
# int() refuses longer texts, and JavaScript reads any number of this size as Infinity.
_LONGEST_INTEGER: Final = 400


class Parsed(NamedTuple):
    """A JSON value, and whether the fast writer gives JavaScript's bytes for it."""

    value: Json
    ordinary: bool


class _Spelled(float):
    """A number with the text it was read from.

    Used where a double does not hold the number exactly, or where its spelling has to be kept.
    """

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> Self:
        number = super().__new__(cls, text)
        number.text = text
        return number


class Loss(NamedTuple):
    """Something that JavaScript loses: digits of a number, or a key.

    `was` is the text of the number, `becomes` what JavaScript writes; for a key, `becomes` is None.
    """

    path: tuple[str | int, ...]
    was: str
    becomes: str | None


def is_infinite(value: Json) -> bool:
    """Whether JavaScript reads this number as Infinity, and so writes null."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return not isfinite(value)
    except OverflowError:
        return True


def _plain_float(text: str) -> int | float:
    number = float(text)
    # Up to 15 digits survive in a double; of more, only those that Python writes back the same way are
    # certain to.
    if abs(number) <= MAX_SAFE_INTEGER and (len(text) <= 16 or repr(number) == text):
        if number.is_integer() and (number or not text.strip("-.0")):  # 1e-400 is read as zero
            return int(number)
        if abs(number) >= 1e-4:  # below, orjson and JavaScript change to exponents at different places
            return number
    msg = "this number needs the exact writer"
    raise ValueError(msg)


def _any_int(text: str) -> int | float:
    return int(text) if len(text) < _LONGEST_INTEGER else _Spelled(text)


def _any_float(text: str) -> float:
    number = _Spelled(text)
    return number if _is_inexact(number) else float(number)


def _is_inexact(number: _Spelled) -> bool:
    try:
        return Decimal(number.text) != Decimal(repr(float(number)))
    except ArithmeticError:  # an exponent beyond Decimal's; zero it leaves as it is
        return any(digit in "123456789" for digit in number.text.lower().partition("e")[0])


def _spelled_int(text: str) -> int | float:
    return _any_int(text) if text != "-0" else _Spelled(text)


def _spelled_float(text: str) -> float:
    number = float(text)
    return number if repr(number) == text else _Spelled(text)


def _float_as_spelled(text: str) -> float:
    number = float(text)
    if repr(number) == text and is_ordinary_number(number):
        return number
    msg = "this number needs the exact reader"
    raise ValueError(msg)


def _refuse_constant(text: str) -> Json:
    msg = f"{text} is not JSON"
    raise ValueError(msg)


class _Reader(NamedTuple):
    """How JSON is read: `fast` reads what is ordinary and has nothing `odd`, `exact` all else."""

    fast: "msgspec.json.Decoder[Any]"
    exact: json.JSONDecoder
    odd: re.Pattern[bytes] | None = None


_exact = json.JSONDecoder(parse_int=_any_int, parse_float=_any_float, parse_constant=_refuse_constant)
_UNSPELLED: Final = _Reader(msgspec.json.Decoder(float_hook=_plain_float), _exact)
_SPELLED: Final = _Reader(
    msgspec.json.Decoder(float_hook=_float_as_spelled),
    json.JSONDecoder(parse_int=_spelled_int, parse_float=_spelled_float, parse_constant=_refuse_constant),
    re.compile(rb"-0(?![.\d])(?<![^\[:,\s]-0)"),  # minus zero, which is no float to the fast one
)


def is_ordinary_number(number: float) -> bool:
    """Whether the fast writer gives JavaScript's bytes for this number, or says that it cannot."""
    if type(number) is float:
        return 1e-4 <= abs(number) <= MAX_SAFE_INTEGER and not number.is_integer()
    return isinstance(number, int)  # beyond 53 bits, the fast writer refuses it


def is_ordinary_key(key: str) -> bool:
    """Whether the fast writer puts this key where JavaScript does."""
    return not (key[:1].isdigit() and _INDEX.fullmatch(key)) and key != "__proto__"


def _looks_ordinary(text: bytes) -> bool:
    # An escaped ASCII character may be part of a special key: a digit, or any letter of __proto__.
    if b"__proto__" in text or (b"\\" in text and b"\\u00" in text):
        return False
    return _INDEX_KEY.search(text) is None


def read(text: bytes, *, depth: int = MAX_DEPTH, spelled: bool = False) -> Parsed:
    """Read JSON text (a BOM is skipped, broken UTF-8 becomes U+FFFD, as in Node).

    With `spelled`, `keep` writes 1.0 as 1.0. Raises ValueError, with the place, where the text is not JSON,
    and RecursionError where it nests more than `depth` levels.
    """
    text = text.removeprefix(b"\xef\xbb\xbf")
    parsed = _parsed(text, _SPELLED if spelled else _UNSPELLED)
    if text.count(b"[") + text.count(b"{") > depth and not _is_shallow(parsed.value, depth):
        check_depth(parsed.value, depth)
    return parsed


@cache
def _most_written() -> int:
    """Return how many levels orjson writes at most."""
    lists: Json = []
    objects: Json = {}
    for levels in count(1):
        lists, objects = [lists], {"": objects}
        if quick(lists) is None and quick(objects) is None:
            return levels
    raise AssertionError


def _is_shallow(value: Json, most: int) -> bool:
    """Whether a value surely nests at most so many levels: orjson writes it inside all that it has left.

    That takes a fifth of the time that `check_depth` does.
    """
    left = _most_written() - most
    for _ in range(left):
        value = [value]
    return left >= 0 and quick(value) is not None


def parse(text: str) -> Json:
    """Return the value of a text as JSON.parse does: lone surrogates are kept, a BOM is an error.

    Raises ValueError where it is not JSON, and RecursionError where it nests more than MAX_DEPTH levels.
    """
    try:
        value: Json = _exact.decode(text)
    except RecursionError:
        # How deep Python's parser goes is another matter in each version; what is open at the end is no JSON.
        bare = _TEXT.sub("", text)
        if bare.count("[") != bare.count("]") or bare.count("{") != bare.count("}"):
            msg = "a bracket is not closed"
            raise ValueError(msg) from None
        raise
    check_depth(value, MAX_DEPTH)
    return value


def check_depth(value: Json, most: int = MAX_DEPTH) -> None:
    """Raise RecursionError where a value nests more than `most` levels."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(most + 1):
        if not level:
            return
        level = [
            member
            for container in level
            for member in (container.values() if isinstance(container, dict) else container)
            if isinstance(member, _CONTAINERS)
        ]
    msg = f"nested more than {most} levels"
    raise RecursionError(msg)


def _parsed(text: bytes, reader: "_Reader") -> Parsed:
    if _looks_ordinary(text) and (reader.odd is None or reader.odd.search(text) is None):
        try:
            return Parsed(reader.fast.decode(text), ordinary=True)
        except (ValueError, RecursionError, msgspec.DecodeError):
            pass
    return Parsed(reader.exact.decode(text.decode("utf-8", "replace")), ordinary=False)


def why(error: ValueError) -> str:
    """Return what is wrong with a text that `read` refused, and where.

    Nothing of the text itself is shown, as it may hold personal data.
    """
    position = getattr(error, "pos", None)
    reason = str(getattr(error, "msg", None) or error)
    return f"{reason.removesuffix(' at')} at character {position}" if position is not None else reason


def write(value: Json, *, ordinary: bool = False) -> bytes:
    """Write a value as JavaScript would.

    `ordinary` is what `read` said of the value (what the server adds is ordinary).
    """
    fast = quick(value) if ordinary or type(value) is str or is_ordinary(value) else None
    return "".join(_pieces(value, _JAVASCRIPT)).encode() if fast is None else fast


def quick(value: Json) -> bytes | None:
    """Return an ordinary value as JavaScript would write it, or None where it needs the exact writer."""
    try:
        return orjson.dumps(value, option=orjson.OPT_STRICT_INTEGER)
    except TypeError:  # over 53 bits, a lone surrogate, or nested too deeply for orjson
        return None


def keep(value: Json, *, ordinary: bool = False) -> bytes:
    """Write a value as it was read, with every key in its place and every digit.

    The result is valid JSON, but not JavaScript's bytes. `ordinary` is what `read` said of the value, where
    it was read as spelled.
    """
    fast = quick(value) if ordinary or type(value) is str or is_ordinary(value, keys=False) else None
    return "".join(_pieces(value, _AS_READ)).encode() if fast is None else fast


def _are_ordinary(keys: tuple[str, ...]) -> bool:
    # Nearly every key is an identifier, and no index is one; the others are looked at one by one.
    return "__proto__" not in keys and (all(map(str.isidentifier, keys)) or all(map(is_ordinary_key, keys)))


# Whether the keys of an object are ordinary: most objects have the same keys as others.
_ORDINARY_KEYS: Final = Made[tuple[str, ...], bool](_are_ordinary, 1024)


def is_ordinary(root: Json, *, keys: bool = True) -> bool:
    """Whether the fast writer writes a value right, as far as numbers go, and `keys`.

    To look costs a tenth of what the exact writer does.
    """
    level: list[Json] = [root]
    for value in level:  # which grows on the way
        kind = type(value)
        if kind is str or kind is bool or value is None:
            continue
        if isinstance(value, dict):
            if keys and not _ORDINARY_KEYS[tuple(value)]:
                return False
            level += value.values()
        elif isinstance(value, list):
            level += value
        elif not (kind is int or kind is float) or not is_ordinary_number(value):  # type: ignore[arg-type]
            return False
    return True


def stringify(value: Json) -> str:
    """Return `JSON.stringify(value)`: what `write` writes, with the keys named `__proto__`."""
    return "".join(_pieces(value, _STRINGIFY))


def ascii_only(text: str) -> str:
    """Return the same JSON text with everything beyond ASCII escaped (it stands only inside strings)."""
    return text if text.isascii() else _BEYOND_ASCII.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x10000:
        return f"\\u{code:04x}"
    code -= 0x10000
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"


def _string(text: str) -> str:
    return _SURROGATE.sub(_escape, encode_basestring(text))


def _number(number: float) -> str:
    """Return a number as ECMA-262 Number::toString writes it; what is not finite is null in JSON."""
    if isinstance(number, int) and abs(number) <= MAX_SAFE_INTEGER:
        return str(number)
    try:
        number = float(number)
    except OverflowError:
        return "null"
    if not isfinite(number):
        return "null"
    if number == 0:
        return "0"
    _, digit_tuple, exponent = Decimal(repr(abs(number))).as_tuple()
    assert isinstance(exponent, int)
    digits = "".join(map(str, digit_tuple))
    point = len(digits) + exponent  # the value is 0.DIGITS * 10**point
    digits = digits.rstrip("0")
    return ("-" if number < 0 else "") + _placed(digits, point)


def _placed(digits: str, point: int) -> str:
    if len(digits) <= point <= 21:
        return digits + "0" * (point - len(digits))
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return "0." + "0" * -point + digits
    fraction = "." + digits[1:] if len(digits) > 1 else ""
    return f"{digits[0]}{fraction}e{point - 1:+d}"


_NOT_FINITE: Final = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def _number_as_read(number: float) -> str:
    text = number.text if isinstance(number, _Spelled) else repr(number)
    return _NOT_FINITE.get(text, text)  # a float of a test; Python's SDK sends it so, and Segment refuses it


type _Way = tuple[_Way, str | int] | None


def _path(way: _Way) -> tuple[str | int, ...]:
    keys: list[str | int] = []
    while way is not None:
        way, key = way
        keys.append(key)
    return tuple(reversed(keys))


def losses(root: Json) -> Iterator[Loss]:
    """Yield what JavaScript loses of a value: numbers that change, and keys named `__proto__`.

    The order has no meaning.
    """
    stack: list[tuple[_Way, Json]] = [(None, root)]
    while stack:
        way, value = stack.pop()
        if isinstance(value, dict):
            for key, inner in value.items():
                if key == "__proto__":
                    yield Loss(_path((way, key)), key, None)
                else:
                    stack.append(((way, key), inner))
        elif isinstance(value, list):
            stack.extend(((way, index), inner) for index, inner in enumerate(value))
        elif isinstance(value, int | float):
            yield from _lost_digits(way, value)


def _lost_digits(way: "_Way", value: float) -> Iterator[Loss]:
    if isinstance(value, _Spelled):
        if _is_inexact(value):
            yield Loss(_path(way), value.text, _number(value))
    elif isinstance(value, int) and abs(value) > MAX_SAFE_INTEGER and _number(value) != str(value):
        becomes = _number(value)
        if becomes == "null" or int(Decimal(becomes)) != value:
            yield Loss(_path(way), str(value), becomes)


def members[T](value: dict[str, T]) -> Iterator[tuple[str, T]]:
    """Yield the members of an object in JavaScript's order."""
    indexes = [key for key in value if _INDEX.fullmatch(key) and int(key) < _INDEX_LIMIT]
    for key in sorted(indexes, key=int):
        yield key, value[key]
    seen = set(indexes)
    for key, member in value.items():
        if key not in seen:
            yield key, member


def _members(value: dict[str, Json]) -> Iterator[tuple[str, Json]]:
    return (pair for pair in members(value) if pair[0] != "__proto__")


class _Style(NamedTuple):
    number: Callable[[float], str]
    members: Callable[[dict[str, Json]], Iterable[tuple[str, Json]]]


_JAVASCRIPT: Final = _Style(_number, _members)
_STRINGIFY: Final = _Style(_number, members)
_AS_READ: Final = _Style(_number_as_read, dict.items)


def _scalar(value: None | bool | float | str, style: _Style) -> str:
    if isinstance(value, str):
        return _string(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return style.number(value)


def _pieces(root: Json, style: _Style) -> Iterator[str]:
    """Yield the JSON text in pieces, with a stack of our own: a deep value must not make Python recurse."""
    if not isinstance(root, dict | list):
        yield _scalar(root, style)
        return
    stack = [_entries(root, style)]
    yield "{" if isinstance(root, dict) else "["
    closers = ["}" if isinstance(root, dict) else "]"]
    while stack:
        entry = next(stack[-1], None)
        if entry is None:
            stack.pop()
            yield closers.pop()
            continue
        before, value = entry
        yield before
        if isinstance(value, dict | list):
            stack.append(_entries(value, style))
            yield "{" if isinstance(value, dict) else "["
            closers.append("}" if isinstance(value, dict) else "]")
        else:
            yield _scalar(value, style)


def _entries(value: dict[str, Json] | list[Json], style: _Style) -> Iterator[tuple[str, Json]]:
    comma = ""
    if isinstance(value, dict):
        for key, member in style.members(value):
            yield f"{comma}{_string(key)}:", member
            comma = ","
    else:
        for member in value:
            yield comma, member
            comma = ","
