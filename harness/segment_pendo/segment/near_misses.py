"""Near misses: what stands beside the place where Segment and Pendo would have read it.

Nobody answers anything to such a call, and what it says is lost: a key that is almost one of Segment's,
traits where properties belong, traits inside traits. Each finding names the key that is there and the one
that was meant; its level says what is lost.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Final, NamedTuple

from segment_pendo.base.bounded import Made
from segment_pendo.base.json_path import json_path
from segment_pendo.base.suggestion import nearest
from segment_pendo.segment.codes import note
from segment_pendo.segment.members import MEMBERS
from segment_pendo.words import Call, Finding, Json, JsonObject, Level

__all__ = ["near_misses"]

# Members that apps write themselves, by the type of the call; what SDKs and servers make is not misspelled.
_WHO: Final = ("userId", "anonymousId")
_MEANT: Final = {
    "identify": (*_WHO, "traits", "context"),
    "group": ("groupId", *_WHO, "traits", "context"),
    "track": (*_WHO, "event", "properties", "context"),
    "page": (*_WHO, "properties", "context"),
    "screen": (*_WHO, "properties", "context"),
    "alias": ("previousId", *_WHO),
}
# Keys that are known, or that SDKs are seen to send, and so no misspelling of another.
_KNOWN: Final = frozenset(member.name for member in MEMBERS) | {"category", "options", "plan"}
_FACTS: Final = {"identify": "traits", "group": "traits", "track": "properties"}
_OTHER: Final = {"traits": "properties", "properties": "traits"}
_WHOSE: Final = {"traits": "identify and group calls", "properties": "track, page and screen calls"}
_LONGEST: Final = 24  # of a key that is looked at
_MOST: Final = 10
_LIKE: Final = 0.8
_SHORT: Final = {"properties": "props", "userId": "uid", "groupId": "gid"}
_MOST_NAMES: Final = 3


def near_misses(call: Call) -> tuple[Finding, ...]:
    """Return a finding for each near miss of a call, at most ten. Never raises, whatever the JSON."""
    data = call.data
    if not isinstance(data, dict):
        return ()
    shape = _SHAPES[call.type or "", *data]
    wrapped = _is_perhaps_wrapped(data)
    if not (shape.misspelled or shape.has_wrong or wrapped or _has_traits(data.get("context"))):
        return ()  # a quick answer, as it is so for nearly every call
    found = [
        *_misspelled(shape.misspelled, data),
        *_misplaced(call.type, data),
        *(_wrapped(data) if wrapped else ()),
    ]
    return tuple(found[:_MOST])


def _note(path: str, text: str, level: Level) -> Finding:
    return replace(note("NEAR_MISS", path, text), level=level)


# --- keys that are almost one of Segment's ---


def _misspelled(keys: tuple[tuple[str, str], ...], data: JsonObject) -> Iterator[Finding]:
    for key, meant in keys:
        if data.get(meant) is not None:
            text = f"{key} is not read, as {meant} is there; leave {key} out."
            yield _note(json_path(key), text, "info")
        else:
            text = f"{key} is not {meant}, so neither Segment nor Pendo reads it; send it as {meant}."
            yield _note(json_path(key), text, "error" if meant.endswith("Id") else "warning")


class _Shape(NamedTuple):
    """What the keys of a call of a type say: those almost Segment's, each with the one that was meant.

    `has_wrong`: there are facts of calls of other types.
    """

    misspelled: tuple[tuple[str, str], ...]
    has_wrong: bool


def _shape(names: tuple[str, ...]) -> _Shape:
    kind, *keys = names
    looked_at = (key for key in keys if key not in _KNOWN and len(key) <= _LONGEST)
    misspelled = tuple((key, meant) for key in looked_at if (meant := _meant(key, kind)) is not None)
    return _Shape(misspelled, kind in _FACTS and _OTHER[_FACTS[kind]] in keys)


# By the type and the keys of a call: an app sends few combinations, over and over again.
_SHAPES: Final = Made(_shape, 512)


@lru_cache(maxsize=1024)
def _meant(key: str, kind: str) -> str | None:
    """Return the member that a key was meant to be in a call of this type, or None."""
    names, plain = _MEANT.get(kind, _WHO), _plain(key)
    for name in names:
        if plain in {_plain(name), _SHORT.get(name)}:
            return name
    return nearest(key, names, _LIKE) if len(key) >= len("event") else None


def _plain(key: str) -> str:
    return "".join(letter for letter in key.lower() if letter.isalnum())


# --- facts that stand where no call of this type has them ---


def _misplaced(kind: str | None, data: JsonObject) -> list[Finding]:
    found: list[Finding] = []
    right = _FACTS.get(kind or "")
    if right is None:
        return found
    wrong = _OTHER[right]
    if _is_full(data.get(wrong)):
        text = (
            f"{wrong} belong to {_WHOSE[wrong]}, so Pendo takes nothing of them from {_article(kind)} call; "
            f"send {_names(data[wrong])} as {right}."
        )
        found.append(_note(json_path(wrong), text, "warning"))
    context = data.get("context")
    inner = context.get("traits") if isinstance(context, dict) else None
    if inner is not None and right == "traits" and _is_full(inner) and not _is_full(data.get("traits")):
        text = f"The traits are in context.traits, which Pendo does not read; send {_names(inner)} as traits."
        found.append(_note("$.context.traits", text, "warning"))
    return found


def _has_traits(context: Json) -> bool:
    return isinstance(context, dict) and context.get("traits") is not None


def _article(kind: str | None) -> str:
    return f"an {kind}" if kind == "identify" else f"a {kind}"


# --- what was wrapped once too often ---


def _is_perhaps_wrapped(data: JsonObject) -> bool:
    """Whether there may be something to find for `_wrapped`: a quick look, as there hardly ever is."""
    traits, properties = data.get("traits"), data.get("properties")
    return (
        (isinstance(traits, dict) and "traits" in traits)
        or (isinstance(properties, dict) and "properties" in properties)
        or isinstance(data.get("userId"), dict)
        or isinstance(data.get("anonymousId"), dict)
        or isinstance(data.get("groupId"), dict)
    )


def _wrapped(data: JsonObject) -> Iterator[Finding]:
    for name in ("traits", "properties"):
        outer = data.get(name)
        if isinstance(outer, dict) and _is_full(outer.get(name)):
            text = (
                f"{name} are inside {name}, where Pendo ignores them; send {_names(outer[name])} one level "
                "higher."
            )
            yield _note(json_path(name, name), text, "warning")
    for name in ("userId", "anonymousId", "groupId"):
        value = data.get(name)
        if isinstance(value, dict):
            inside = f", which is inside as {json_path(name, name)}" if name in value else ""
            text = f"{name} is an object, so it names nobody; send the id itself{inside}."
            yield _note(json_path(name), text, "error")


def _is_full(value: Json) -> bool:
    return isinstance(value, dict) and bool(value)


def _names(value: Json) -> str:
    names = list(value) if isinstance(value, dict) else []
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(name[:_LONGEST] for name in names[:_MOST_NAMES]) + more
