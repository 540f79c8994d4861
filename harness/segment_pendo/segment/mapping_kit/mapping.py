"""A destination's mapping: what it makes of an event (D-20 to D-28).

`compiled(mapping).mapped(event, ordinary=...)` is what the Webhook action would send, or why it sends
nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, cast

from segment_pendo.base import js_json
from segment_pendo.base.errors import SegmentPendoError
from segment_pendo.base.javascript.values import (
    Builtin,
    Made,
    NotKnown,
    Prototype,
    Thrown,
    Value,
    is_function,
    is_truthy,
    string,
)
from segment_pendo.base.json_path import json_path
from segment_pendo.base.prose import short
from segment_pendo.segment.mapping_kit import liquid, request
from segment_pendo.segment.mapping_kit.audience import CONTEXT_NULL, fails_on_context
from segment_pendo.segment.mapping_kit.codes import note
from segment_pendo.segment.mapping_kit.directives import Scope, cleaned, resolved
from segment_pendo.segment.mapping_kit.odd import findings
from segment_pendo.segment.mapping_kit.validation import MOST_LEVELS, ROOT, deepest, refusal
from segment_pendo.segment.mapping_kit.values import Work
from segment_pendo.words import Finding, Headers, Json, JsonObject

__all__ = ["DEFAULTS", "Mapped", "Mapping", "MappingError", "Unmapped", "compiled", "filled"]

# What Segment's app fills in where a subscription is made.
DEFAULTS: Final[JsonObject] = {"method": "POST", "data": {"@path": "$."}}
_URL: Final = "https://pendo.invalid/"
_MATCHING_KEY: Final = "__segment_internal_matching_key"
_CUT: Final = 200


class MappingError(SegmentPendoError, ValueError):
    """A mapping that Segment refuses, or that cannot be worked out here; `path` leads to the place in it."""

    def __init__(self, path: tuple[str | int, ...], message: str) -> None:
        super().__init__(f"the mapping at {short(json_path(*path), _CUT)}: {short(message, _CUT)}")
        self.path = path
        self.message = message


@dataclass(frozen=True, slots=True)
class Mapped:
    """What is sent for an event.

    `data` is what the body holds, None where the request has no body; `same` where it is the event itself.
    `ordinary` promises for data what it does for a Batch. `headers` are those of the mapping, in lower case;
    `request.wire_headers` puts them among Segment's own.
    """

    data: JsonObject | None
    same: bool
    ordinary: bool
    method: str
    headers: Headers
    notes: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Unmapped:
    """Why nothing is sent for an event: a code of codes.FAILURES, and a sentence."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Mapping:
    """A mapping that Segment accepts. `findings` are about itself, with paths into it."""

    findings: tuple[Finding, ...]
    sets_request: bool  # whether it gives the request headers, or another method than POST
    _root: JsonObject = field(repr=False)
    _matching_key: Json = field(repr=False)

    def mapped(self, data: JsonObject, *, ordinary: bool) -> Mapped | Unmapped:
        """Return what is sent for an event; `ordinary` is what js_json.read said of it."""
        work = Work()
        try:
            if is_truthy(self._matching_key):
                string(self._matching_key)  # as Segment's code does, which fails where it has no text
            root = resolved(self._root, Scope(data, work))
            return _sent(root, data, work, ordinary=ordinary)
        except NotKnown as failed:
            return Unmapped("MAPPING_NOT_KNOWN", _sentence(failed))
        except Thrown as failed:
            return Unmapped("MAPPING_FAILED", _sentence(failed))
        except request.Wrong as wrong:
            return Unmapped(wrong.code, f"{wrong.reason}; nothing is sent.")


def compiled(mapping: JsonObject) -> Mapping:
    """Return a mapping that can be applied. Raises MappingError where it cannot."""
    if deepest(mapping) > MOST_LEVELS:
        raise MappingError((), f"it nests more than {MOST_LEVELS} levels")
    root = _processed(filled(mapping))
    refused = refusal(root)
    if refused is not None:
        raise MappingError(refused.path, refused.message)
    for path, text in liquid.texts(root):
        fault = liquid.fault(text)
        if fault:
            raise MappingError(path, fault)
    shown = {key: value for key, value in filled(mapping).items() if key != "url"}
    sets = bool(shown.get("headers")) or shown["method"] != "POST" or ROOT in mapping
    return Mapping(tuple(findings(shown)), sets, root, mapping.get(_MATCHING_KEY))


def filled(mapping: JsonObject) -> JsonObject:
    """Return the mapping with a URL that stands for ours, and with what a new subscription has by default."""
    return {**DEFAULTS, **mapping, "url": _URL}


def _processed(mapping: JsonObject) -> JsonObject:
    """Return what Segment runs: the directive of the whole mapping, if there is one, is given the others."""
    if ROOT not in mapping:
        return mapping
    outer = mapping[ROOT]
    if not isinstance(outer, dict) or len(outer) != 1:
        raise MappingError((ROOT,), "this must be an object with one directive")
    ((name, options),) = outer.items()
    if not isinstance(options, dict):
        raise MappingError((ROOT, name), "this must be an object")
    others = Made()
    for key, value in mapping.items():
        if key != ROOT:
            others.put(key, value)
    return {name: {**options, "mapping": dict(others)}}


# --- one event ---


def _sent(root: Value, event: JsonObject, work: Work, *, ordinary: bool) -> Mapped | Unmapped:
    if not isinstance(root, dict) or root.get("url") != _URL:
        return Unmapped("MAPPING_URL", "The directive of the whole mapping leaves no URL; nothing is sent.")
    same = root.get("data") is event
    others = {key: value for key, value in root.items() if key != "data"}
    fields = cleaned(others, work)
    fields["data"] = event if same else cleaned(root.get("data"), work)
    checked = request.checked(fields)
    if fails_on_context(event):
        return Unmapped("MAPPING_CONTEXT_NULL", CONTEXT_NULL)
    try:
        headers = request.extra_headers(checked.headers)
    except NotKnown:
        raise
    except Thrown as failed:
        return Unmapped("MAPPING_HEADERS", f"{short(failed.reason, _CUT)}; nothing is sent.")
    notes = tuple(_notes(checked))
    if same or checked.data is None:
        return Mapped(event if same else None, same, ordinary, checked.method, headers, notes)
    data, plain = _json(checked.data, work)
    return Mapped(cast("JsonObject", data), same, ordinary and plain, checked.method, headers, notes)


def _notes(checked: request.Checked) -> Iterator[Finding]:
    if checked.data is None:
        yield note("MAPPING_NO_BODY", "$", "The mapping gives no data for this call: no body is sent.")
    for name, value in checked.headers.items():
        if value is None or isinstance(value, dict | list | Builtin):
            text = f"The header {short(name, 40)} goes out as the text {short(string(value), 40)!r}."
            yield note("MAPPING_HEADER_NULL", "$", text)


def _sentence(failed: Thrown) -> str:
    where = json_path(*failed.where) if failed.where else "$"
    return f"The mapping at {short(where, _CUT)}: {short(failed.reason, _CUT)}; nothing is sent."


def _json(value: Value, work: Work, depth: int = 0) -> tuple[Json, bool]:
    """Return a value as JSON.stringify sees it, and whether the fast writer gives JavaScript's bytes."""
    work.spend(1)
    if isinstance(value, str):
        return value, True
    if value is None or isinstance(value, bool):
        return value, True
    if isinstance(value, dict | list):
        if depth > js_json.MAX_DEPTH:
            msg = f"data nests more than {js_json.MAX_DEPTH} levels"
            raise NotKnown(msg)
        return _json_object(value, work, depth) if isinstance(value, dict) else _json_list(value, work, depth)
    if isinstance(value, int | float):
        return value, js_json.is_ordinary_number(value)
    if isinstance(value, Prototype):
        return value.empty, True
    return None, True


def _json_object(value: dict[str, Value], work: Work, depth: int) -> tuple[Json, bool]:
    if isinstance(value.get("toJSON"), Builtin):
        msg = "data has a member toJSON that is a function of JavaScript"
        raise NotKnown(msg)
    made: JsonObject = {}
    ordinary = True
    for key, one in value.items():
        if is_function(one):
            continue
        made[key], plain = _json(one, work, depth + 1)
        ordinary = ordinary and plain and js_json.is_ordinary_key(key)
    return made, ordinary


def _json_list(value: list[Value], work: Work, depth: int) -> tuple[Json, bool]:
    inner = [_json(one, work, depth + 1) for one in value]
    return [one for one, _ in inner], all(plain for _, plain in inner)
