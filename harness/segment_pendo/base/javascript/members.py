"""The members that JavaScript's own classes give to every value, as Node 20 has them."""

from typing import Final

from segment_pendo.base.javascript.texts import joined, length, units
from segment_pendo.base.javascript.values import (
    UNDEFINED,
    Builtin,
    Made,
    Prototype,
    Thrown,
    Undefined,
    Value,
    class_of,
)

__all__ = ["OF_EVERY_OBJECT", "index_of", "member"]

# Class -> how many arguments -> names of its prototype's functions.
_INHERITED: Final[dict[str, dict[int, str]]] = {
    "Object": {
        0: "toString valueOf toLocaleString",
        1: "hasOwnProperty __lookupGetter__ __lookupSetter__ isPrototypeOf propertyIsEnumerable",
        2: "__defineGetter__ __defineSetter__",
    },
    "Array": {
        0: "pop reverse shift keys entries values flat toLocaleString toString toReversed",
        1: "at concat fill find findIndex findLast findLastIndex lastIndexOf push unshift sort includes "
        "indexOf join forEach filter flatMap map every some reduce reduceRight toSorted",
        2: "copyWithin slice splice toSpliced with",
    },
    "String": {
        0: "big blink bold fixed isWellFormed italics normalize small strike sub sup toString toWellFormed "
        "trim trimStart trimLeft trimEnd trimRight toLocaleLowerCase toLocaleUpperCase toLowerCase "
        "toUpperCase valueOf",
        1: "anchor at charAt charCodeAt codePointAt concat endsWith fontcolor fontsize includes indexOf "
        "lastIndexOf link localeCompare match matchAll padEnd padStart repeat search startsWith",
        2: "replace replaceAll slice split substr substring",
    },
    "Number": {0: "valueOf toLocaleString", 1: "toExponential toFixed toPrecision toString"},
    "Boolean": {0: "toString valueOf"},
    "Function": {0: "toString", 1: "bind call", 2: "apply"},
}
# The same for the functions of the classes themselves.
_STATIC: Final[dict[str, dict[int, str]]] = {
    "Object": {
        1: "getOwnPropertyDescriptors getOwnPropertyNames getOwnPropertySymbols preventExtensions seal "
        "freeze getPrototypeOf isExtensible isFrozen isSealed keys entries fromEntries values",
        2: "assign getOwnPropertyDescriptor hasOwn is create defineProperties setPrototypeOf",
        3: "defineProperty",
    },
    "Array": {0: "of", 1: "isArray from"},
    "String": {1: "fromCharCode fromCodePoint raw"},
    "Number": {1: "isFinite isInteger isNaN isSafeInteger parseFloat", 2: "parseInt"},
    "Boolean": {},
    "Function": {},
}
_CONSTANTS: Final[dict[str, float]] = {
    "MAX_VALUE": 1.7976931348623157e308,
    "MIN_VALUE": 5e-324,
    "NaN": float("nan"),
    "NEGATIVE_INFINITY": float("-inf"),
    "POSITIVE_INFINITY": float("inf"),
    "MAX_SAFE_INTEGER": 2**53 - 1,
    "MIN_SAFE_INTEGER": 1 - 2**53,
    "EPSILON": 2.220446049250313e-16,
}
_RENAMED: Final = {"trimLeft": "trimStart", "trimRight": "trimEnd"}


def _functions(table: dict[str, dict[int, str]]) -> dict[str, dict[str, Builtin]]:
    return {
        owner: {
            key: Builtin(owner, key, _RENAMED.get(key, key), arguments)
            for arguments, names in by_length.items()
            for key in names.split()
        }
        for owner, by_length in table.items()
    }


_CLASSES: Final = {name: Builtin("", name, name, 1) for name in _INHERITED}
_METHODS: Final = _functions(_INHERITED)
_STATICS: Final = _functions(_STATIC)
# The names of what every object inherits.
OF_EVERY_OBJECT: Final = frozenset({"constructor", "__proto__", *_METHODS["Object"]})


def _inherited(kind: str, key: str) -> Value:
    """Return a member of the prototype of a class."""
    if key == "constructor":
        return _CLASSES[kind]
    found = _METHODS[kind].get(key)
    if found is None and kind != "Object":
        found = _METHODS["Object"].get(key)
    return UNDEFINED if found is None else found


def _of_function(function: Builtin, key: str) -> Value:
    if function.owner == "":
        if key in _STATICS[function.key]:
            return _STATICS[function.key][key]
        if key == "prototype":
            return Prototype(function.key)
        if function.key == "Number" and key in _CONSTANTS:
            return _CONSTANTS[key]
    if key == "name":
        return function.name
    if key == "length":
        return function.length
    return _of_any_function(key)


def _of_any_function(key: str) -> Value:
    if key in {"caller", "arguments"}:
        msg = f"the member {key} of a function may not be read"
        raise Thrown(msg)
    return Prototype("Function") if key == "__proto__" else _inherited("Function", key)


def _of_prototype(kind: str, key: str) -> Value:
    if key == "__proto__":
        return None if kind == "Object" else Prototype("Object")
    if key == "length" and kind in {"Array", "String", "Function"}:
        return 0
    if kind == "Function":
        return "" if key == "name" else _of_any_function(key)
    return _inherited(kind, key)


def index_of(key: str, size: int) -> int | None:
    """Return the place that a key names in a list or text of this size, or None."""
    if len(key) > 10 or not (key.isascii() and key.isdigit()) or (key[0] == "0" and key != "0"):
        return None
    return int(key) if int(key) < size else None


def _of_text(text: str, key: str) -> Value:
    if key == "length":
        return length(text)
    if key[:1].isdigit():
        by_unit = units(text)
        index = index_of(key, len(by_unit))
        return UNDEFINED if index is None else joined(by_unit[index])
    return Prototype("String") if key == "__proto__" else _inherited("String", key)


def _of_list(value: list[Value], key: str) -> Value:
    if key == "length":
        return len(value)
    index = index_of(key, len(value))
    if index is not None:
        return value[index]
    return Prototype("Array") if key == "__proto__" else _inherited("Array", key)


def _of_object(value: dict[str, Value], key: str) -> Value:
    if key in value:
        return value[key]
    proto = value.proto if isinstance(value, Made) else UNDEFINED
    if proto is UNDEFINED:
        return Prototype("Object") if key == "__proto__" else _inherited("Object", key)
    if key == "__proto__":
        return proto
    return UNDEFINED if proto is None else member(proto, key)


def member(value: Value, key: str) -> Value:
    """Return value[key]. Raises Thrown.

    Of null and undefined, which have no members and should not be asked, it is UNDEFINED.
    """
    match value:
        case dict():
            return _of_object(value, key)
        case list():
            return _of_list(value, key)
        case str():
            return _of_text(value, key)
        case Builtin():
            return _of_function(value, key)
        case Prototype():
            return _of_prototype(value.kind, key)
        case None | Undefined():
            return UNDEFINED
    kind = class_of(value).capitalize()
    return Prototype(kind) if key == "__proto__" else _inherited(kind, key)
