"""Where two JSON values differ."""

from collections.abc import Iterable, Iterator
from typing import Final

from segment_pendo.base import js_json
from segment_pendo.words import Json

__all__ = ["ABSENT", "changes"]

ABSENT: Final = "(absent)"


type Path = tuple[str | int, ...]


def changes(before: Json, after: Json) -> Iterator[tuple[Path, str, str]]:
    """Yield where two JSON values differ: the path and both values as JSON texts (ABSENT for no value)."""
    stack: list[tuple[Path, Json, Json]] = [((), before, after)]
    while stack:
        path, old, new = stack.pop()
        if isinstance(old, dict) and isinstance(new, dict):
            keys: Iterable[str] = reversed(list(old | new))
            stack += [((*path, key), old.get(key, _Nothing), new.get(key, _Nothing)) for key in keys]
        elif isinstance(old, list) and isinstance(new, list):
            indexes = reversed(range(max(len(old), len(new))))
            stack += [((*path, index), _at(old, index), _at(new, index)) for index in indexes]
        elif _text(old) != _text(new):
            yield path, _text(old), _text(new)


def _at(values: list[Json], index: int) -> Json:
    return values[index] if index < len(values) else _Nothing


_Nothing: Final = "\0nothing"  # no JSON text decodes to an equal object: compared by identity


def _text(value: Json) -> str:
    return ABSENT if value is _Nothing else js_json.ascii_only(js_json.keep(value).decode())
