"""What Segment's code refuses in a mapping before it looks at any event.

What it does not look into (lists, what @literal and @excludeWhenNull hold) fails only once an event comes.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final, NamedTuple

from segment_pendo.base import js_json
from segment_pendo.base.javascript.texts import length
from segment_pendo.base.javascript.values import UNDEFINED, Value, class_of
from segment_pendo.segment.mapping_kit.texts import LONGEST_PATTERN

__all__ = ["DIRECTIVES", "MOST_LEVELS", "ROOT", "Refused", "deepest", "is_directive", "refusal"]

# The key under which a mapping may have one directive that is given the whole mapping.
ROOT: Final = "__segment_internal_directive"
# Ours: what is mapped calls itself up to three times for each level.
MOST_LEVELS: Final = 100

type Where = tuple[str | int, ...]
type Check = Callable[[Value, Where], None]


class Refused(NamedTuple):
    """Where in a mapping something is refused, and why."""

    path: Where
    message: str


class _Wrong(Exception):
    def __init__(self, path: Where, message: str) -> None:
        super().__init__(message)
        self.refused = Refused(path, message)


def refusal(mapping: Value) -> Refused | None:
    """Return the first thing that Segment's validation refuses, or None."""
    try:
        _mapping(mapping, ())
    except _Wrong as wrong:
        return wrong.refused
    return None


def is_directive(value: Value) -> bool:
    """Whether the object is run as a directive: each key begins with @ (or is _metadata), at least one."""
    if not isinstance(value, dict):
        return False
    others = [key for key in value if not key.startswith("@")]
    return len(others) < len(value) and all(key == "_metadata" for key in others)


def deepest(value: Value) -> int:
    """Return how many levels a value nests; it stops counting beyond MOST_LEVELS."""
    level, depth = [value], 0
    while level and depth <= MOST_LEVELS + 1:
        level = [
            one
            for outer in level
            if isinstance(outer, dict | list)
            for one in (outer.values() if isinstance(outer, dict) else outer)
        ]
        depth += 1
    return depth - 1


def _kind(value: Value) -> str:
    if isinstance(value, dict) and any(key.startswith("@") for key in value):
        return "directive"
    return class_of(value)


def _mapping(value: Value, where: Where) -> None:
    kind = _kind(value)
    if kind == "directive":
        _directive(value, where)
    elif kind == "object":
        _object(value, where)


def _directive(value: Value, where: Where) -> None:
    keys = [key for key, _ in js_json.members(value)]
    names = [key for key in keys if key.startswith("@")]
    others = [key for key in keys if not key.startswith("@") and key != "_metadata"]
    if len(names) > 1 or others:
        both = " and ".join([*names, *others][:2])
        raise _Wrong(where, f"a directive stands alone in its object; here are {both}")
    check = _CHECKS.get(names[0])
    if check is None:
        raise _Wrong(where, f"there is no directive {names[0]}")
    check(value[names[0]], (*where, names[0]))


def _object(value: Value, where: Where) -> None:
    kind = _kind(value)
    if kind != "object":
        raise _Wrong(where, f"an object without a directive belongs here, not {kind}")
    for key, one in js_json.members(value):
        _mapping(one, (*where, key))


def _raw(value: Value, where: Where) -> None:
    if _kind(value) == "directive":
        _directive(value, where)


def _text_or_directive(value: Value, where: Where) -> None:
    kind = _kind(value)
    if kind == "directive":
        _directive(value, where)
    elif kind != "string":
        raise _Wrong(where, f"a text or a directive belongs here, not {kind}")


def _object_or_directive(value: Value, where: Where) -> None:
    kind = _kind(value)
    if kind == "directive":
        _directive(value, where)
    elif kind == "object":
        _object(value, where)
    else:
        raise _Wrong(where, f"an object or a directive belongs here, not {kind}")


def _typed(kind: str, value: Value, where: Where) -> None:
    if _kind(value) != kind:
        raise _Wrong(where, f"this must be {kind}, not {_kind(value)}")


def _short(least: int, value: Value, where: Where) -> None:
    _typed("string", value, where)
    if not least <= length(value) <= LONGEST_PATTERN:
        raise _Wrong(where, f"this must have {least} to {LONGEST_PATTERN} characters")


def _one_of(words: tuple[str, ...], value: Value, where: Where) -> None:
    _typed("string", value, where)
    if value.lower() not in words:
        raise _Wrong(where, f"this must be one of {', '.join(words)}")


def _kinds(kinds: tuple[str, ...], value: Value, where: Where) -> None:
    if _kind(value) not in kinds:
        raise _Wrong(where, f"{' or '.join(kinds)} belongs here, not {_kind(value)}")


def _with_fields(fields: Mapping[str, tuple[bool, Check]], value: Value, where: Where) -> None:
    # This looks into each member; for the fields their kind is left to be seen. (Segment looks into them
    # twice, and so takes twice as long for each level.)
    _object(value, where)
    for name, (required, check) in fields.items():
        if name in value:
            check(value[name], (*where, name))
        elif required:
            raise _Wrong(where, f"{name} is missing")


def _array_path(value: Value, where: Where) -> None:
    _typed("array", value, where)
    path, shape = (*value, UNDEFINED, UNDEFINED)[:2]
    _text_or_directive(path, (*where, 0))
    _mapping(shape, (*where, 1))


def _merge(value: Value, where: Where) -> None:
    fields = {
        "direction": (False, partial(_one_of, ("left", "right"))),
        "objects": (True, partial(_typed, "array")),
    }
    _with_fields(fields, value, where)
    for index, one in enumerate(value["objects"]):
        _object_or_directive(one, (*where, "objects", index))


def _anything(_value: Value, _where: Where) -> None:
    """Take any JSON value."""


_TEXTS: Final = ("string", "directive")
_OBJECTS: Final = ("object", "directive")
_CHECKS: Final[dict[str, Check]] = {
    "@if": partial(_with_fields, {}),
    "@case": partial(
        _with_fields,
        {"operator": (False, partial(_typed, "string")), "value": (False, partial(_kinds, _TEXTS))},
    ),
    "@replace": partial(
        _with_fields,
        {
            "pattern": (True, partial(_short, 1)),
            "replacement": (False, partial(_short, 0)),
            "value": (True, partial(_kinds, _TEXTS)),
            "ignorecase": (False, partial(_typed, "boolean")),
            "global": (False, partial(_typed, "boolean")),
        },
    ),
    "@arrayPath": _array_path,
    "@path": _text_or_directive,
    "@json": partial(
        _with_fields, {"value": (True, _anything), "mode": (True, partial(_one_of, ("encode", "decode")))}
    ),
    "@flatten": partial(
        _with_fields, {"separator": (False, partial(_typed, "string")), "value": (True, _anything)}
    ),
    "@merge": _merge,
    "@template": _text_or_directive,
    "@literal": _raw,
    "@transform": partial(
        _with_fields,
        {"apply": (True, partial(_kinds, _OBJECTS)), "mapping": (True, partial(_kinds, _OBJECTS))},
    ),
    "@excludeWhenNull": _raw,
    "@liquid": partial(_typed, "string"),
}
DIRECTIVES: Final = tuple(_CHECKS)
