"""How the kit reads a path: `$.traits.plan`, `$.traits["plan"]`, `$.list[0].name`."""

import re
from typing import Final

from segment_pendo.base.javascript.members import member
from segment_pendo.base.javascript.values import Made, Prototype, Value, is_truthy

__all__ = ["keys_of", "read", "read_from_root"]

_BETWEEN: Final = re.compile(r"""\[(?=["'\d])|\.|(?<=["'\d])\]+""", re.ASCII)
_QUOTES: Final = str.maketrans("", "", "'\"")


def keys_of(path: str) -> list[str]:
    """Return the keys of a path. A dot separates within quotes, too; quotes are left out everywhere."""
    return [key.translate(_QUOTES) for key in _BETWEEN.split(path) if key]


def read(value: Value, path: str) -> Value:
    """Return what stands at a path (D-24).

    It stops where a value counts as false, and gives that one: a path below null gives null, below "" gives
    "". Members that every value has, such as length and constructor, are read as well.
    """
    if path in {"", "."}:
        return value
    for key in keys_of(path):
        if not is_truthy(value):
            return value
        value = member(value, key)
    if isinstance(value, Prototype):
        # Nobody can tell these two from an empty object and an empty list any more.
        return {"Object": Made(), "Array": []}.get(value.kind, value)
    return value


def read_from_root(value: Value, path: str) -> Value:
    """Return what stands at the path of a directive, whose first `$.`, wherever it stands, is left out."""
    return read(value, path.replace("$.", "", 1))
