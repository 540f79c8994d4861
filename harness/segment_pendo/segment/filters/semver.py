"""Versions as Segment's filter engine compares them: three numbers at most, each as parseInt reads it."""

import re
from collections.abc import Callable
from typing import Final

from segment_pendo.base.javascript.texts import BLANKS
from segment_pendo.base.javascript.values import Value

__all__ = ["is_so"]

_NUMBER: Final = re.compile(f"[{BLANKS}]*([+-]?[0-9]+)")
_PARTS: Final = 3
type _Version = list[float]
_HOLDS: Final[dict[str, Callable[[_Version, _Version], bool]]] = {
    "=": lambda one, other: one == other,
    "!=": lambda one, other: one != other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
}


def is_so(version: Value, operator: Value, other: Value) -> bool:
    """Whether `version operator other` holds; not where one of them is no text or no version."""
    if not (isinstance(version, str) and isinstance(operator, str) and isinstance(other, str)):
        return False
    left, right = _parsed(version), _parsed(other)
    holds = _HOLDS.get(operator)
    return left is not None and right is not None and holds is not None and holds(left, right)


def _parsed(version: str) -> _Version | None:
    parts = version.split(".")
    matches = [_NUMBER.match(part) for part in parts]
    if len(parts) > _PARTS or None in matches:
        return None
    numbers = [float(match[1]) for match in matches if match]
    return numbers + [0.0] * (_PARTS - len(numbers))
