"""JavaScript's values beside those of JSON, and what it makes of any value as a text or a condition.

Events and mappings are JSON, but a path may read a member of a prototype (`$.traits.constructor`), and a
directive may give nothing at all.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from segment_pendo.base import js_json

__all__ = [
    "UNDEFINED",
    "Builtin",
    "Failed",
    "Made",
    "NotKnown",
    "Prototype",
    "Undefined",
    "Value",
    "Work",
    "entries",
    "is_object_like",
    "is_truthy",
    "joined",
    "jsonable",
    "length",
    "number_text",
    "string",
    "type_of",
    "units",
]

type Value = Any  # a JSON value, or one of the classes below


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


class Made(dict[str, Value]):
    """An object that JavaScript made member by member: a key `__proto__` became its prototype."""

    __slots__ = ("proto",)
    proto: Value

    def __init__(self) -> None:
        super().__init__()
        self.proto = UNDEFINED  # the ordinary one

    def put(self, key: str, value: Value) -> None:
        """Assign a member."""
        if key != "__proto__":
            if self.proto is not UNDEFINED and _has_read_only(self.proto):
                msg = "an object of this mapping inherits from a function or a text of JavaScript"
                raise NotKnown(msg)
            self[key] = value
        elif value is None or is_object_like(value) or isinstance(value, Builtin):
            self.proto = value


def _has_read_only(proto: Value) -> bool:
    """Whether an object that inherits from this one has members that JavaScript may refuse to assign."""
    while isinstance(proto, Made):
        proto = proto.proto
    return isinstance(proto, Builtin | Prototype)


class Failed(Exception):
    """What Segment's code throws: `reason` is a sentence, `where` the keys of the mapping that lead there."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.where: list[str | int] = []


class NotKnown(Failed):
    """What Segment's code may do and is not done here."""


class Work:
    """How much one event may cost: some mappings grow without end, and Segment's servers end them, too."""

    __slots__ = ("left",)

    def __init__(self, most: int = 2_000_000) -> None:
        self.left = most

    def spend(self, amount: int) -> None:
        """Take from what is left. Raises NotKnown at the end of it."""
        self.left -= amount
        if self.left < 0:
            msg = "the mapping makes more of this event than is worked out here"
            raise NotKnown(msg)


def entries(value: dict[str, Value]) -> Iterator[tuple[str, Value]]:
    """Yield the members in JavaScript's order: keys like 10 first, ascending."""
    return js_json.members(value)


def type_of(value: Value) -> str:
    """Return the name that Object.prototype.toString has for the type, in lower case."""
    if isinstance(value, str):
        return "string"
    if isinstance(value, dict):
        return "object"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, list):
        return "array"
    if isinstance(value, Prototype):
        return value.kind.lower()
    return {Undefined: "undefined", Builtin: "function"}.get(type(value), "number")


def is_object_like(value: Value) -> bool:
    """Whether typeof gives "object" for this value, and it is not null."""
    return isinstance(value, dict | list) or (isinstance(value, Prototype) and value.kind != "Function")


def is_truthy(value: Value) -> bool:
    """Whether the value counts as true; empty objects and lists do."""
    if isinstance(value, Undefined):
        return False
    return isinstance(value, dict | list) or (value == value and bool(value))  # noqa: PLR0124 - NaN


def length(text: str) -> int:
    """Return the length in UTF-16 units."""
    return len(text) + sum(char > "\uffff" for char in text)


def units(text: str) -> str:
    """Return a text in which each character is a UTF-16 unit."""
    if text.isascii() or max(text) <= "\uffff":
        return text
    raw = text.encode("utf-16-le", "surrogatepass")
    return "".join(chr(raw[at] | raw[at + 1] << 8) for at in range(0, len(raw), 2))


def joined(text: str) -> str:
    """Return the text of UTF-16 units, pairs of surrogates as one character."""
    if text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def number_text(number: float) -> str:
    """Return what String(number) gives."""
    if number != number:  # noqa: PLR0124
        return "NaN"
    if js_json.is_infinite(number):
        return "Infinity" if number > 0 else "-Infinity"
    return js_json.write(number).decode()


def string(value: Value) -> str:
    """Return what String(value) gives. Raises Failed where it throws."""
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
            return _PROTOTYPE_TEXTS[value.kind]
    return number_text(value)


_PROTOTYPE_TEXTS: Final = {
    "Object": "[object Object]",
    "Array": "",
    "String": "",
    "Number": "0",
    "Boolean": "false",
    "Function": "function () { [native code] }",
}


def _object_text(value: dict[str, Value]) -> str:
    shown: Value = value
    while isinstance(shown, dict):
        if "toString" in shown:
            own = shown["toString"]
            if isinstance(own, Builtin) and own.key != "toString":
                msg = "an object of this mapping has a function of JavaScript as its toString"
                raise NotKnown(msg)
            if isinstance(own, Builtin):
                return "[object Object]"
            break
        shown = shown.proto if isinstance(shown, Made) else UNDEFINED
    if shown is UNDEFINED or isinstance(shown, Prototype):
        return "[object Object]"
    if isinstance(shown, list | Builtin):
        msg = "an object of this mapping inherits from a list or a function"
        raise NotKnown(msg)
    msg = "an object with a member toString of its own, or with none, cannot become a text"
    raise Failed(msg)


_OF_PROTOTYPES: Final = {"String": "", "Number": 0, "Boolean": False, "Object": {}, "Array": []}


def jsonable(value: Value, work: Work) -> Value:
    """Return a value as JSON.stringify sees it: without what JSON cannot hold."""
    work.spend(1)
    if isinstance(value, dict):
        if isinstance(value.get("toJSON"), Builtin):
            msg = "a member toJSON that is a function of JavaScript"
            raise NotKnown(msg)
        return {
            key: jsonable(one, work)
            for key, one in value.items()
            if one is not UNDEFINED and not isinstance(one, Builtin)
        }
    if isinstance(value, list):
        return [jsonable(one, work) for one in value]
    if isinstance(value, str | int | float | None):
        return value
    return _OF_PROTOTYPES.get(value.kind) if isinstance(value, Prototype) else None
