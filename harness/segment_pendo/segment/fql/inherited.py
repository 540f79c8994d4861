"""What JavaScript finds under a name that a value inherits: `toString` of an object, `length` of a function.

Segment's lookup of a path takes inherited members for members of the event (D-12), such as `constructor`.
"""

from dataclasses import dataclass
from functools import cache
from math import inf, nan
from typing import Final

from segment_pendo.words import Json

__all__ = ["UNDEFINED", "Builtin", "EvaluationError", "Undefined", "Value", "inherited"]


@dataclass(frozen=True, slots=True)
class Undefined:
    """JavaScript's undefined: nothing stands there."""


UNDEFINED: Final = Undefined()


@dataclass(frozen=True, slots=True)
class Builtin:
    """An object or a function of JavaScript itself; of a function `name` and `length` are members."""

    title: str
    name: str = ""
    length: int = -1


type Value = Json | Undefined | Builtin


class EvaluationError(Exception):
    """JavaScript throws where it evaluates the trigger, so the mapping sends nothing for this event."""


# Each function with how many parameters it has; Node 20.
_FUNCTIONS: Final = {
    "Object": "assign2 getOwnPropertyDescriptor2 getOwnPropertyDescriptors1 getOwnPropertyNames1 "
    "getOwnPropertySymbols1 hasOwn2 is2 preventExtensions1 seal1 create2 defineProperties2 defineProperty3 "
    "freeze1 getPrototypeOf1 setPrototypeOf2 isExtensible1 isFrozen1 isSealed1 keys1 entries1 fromEntries1 "
    "values1",
    "Object.prototype": "__defineGetter__2 __defineSetter__2 hasOwnProperty1 __lookupGetter__1 "
    "__lookupSetter__1 isPrototypeOf1 propertyIsEnumerable1 toString0 valueOf0 toLocaleString0",
    "Function": "",
    "Function.prototype": "apply2 bind1 call1 toString0",
    "Array": "isArray1 from1 of0",
    "Array.prototype": "at1 concat1 copyWithin2 fill1 find1 findIndex1 findLast1 findLastIndex1 "
    "lastIndexOf1 pop0 push1 reverse0 shift0 unshift1 slice2 sort1 splice2 includes1 indexOf1 join1 keys0 "
    "entries0 values0 forEach1 filter1 flat0 flatMap1 map1 every1 some1 reduce1 reduceRight1 toLocaleString0 "
    "toString0 toReversed0 toSorted1 toSpliced2 with2",
    "String": "fromCharCode1 fromCodePoint1 raw1",
    "String.prototype": "anchor1 at1 big0 blink0 bold0 charAt1 charCodeAt1 codePointAt1 concat1 endsWith1 "
    "fontcolor1 fontsize1 fixed0 includes1 indexOf1 isWellFormed0 italics0 lastIndexOf1 link1 localeCompare1 "
    "match1 matchAll1 normalize0 padEnd1 padStart1 repeat1 replace2 replaceAll2 search1 slice2 small0 split2 "
    "strike0 sub0 substr2 substring2 sup0 startsWith1 toString0 toWellFormed0 trim0 trimStart0 trimLeft0 "
    "trimEnd0 trimRight0 toLocaleLowerCase0 toLocaleUpperCase0 toLowerCase0 toUpperCase0 valueOf0",
    "Number": "isFinite1 isInteger1 isNaN1 isSafeInteger1 parseFloat1 parseInt2",
    "Number.prototype": "toExponential1 toFixed1 toPrecision1 toString1 valueOf0 toLocaleString0",
    "Boolean": "",
    "Boolean.prototype": "toString0 valueOf0",
}
_OTHER_NAMES: Final = {"trimLeft": "trimStart", "trimRight": "trimEnd"}
_CONSTANTS: Final[dict[str, dict[str, Value]]] = {
    "Number": {
        "MAX_VALUE": 1.7976931348623157e308,
        "MIN_VALUE": 5e-324,
        "NaN": nan,
        "NEGATIVE_INFINITY": -inf,
        "POSITIVE_INFINITY": inf,
        "MAX_SAFE_INTEGER": 2**53 - 1,
        "MIN_SAFE_INTEGER": 1 - 2**53,
        "EPSILON": 2.0**-52,
    },
    "Array.prototype": {"length": 0},
    "String.prototype": {"length": 0},
    "Function.prototype": {"length": 0, "name": ""},
}


@cache
def _members(title: str) -> dict[str, Value]:
    """Return the own members of one of JavaScript's objects."""
    found = dict(_CONSTANTS.get(title, {}))
    for entry in _FUNCTIONS[title].split():
        name = entry[:-1]
        found[name] = Builtin("", _OTHER_NAMES.get(name, name), int(entry[-1]))
    owner, dot, _ = title.partition(".")
    if dot:
        found["constructor"] = _constructor(owner)
    else:
        found["prototype"] = Builtin(f"{title}.prototype")
    return found


def _constructor(title: str) -> Builtin:
    return Builtin(title, title, 1)


def _parent(value: Value) -> Builtin | None:
    """Return what a value inherits from."""
    if not isinstance(value, Builtin):
        return Builtin(f"{_class(value)}.prototype")
    if value.title == "Object.prototype":
        return None
    return Builtin("Object.prototype" if value.title.endswith(".prototype") else "Function.prototype")


def _class(value: Json | Undefined) -> str:
    if isinstance(value, bool):
        return "Boolean"
    if isinstance(value, str):
        return "String"
    if isinstance(value, list):
        return "Array"
    return "Number" if isinstance(value, int | float) else "Object"


def inherited(value: Value, key: str) -> Value:
    """Return what JavaScript finds under a name that is none of the value's own members.

    Raises EvaluationError where JavaScript throws.
    """
    owner: Builtin | None = value if isinstance(value, Builtin) else _parent(value)
    while owner is not None:
        if owner.length >= 0 and key in {"name", "length"}:
            return owner.name if key == "name" else owner.length
        members = _members(owner.title) if owner.title else {}
        if key in members:
            return members[key]
        if owner.title == "Function.prototype" and key in {"caller", "arguments"}:
            raise EvaluationError(key)
        owner = _parent(owner)
    return _parent(value) if key == "__proto__" else UNDEFINED
