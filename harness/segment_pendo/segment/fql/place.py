"""Where a condition of a trigger looks in an event, and what JavaScript finds there (D-10, D-12)."""

import re
from typing import Final, NamedTuple

from segment_pendo.base.javascript.members import member
from segment_pendo.base.javascript.texts import joined
from segment_pendo.base.javascript.values import UNDEFINED, Thrown, Value, is_truthy
from segment_pendo.words import JsonObject

__all__ = ["Place"]

_KEYS: Final = re.compile(r"[^\[.\]]+")


class Place(NamedTuple):
    """A member of an event, and the path inside it; no path (None) where the member itself is looked at."""

    member: str
    path: str | None = None

    @property
    def keys(self) -> list[str]:
        """Return the names in the path."""
        return _KEYS.findall(self.path or "")

    def value(self, data: JsonObject) -> Value:
        """Return what stands there. Raises Thrown."""
        value: Value = data.get(self.member, UNDEFINED)
        if self.path is None:
            return value
        if not self.path:
            return UNDEFINED
        keys = self.keys
        if not keys:  # a path of nothing but dots and brackets
            msg = "a path has no name"
            raise Thrown(msg)
        for key in keys:
            if not is_truthy(value):  # stays what it is: 0 at `a` is also what `a.b` finds
                break
            value = member(value, joined(key))
        return value
