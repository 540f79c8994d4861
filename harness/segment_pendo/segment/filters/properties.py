"""What drop_properties and allow_properties leave of an event (D-33).

`fields` has for each path the names of members of the object there, or of each object of the list there; the
path '' is the event itself.
"""

from collections.abc import Callable
from functools import partial

from segment_pendo.base.javascript.members import index_of
from segment_pendo.base.javascript.values import Thrown, string
from segment_pendo.segment.filters.values import Broken, segments
from segment_pendo.words import Json, JsonObject

__all__ = ["allowed", "dropped"]

type _Change = Callable[[dict[str, Json] | list[Json]], Json]


def dropped(data: JsonObject, fields: JsonObject) -> JsonObject:
    """Return the event without these members, the same object if it has none. Raises Broken."""
    for path, names in fields.items():
        data = _changed_at(data, path, partial(_without, names=names))
    return data


def allowed(data: JsonObject, fields: JsonObject) -> JsonObject:
    """Return the event with no other members at these paths. Raises Broken."""
    for path, names in fields.items():
        data = _changed_at(data, path, partial(_only, names=names))
    return data


# --- the place ---


def _changed_at(data: JsonObject, path: str, change: _Change) -> JsonObject:
    changed = _along(data, segments(path) if path else (), change)
    assert isinstance(changed, dict)
    return changed


def _along(value: Json, keys: tuple[str, ...], change: _Change) -> Json:
    """Return a value changed where the keys lead; what does not change is not copied."""
    if not keys:
        return _at_place(value, change)
    key, *rest = keys
    if isinstance(value, dict) and key in value:
        inner = _along(value[key], tuple(rest), change)
        return value if inner is value[key] else {**value, key: inner}
    at = index_of(key, len(value)) if isinstance(value, list) else None
    if isinstance(value, list) and at is not None:
        inner = _along(value[at], tuple(rest), change)
        return value if inner is value[at] else [*value[:at], inner, *value[at + 1 :]]
    return value


def _at_place(value: Json, change: _Change) -> Json:
    if isinstance(value, dict):
        return change(value)
    if isinstance(value, list):
        inner = [change(one) if isinstance(one, dict | list) else one for one in value]
        return value if all(one is other for one, other in zip(inner, value, strict=True)) else inner
    return value


# --- the change ---


def _without(value: dict[str, Json] | list[Json], names: Json) -> Json:
    if not isinstance(names, list):
        msg = "the names of what it drops are no list"
        raise Broken(msg)
    gone = {_key(name) for name in names}
    if isinstance(value, list) and "length" in gone:
        msg = "it drops the length of a list, which JavaScript does not allow"
        raise Broken(msg)
    return _kept(value, lambda key: key not in gone)


def _only(value: dict[str, Json] | list[Json], names: Json) -> Json:
    if not value:
        return value
    if isinstance(names, str):
        return _kept(value, lambda key: key in names)
    if not isinstance(names, list):
        msg = "the names of what it allows are no list"
        raise Broken(msg)
    some = {name for name in names if isinstance(name, str)}
    return _kept(value, lambda key: key in some)


def _kept(value: dict[str, Json] | list[Json], keeps: Callable[[str], bool]) -> Json:
    """Return the value with the members that stay; in a list, the others leave null behind."""
    if isinstance(value, list):
        inner = [one if keeps(str(at)) else None for at, one in enumerate(value)]
        return value if inner == value else inner
    left = {key: one for key, one in value.items() if keeps(key)}
    return value if len(left) == len(value) else left


def _key(name: Json) -> str:
    """Return the key that JavaScript makes of a value. Raises Broken."""
    try:
        return string(name)
    except Thrown as thrown:
        raise Broken(thrown.reason) from None
