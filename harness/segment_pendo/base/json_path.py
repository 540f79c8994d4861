"""JSON paths as findings and rows show them: `$.a.b`, `$["x y"]`, `$.list[0]`."""

import re
from typing import Any, Final

from segment_pendo.base.bounded import Made

__all__ = ["json_path", "lies_in", "value_at"]

_IDENTIFIER = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")


def json_path(*keys: str | int) -> str:
    """Return a JSON path from the root; a key that is not an identifier stands in brackets."""
    text = "$"
    for key in keys:
        text += _STEPS[key] if isinstance(key, str) else f"[{key}]"
    return text


def _step(key: str) -> str:
    if _IDENTIFIER.fullmatch(key):
        return f".{key}"
    return '["' + key.replace("\\", "\\\\").replace('"', '\\"') + '"]'


# The names of members and traits come over and over again.
_STEPS: Final = Made[str, str](_step)


def lies_in(path: str, place: str) -> bool:
    """Whether a JSON path names a place, or something in the value there."""
    return path == place or path.startswith((f"{place}.", f"{place}["))


def value_at(value: Any, keys: tuple[str | int, ...]) -> Any:
    """Return the part of a value that these keys lead to. Raises LookupError where it is not there."""
    for key in keys:
        value = value[key]
    return value
