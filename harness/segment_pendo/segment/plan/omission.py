"""What Protocols takes out of a call, and where it tells so: context.protocols (D-105, D-106, D-108)."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from segment_pendo.segment.plan.judge import Wrong
from segment_pendo.words import Json, JsonObject

__all__ = ["aim", "field", "told", "without"]

type Path = tuple[str | int, ...]

_PARTS: Final = ("properties", "traits")
_NOTHING_THERE: Final = "required"
# One of these names is published; the others are made after it.
_TYPES: Final = {
    "required": "Required",
    "type": "Invalid Type",
    "additionalProperties": "Additional Property",
}


def aim(wrong: Wrong) -> Path | None:
    """Return the member that goes for a violation: the nearest one that holds what does not fit.

    None where nothing is there, and where it is not among properties or traits (D-108).
    """
    path = wrong.path
    while path and isinstance(path[-1], int):  # an element cannot go without moving the others
        path = path[:-1]
    there = len(path) > 1 and path[0] in _PARTS and wrong.keyword != _NOTHING_THERE
    return path if there else None


def without(data: JsonObject, paths: Iterable[Path]) -> JsonObject:
    """Return a call without these members."""
    made = _without(data, list(paths))
    assert isinstance(made, dict)
    return made


def _without(value: Json, paths: Sequence[Path]) -> Json:
    """Return a value without these members; it calls itself for each step of a path (js_json.MAX_DEPTH)."""
    below: defaultdict[str | int, list[Path]] = defaultdict(list)
    gone = {path[0] for path in paths if len(path) == 1}
    for path in paths:
        below[path[0]].append(path[1:])
    if isinstance(value, dict):
        return {
            key: _without(one, below[key]) if key in below else one
            for key, one in value.items()
            if key not in gone
        }
    if isinstance(value, list):
        return [_without(one, below[index]) if index in below else one for index, one in enumerate(value)]
    return value


def told(
    data: JsonObject, wrongs: Sequence[Wrong], unplanned: Sequence[Path], violating: Sequence[Path]
) -> JsonObject:
    """Return a call whose context.protocols tells what was wrong and what was taken out.

    A context that is no object is left as it is.
    """
    parts: dict[str, list[Json]] = {
        "violations": [_violation(one) for one in wrongs],
        "omitted": [field(path) for path in unplanned],
        "omitted_on_violation": [field(path) for path in violating],
    }
    news: JsonObject = {name: part for name, part in parts.items() if part}
    context = data.get("context", {})
    if not news or not isinstance(context, dict):
        return data
    held = context.get("protocols")
    protocols = (held if isinstance(held, dict) else {}) | news
    return data | {"context": context | {"protocols": protocols}}


def _violation(wrong: Wrong) -> JsonObject:
    name = field(wrong.path)
    return {
        "type": _TYPES.get(wrong.keyword, wrong.keyword),
        "field": name,
        "description": f"{name} {wrong.says}",
    }


def field(path: Path) -> str:
    """Return a path as Protocols writes it."""
    return ".".join(map(str, path)) or "(root)"
