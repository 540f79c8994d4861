"""JavaScript's values beside those of JSON, and what it makes of any value as a text or a condition.

What Segment's code works on is JSON, but a path may read a member that every value has
(`$.traits.constructor`), or nothing at all.
"""

from dataclasses import dataclass
from typing import Any, Final

from segment_pendo.base.javascript.numbers import is_number, number_text

__all__ = [
    "UNDEFINED",
    "Builtin",
    "Made",
    "NotKnown",
    "Prototype",
    "Thrown",
    "Undefined",
    "Value",
    "class_of",
    "is_function",
    "is_object",
    "is_truthy",
    "string",
    "typeof",
]

type Value = Any  # a JSON value, or one of the classes below; lists and objects may hold them, too


class Undefined:
    """The value of what is absent."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "undefined"


UNDEFINED: Final = Undefined()


@dataclass(frozen=True, slots=True)
class Builtin:
    """A function that JavaScript has by itself; `owner` is the class whose member it is, '' for a class."""

    owner: str
    key: str
    name: str
    length: int

    @property
    def text(self) -> str:
        """Return what String(function) gives."""
        return f"function {self.name}() {{ [native code] }}"


@dataclass(frozen=True, slots=True)
class Prototype:
    """The prototype of a class such as String, itself an empty value of that class."""

    kind: str

    @property
    def empty(self) -> Value:
        """Return the value that it is; that of Function has none in JSON, and gives None."""
        return _EMPTY[self.kind]()


_EMPTY: Final = {
    "Object": dict,
    "Array": list,
    "String": str,
    "Number": int,
    "Boolean": bool,
    "Function": type(None),
}


class Made(dict[str, Value]):
    """An object that JavaScript made member by member: a key `__proto__` became its prototype."""

    __slots__ = ("proto",)
    proto: Value

    def __init__(self) -> None:
        super().__init__()
        self.proto = UNDEFINED  # the ordinary one

    def put(self, key: str, value: Value) -> None:
        """Assign a member. Raises NotKnown where JavaScript may refuse it."""
        if key != "__proto__":
            if self.proto is not UNDEFINED and _has_read_only(self.proto):
                msg = "an object inherits from a function or a text of JavaScript"
                raise NotKnown(msg)
            self[key] = value
        elif value is None or is_object(value) or isinstance(value, Builtin):
            self.proto = value


def _has_read_only(proto: Value) -> bool:
    """Whether an object that inherits from this one has members that JavaScript may refuse to assign."""
    while isinstance(proto, Made):
        proto = proto.proto
    return isinstance(proto, Builtin | Prototype)


class Thrown(Exception):
    """What JavaScript throws: `reason` is a sentence, `where` the keys of the data that lead there."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.where: list[str | int] = []


class NotKnown(Thrown):
    """What JavaScript may do and is not done here."""


# --- types and truth ---


def typeof(value: Value) -> str:
    """Return what JavaScript's typeof gives."""
    if isinstance(value, str):
        return "string"
    if isinstance(value, bool):
        return "boolean"
    if is_number(value):
        return "number"
    if value is UNDEFINED:
        return "undefined"
    return "function" if is_function(value) else "object"


def class_of(value: Value) -> str:
    """Return the name that Object.prototype.toString has for the type, in lower case."""
    if isinstance(value, dict):
        return "object"
    if isinstance(value, list):
        return "array"
    if isinstance(value, Prototype):
        return value.kind.lower()
    return "null" if value is None else typeof(value)


def is_function(value: Value) -> bool:
    """Whether it is a function, as the prototype of functions is."""
    return isinstance(value, Builtin) or (isinstance(value, Prototype) and value.kind == "Function")


def is_object(value: Value) -> bool:
    """Whether typeof gives "object" for this value, and it is not null."""
    return isinstance(value, dict | list) or (isinstance(value, Prototype) and value.kind != "Function")


def is_truthy(value: Value) -> bool:
    """Whether the value counts as true; empty objects and lists do."""
    if isinstance(value, dict | list):
        return True
    return value is not UNDEFINED and value == value and bool(value)  # noqa: PLR0124 - NaN


# --- texts ---


def string(value: Value) -> str:
    """Return what String(value) gives. Raises Thrown."""
    match value:
        case str():
            return value
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case list():
            return ",".join("" if one is None or one is UNDEFINED else string(one) for one in value)
        case dict():
            return _object_text(value)
        case Undefined():
            return "undefined"
        case Builtin():
            return value.text
        case Prototype():
            return "function () { [native code] }" if value.kind == "Function" else string(value.empty)
    return number_text(value)


def _object_text(value: dict[str, Value]) -> str:
    shown: Value = value
    while isinstance(shown, dict):
        if "toString" in shown:
            own = shown["toString"]
            if isinstance(own, Builtin) and own.key != "toString":
                msg = "an object has another function of JavaScript as its toString"
                raise NotKnown(msg)
            if isinstance(own, Builtin):
                return "[object Object]"
            break
        shown = shown.proto if isinstance(shown, Made) else UNDEFINED
    if shown is UNDEFINED or isinstance(shown, Prototype):
        return "[object Object]"
    if isinstance(shown, list | Builtin):
        msg = "an object inherits from a list or a function"
        raise NotKnown(msg)
    msg = "an object with a member toString of its own, or with none, cannot become a text"
    raise Thrown(msg)
