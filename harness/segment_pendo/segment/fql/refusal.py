"""Why a trigger does not select an event: the conditions that fail, with what stands there (D-10 to D-13)."""

from collections.abc import Iterator
from itertools import islice
from typing import Final

from segment_pendo.base.javascript.numbers import is_number, number_text
from segment_pendo.base.javascript.texts import joined
from segment_pendo.base.javascript.values import UNDEFINED, Builtin, Thrown, Value
from segment_pendo.base.prose import short
from segment_pendo.segment.fql.condition import Condition, Group, Part, holds
from segment_pendo.words import JsonObject

__all__ = ["said", "sentence"]

_MOST: Final = 3  # conditions that are told
_WIDEST: Final = 60


def said(text: str, start: int, stop: int) -> str:
    """Return a part of a trigger's text (in UTF-16 units), cut for people."""
    return short(joined(text[start : min(stop, start + 2 * _WIDEST)]).strip(), _WIDEST)


def sentence(root: Group, text: str, data: JsonObject) -> str:
    """Return why an event is not selected, '' where it is."""
    try:
        if holds(root, data):
            return ""
    except Thrown:
        return "Segment's evaluation of the trigger throws for this event, so the mapping sends nothing."
    failing = list(islice(_failing(root, data), _MOST + 1))
    told = "; ".join(_told(condition, text, data) for condition in failing[:_MOST])
    return told + ("; and more." if len(failing) > _MOST else ".")


def _failing(part: Part, data: JsonObject) -> Iterator[Condition]:
    """Yield the conditions that are not fulfilled, of groups that are not; there are two levels of groups."""
    if isinstance(part, Group):
        for one in part.parts:
            yield from _failing(one, data) if not _holds(one, data) else ()
    elif part is not None:
        yield part


def _holds(part: Part, data: JsonObject) -> bool:
    try:
        return holds(part, data)
    except Thrown:
        return True  # Segment does not get there


def _told(condition: Condition, text: str, data: JsonObject) -> str:
    place = condition.place
    name = place.member if place.path is None else f"{place.member}.{place.path}"
    value = place.value(data)
    return (
        f"{said(text, condition.start, condition.stop)} fails: {said(name, 0, len(name))} is {_found(value)}"
    )


def _found(value: Value) -> str:
    if value is UNDEFINED:
        return "absent"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if is_number(value):
        return number_text(value)
    if isinstance(value, str):
        return f'"{short(value, _WIDEST)}"'
    return (
        "a list" if isinstance(value, list) else "an object" if isinstance(value, dict) else _built_in(value)
    )


def _built_in(value: Value) -> str:
    return "a function" if isinstance(value, Builtin) else "an object of JavaScript"
