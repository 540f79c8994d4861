"""Where a condition of a trigger looks in an event, and what JavaScript finds there (D-10, D-12)."""

import re
from typing import Final, NamedTuple

from segment_pendo.segment.fql.inherited import (
    UNDEFINED,
    Builtin,
    EvaluationError,
    Undefined,
    Value,
    inherited,
)
from segment_pendo.segment.fql.tokens import joined, units
from segment_pendo.words import JsonObject

__all__ = ["Place"]

_KEYS: Final = re.compile(r"[^\[.\]]+")
_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,14}", re.ASCII)


class Place(NamedTuple):
    """A member of an event, and the path inside it; no path (None) where the member itself is looked at."""

    member: str
    path: str | None = None

    def value(self, data: JsonObject) -> Value:
        """Return what stands there. Raises EvaluationError."""
        value: Value = data.get(self.member, UNDEFINED)
        if self.path is None:
            return value
        if not self.path:
            return UNDEFINED
        keys = _KEYS.findall(self.path)
        if not keys:  # a path of nothing but dots and brackets
            raise EvaluationError
        for key in keys:
            if _is_falsy(value):  # stays what it is: 0 at `a` is also what `a.b` finds
                break
            value = _member(value, joined(key))
        return value


def _is_falsy(value: Value) -> bool:
    if isinstance(value, Undefined):
        return True
    return not isinstance(value, dict | list | Builtin) and (not value or value != value)  # noqa: PLR0124 - NaN


def _member(value: Value, key: str) -> Value:
    if isinstance(value, dict) and key in value:
        return value[key]
    if isinstance(value, list | str):
        own = units(value) if isinstance(value, str) else value
        if key == "length":
            return len(own)
        if _INDEX.fullmatch(key):
            return own[int(key)] if int(key) < len(own) else UNDEFINED
    return inherited(value, key)
