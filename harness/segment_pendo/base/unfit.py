"""Why a value does not fit a type, in our words: where it is, and what is accepted there."""

import re
from typing import Any, Final

import msgspec
from msgspec import inspect

__all__ = ["unfit"]

_PLACE = re.compile(r" - at `(\$[^`]*)`$")
_MISSING = re.compile(r"Object missing required field `([^`]+)`")
_SURPLUS = re.compile(r"Object contains unknown field `([^`]+)`")
_STEP = re.compile(r"\.([^.\[]+)|\[([^\]]*)\]")
_WORDS: Final[dict[type[inspect.Type], str]] = {
    inspect.StrType: "a text",
    inspect.BoolType: "true or false",
    inspect.NoneType: "null",
    inspect.StructType: "an object",
    inspect.DictType: "an object",
}


def unfit(error: msgspec.ValidationError, of: Any) -> str:
    """Return a clause, `$.port must be a whole number from 0 to 65535`, for what the type `of` refused."""
    said = str(error)
    found = _PLACE.search(said)
    place = found[1] if found else "$"
    missing = _MISSING.match(said)
    if missing:
        return f"{place} lacks {missing[1]}"
    surplus = _SURPLUS.match(said)
    if surplus:
        return f"{place} has no member {surplus[1]}"
    kinds = [inspect.type_info(of)]
    for name, _ in _STEP.findall(place):
        kinds = [inner for kind in kinds for inner in _inside(kind, name)]
    accepted = " or ".join(dict.fromkeys(_accepted(kind) for kind in kinds))
    what = "the whole of it" if place == "$" else place.replace("[...]", ".*")
    return f"{what} must be {accepted or 'something else'}"


def _plain(kind: inspect.Type) -> list[inspect.Type]:
    """Return the types of which a value may be, without what is only told of them."""
    if isinstance(kind, inspect.Metadata):
        return _plain(kind.type)
    if isinstance(kind, inspect.UnionType):
        return [inner for each in kind.types for inner in _plain(each)]
    return [kind]


def _inside(kind: inspect.Type, name: str) -> list[inspect.Type]:
    """Return the types of a member of this name, or of any item where there is no name."""
    found: list[inspect.Type] = []
    for plain in _plain(kind):
        if isinstance(plain, inspect.StructType):
            found += [field.type for field in plain.fields if field.encode_name == name]
        elif isinstance(plain, inspect.DictType):
            found.append(plain.value_type)
        elif isinstance(plain, inspect.ListType):
            found.append(plain.item_type)
    return found


def _accepted(kind: inspect.Type) -> str:
    return " or ".join(dict.fromkeys(filter(None, map(_words, _plain(kind)))))


def _words(kind: inspect.Type) -> str:
    if isinstance(kind, inspect.LiteralType):
        return " or ".join(map(str, kind.values))
    if isinstance(kind, inspect.ListType):
        least = f" of at least {kind.min_length}" if kind.min_length else ""
        most = f" of at most {kind.max_length}" if kind.max_length is not None else ""
        return f"a list{least}{most}"
    if isinstance(kind, inspect.IntType):
        return f"a whole number{_range(kind.ge, kind.le)}"
    if isinstance(kind, inspect.FloatType):
        return f"a number{_range(kind.ge, kind.le)}"
    return _WORDS.get(type(kind), "")


def _range(least: float | None, most: float | None) -> str:
    if least is not None and most is not None:
        return f" from {least} to {most}"
    return "" if least is None else f" from {least}"
