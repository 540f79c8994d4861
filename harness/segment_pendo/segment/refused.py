"""What a refused request held: which value spoiled it, and how many calls are lost with it."""

import json
from typing import Any, Final

from segment_pendo.base.json_path import json_path

__all__ = ["lost_with_it", "not_finite"]

_LONGEST_PATH: Final = 200


class _Constant(str):
    """NaN, Infinity or -Infinity, which Python's json writes for a float that is not finite."""

    __slots__ = ()


def not_finite(body: bytes) -> str:
    """Return what is wrong with a body that would be JSON but for NaN or Infinity; '' for any other."""
    value = _read(body)
    place = _place(value)
    if place is None:
        return ""
    name, path = place
    return (
        f"{name} at {json_path(*path)[:_LONGEST_PATH]} is not JSON, so Segment refuses the whole request"
        f"{_lost(value)}; send a number, or leave it out."
    )


def lost_with_it(body: bytes) -> str:
    """Return how many calls of a batch are lost with it, as one more sentence; '' for one call."""
    lost = _lost(_read(body)).removeprefix(", and ")
    return f" {lost[0].upper()}{lost[1:]}." if lost else ""


def _lost(value: Any) -> str:
    batch = value.get("batch") if isinstance(value, dict) else None
    count = len(batch) if isinstance(batch, list) else 0
    calls = "both calls" if count == 2 else f"all {count:,} calls"
    return f", and {calls} in it are lost" if count > 1 else ""


def _read(body: bytes) -> Any:
    try:
        return json.loads(body, parse_constant=_Constant)
    except (ValueError, RecursionError):
        return None


def _place(root: Any) -> tuple[str, tuple[str | int, ...]] | None:
    """Return the first such constant, in the order of the body, and its path; None where there is none."""
    stack: list[tuple[tuple[str | int, ...], Any]] = [((), root)]
    while stack:
        path, value = stack.pop()
        if isinstance(value, _Constant):
            return str(value), path
        if isinstance(value, dict):
            stack += [((*path, key), inner) for key, inner in reversed(value.items())]
        elif isinstance(value, list):
            stack += [((*path, index), value[index]) for index in reversed(range(len(value)))]
    return None
