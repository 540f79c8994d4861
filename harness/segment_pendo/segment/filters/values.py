"""Values as the browser's filter engine meets them: JSON, what is not there, and JavaScript's own members.

A path such as `properties.constructor` reaches a function that no app has sent (D-35).
"""

import re
from enum import Enum
from functools import lru_cache
from typing import Final, NamedTuple

from segment_pendo.base import js_json
from segment_pendo.words import Json

__all__ = [
    "UNDEFINED",
    "Broken",
    "Builtin",
    "Undefined",
    "Value",
    "as_double",
    "follow",
    "from_units",
    "is_equal",
    "is_number",
    "is_true",
    "segments",
    "stringified",
    "to_units",
    "type_of",
]


class Broken(Exception):
    """A filter errs. The text says why, as the end of a sentence."""


class Undefined(Enum):
    """What JavaScript says of a member that is not there."""

    UNDEFINED = "undefined"


class Builtin(NamedTuple):
    """A function or prototype of JavaScript's own; `json` is what JSON.stringify makes of a prototype."""

    name: str
    json: str = ""


type Value = Json | Undefined | Builtin
UNDEFINED: Final = Undefined.UNDEFINED
_SEPARATOR: Final = re.compile(r"(?<!\\)\.")
_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,8}")
_PROTOTYPES: Final = {"Object": "{}", "Array": "[]", "String": '""', "Number": "0", "Boolean": "false"}
_METHODS: Final = {
    "Object": "__defineGetter__ __defineSetter__ hasOwnProperty __lookupGetter__ __lookupSetter__ "
    "isPrototypeOf propertyIsEnumerable toString valueOf toLocaleString",
    "Array": "at concat copyWithin fill find findIndex findLast findLastIndex lastIndexOf pop push reverse "
    "shift unshift slice sort splice includes indexOf join keys entries values forEach filter flat flatMap "
    "map every some reduce reduceRight toLocaleString toString toReversed toSorted toSpliced with",
    "String": "anchor at big blink bold charAt charCodeAt codePointAt concat endsWith fontcolor fontsize "
    "fixed includes indexOf isWellFormed italics lastIndexOf link localeCompare match matchAll normalize "
    "padEnd padStart repeat replace replaceAll search slice small split strike sub substr substring sup "
    "startsWith toString toWellFormed trim trimStart trimLeft trimEnd trimRight toLocaleLowerCase "
    "toLocaleUpperCase toLowerCase toUpperCase valueOf",
    "Number": "toExponential toFixed toPrecision toString valueOf toLocaleString",
    "Boolean": "toString valueOf",
}
_NAMES: Final = {kind: frozenset(names.split()) for kind, names in _METHODS.items()}


# --- texts in UTF-16 ---


def to_units(text: str) -> str:
    """Return a text with a character for each UTF-16 code unit, which is what JavaScript counts."""
    if text.isascii() or max(text) < "\U00010000":
        return text
    pairs = text.encode("utf-16-le", "surrogatepass")
    return "".join(chr(pairs[at] | pairs[at + 1] << 8) for at in range(0, len(pairs), 2))


def from_units(units: str) -> str:
    """Return the text that these UTF-16 code units make."""
    return units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


# --- paths ---


@lru_cache(maxsize=1024)
def segments(path: str) -> tuple[str, ...]:
    r"""Return the keys of a dotted path; a dot after a backslash belongs to the key."""
    return tuple(key.replace("\\.", ".") for key in _SEPARATOR.split(path))


def follow(value: Value, keys: tuple[str, ...]) -> Value:
    """Return what the keys lead to, or UNDEFINED."""
    for key in keys:
        value = _member(value, key) if is_true(value) else UNDEFINED
    return value


def _member(value: Value, key: str) -> Value:
    if isinstance(value, dict):
        return value[key] if key in value else _inherited("Object", key)
    if isinstance(value, str):
        units = to_units(value)
        own: Value = len(units) if key == "length" else units[at] if (at := _index(key, units)) >= 0 else None
        return _inherited("String", key) if own is None else own
    if isinstance(value, list):
        at = _index(key, value)
        return len(value) if key == "length" else value[at] if at >= 0 else _inherited("Array", key)
    if isinstance(value, bool):
        return _inherited("Boolean", key)
    return _inherited("Number", key) if isinstance(value, int | float) else UNDEFINED


def _index(key: str, value: str | list[Json]) -> int:
    return int(key) if _INDEX.fullmatch(key) and int(key) < len(value) else -1


def _inherited(kind: str, key: str) -> Value:
    if key == "constructor":
        return Builtin(kind)
    if key == "__proto__":
        return Builtin(f"{kind}.prototype", _PROTOTYPES[kind])
    owner = next((one for one in (kind, "Object") if key in _NAMES[one]), None)
    return Builtin(f"{owner}.prototype.{key}") if owner else UNDEFINED


# --- what JavaScript says of a value ---


def is_number(value: Value) -> bool:
    """Whether it is a number, which a boolean is not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_true(value: Value) -> bool:
    """Whether JavaScript takes it as true: objects and lists are, also the empty ones."""
    if isinstance(value, dict | list | Builtin):
        return True
    return bool(value) and value is not UNDEFINED and value == value  # noqa: PLR0124 - NaN is false


def type_of(value: Value) -> str:
    """Return JavaScript's `typeof`."""
    if value is UNDEFINED:
        return "undefined"
    if isinstance(value, Builtin):
        return "object" if value.json else "function"
    if isinstance(value, bool):
        return "boolean"
    if is_number(value):
        return "number"
    return "string" if isinstance(value, str) else "object"


def stringified(value: Value) -> str | None:
    """Return `JSON.stringify(value)`; None where that is undefined."""
    if isinstance(value, Builtin):
        return value.json or None
    return None if isinstance(value, Undefined) else js_json.stringify(value)


def is_equal(one: Value, other: Value) -> bool:
    """Whether JavaScript's `===` holds."""
    if isinstance(one, dict | list) or isinstance(other, dict | list):
        return one is other
    if is_number(one) and is_number(other):
        return as_double(one) == as_double(other)
    return type_of(one) == type_of(other) and one == other


def as_double(number: Value) -> float:
    """Return the double that JavaScript holds for a number."""
    assert isinstance(number, int | float)
    try:
        return float(number)
    except OverflowError:
        return float("inf") if number > 0 else float("-inf")
