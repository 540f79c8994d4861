"""Where two JSON values differ."""

from collections.abc import Iterator
from typing import Final

from segment_pendo.base import js_json
from segment_pendo.words import Json

__all__ = ["ABSENT", "changes"]

ABSENT: Final = "(absent)"


def changes(before: Json, after: Json) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    """Where two JSON values differ: path, and both values as JSON texts (ABSENT where one has nothing)."""
    stack: list[tuple[tuple[str | int, ...], Json, Json]] = [((), before, after)]
    while stack:
        path, one, other = stack.pop()
        if isinstance(one, dict) and isinstance(other, dict):
            for key in reversed(list(one | other)):
                if key not in other:
                    stack.append(((*path, key), one[key], _Nothing))
                elif key not in one:
                    stack.append(((*path, key), _Nothing, other[key]))
                else:
                    stack.append(((*path, key), one[key], other[key]))
        elif isinstance(one, list) and isinstance(other, list):
            for index in reversed(range(max(len(one), len(other)))):
                left = one[index] if index < len(one) else _Nothing
                right = other[index] if index < len(other) else _Nothing
                stack.append(((*path, index), left, right))
        elif _text(one) != _text(other):
            yield path, _text(one), _text(other)


_Nothing: Final = "\0nothing"  # no JSON text decodes to an equal object: compared by identity


def _text(value: Json) -> str:
    return ABSENT if value is _Nothing else js_json.ascii_only(js_json.keep(value).decode())
