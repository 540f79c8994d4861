"""The destination file: how a destination is set up in production, in Segment's own words (CONTRACT, D-4).

    {"kind": "actions",
     "mappings": [{"trigger": "type = \\"identify\\"", "mapping": {"data": {"@path": "$."}}}],
     "filters": [], "consent": ["Analytics"], "pendo_track": true}

Every member may be left out; then Segment's default counts. destination.schema.json, beside this file, says
the same as a JSON Schema. No file holds a key, or a URL with one. This module knows no files.
"""

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Final, Literal, NoReturn, cast

import msgspec
from msgspec import Meta, Struct, field

from segment_pendo.base import js_json
from segment_pendo.base.errors import CONFIGURATION, SegmentPendoError
from segment_pendo.base.json_path import json_path
from segment_pendo.base.suggestion import as_sentence, unknown
from segment_pendo.base.unfit import unfit
from segment_pendo.words import Json, JsonObject

__all__ = [
    "DEFAULT_TRIGGER",
    "MOST_FILTERS",
    "MOST_MAPPINGS",
    "Action",
    "Batching",
    "DestinationError",
    "DestinationFile",
    "DestinationFilter",
    "DestinationMapping",
    "in_full",
    "json_of",
    "of",
    "plain",
    "schema",
]

# The trigger and mapping that Segment proposes, in the words of its published destination (W-20, S-20).
DEFAULT_TRIGGER: Final = 'type = "identify" or type = "group"'
MOST_MAPPINGS: Final = 50
MOST_FILTERS: Final = 10  # D-30
_WITH_KEY: Final = "/data/segmentio/"
_SECRET_HEADERS: Final = frozenset({"authorization", "proxy-authorization", "cookie", "x-signature"})


class DestinationError(SegmentPendoError, ValueError):
    """A destination file cannot be used; the text says which member and why."""

    exit_code: ClassVar[int] = CONFIGURATION


def _everything() -> dict[str, Any]:
    return {"data": {"@path": "$."}}


class Batching(Struct, kw_only=True, omit_defaults=True):
    """Several webhooks in one POST."""

    size: Annotated[int, Meta(ge=1, le=4000)] = 1000
    keys: list[str] = field(default_factory=list)


class DestinationMapping(Struct, kw_only=True, omit_defaults=True):
    """One mapping of the destination (a subscription, in the words of Segment's API)."""

    name: str = ""
    enabled: bool = True
    trigger: Annotated[str, Meta(description="in FQL: which calls it selects")] = DEFAULT_TRIGGER
    mapping: Annotated[
        dict[str, Any], Meta(description="what the webhook gets: data, method, headers; never a url")
    ] = field(default_factory=_everything)
    batch: Annotated[
        Batching | None, Meta(description="null: one POST for each webhook; several: so many in one POST")
    ] = None


class Action(Struct, kw_only=True, omit_defaults=True):
    """What a destination filter does with an event that its condition matches."""

    type: Literal["DROP", "SAMPLE", "DROP_PROPERTIES", "ALLOW_PROPERTIES"]
    percent: Annotated[
        Annotated[float, Meta(ge=0, le=1)] | None, Meta(description="of SAMPLE: how much passes, 0 to 1")
    ] = None
    path: Annotated[str | None, Meta(description="of SAMPLE: events with the same value here go alike")] = (
        None
    )
    fields: Annotated[
        dict[str, list[str]] | None,
        Meta(description="of DROP_PROPERTIES and ALLOW_PROPERTIES: names below context, traits, properties"),
    ] = None


class DestinationFilter(Struct, kw_only=True, omit_defaults=True, rename={"condition": "if"}):
    """A destination filter."""

    name: str = ""
    enabled: bool = True
    condition: Annotated[str, Meta(description="in FQL: which events it is about")]
    actions: Annotated[list[Action], Meta(min_length=1)]


class DestinationFile(Struct, kw_only=True, omit_defaults=True):
    """A destination as it is in production."""

    kind: Annotated[
        Literal["actions", "classic"], Meta(description="Webhooks (Actions), or the classic Webhooks")
    ] = "actions"
    enabled: bool = True
    mappings: Annotated[list[DestinationMapping], Meta(max_length=MOST_MAPPINGS)] = field(
        default_factory=lambda: [DestinationMapping()]
    )
    filters: Annotated[list[DestinationFilter], Meta(max_length=MOST_FILTERS)] = field(default_factory=list)
    consent: Annotated[
        list[str] | None,
        Meta(description="the consent categories that it is mapped to; null: consent does not concern it"),
    ] = None
    function: Annotated[str | None, Meta(description="path of the insert function, from this file")] = None
    plan: Annotated[str | None, Meta(description="path of the tracking plan, from this file")] = None
    pendo_track: Annotated[
        bool, Meta(description="whether the Pendo subscription has the setting for track calls")
    ] = True
    assume: Annotated[
        dict[str, str], Meta(description="how rules that no source settles are read: NAME: VALUE")
    ] = field(default_factory=dict)


def json_of(data: bytes, name: str) -> Json:
    """Return the JSON value of a file; errors call it `name`. Raises DestinationError."""
    try:
        return js_json.read(data.removeprefix(b"\xef\xbb\xbf"), spelled=True).value
    except (ValueError, RecursionError) as error:
        why = js_json.why(error) if isinstance(error, ValueError) else "it nests too deeply"
        _refuse(name, f"this is not JSON: {why}. `segment-pendo init destination.json` writes one.")


def of(value: Json, name: str) -> DestinationFile:
    """Return the destination that a JSON value describes. Raises DestinationError, which calls it `name`."""
    if not isinstance(value, dict):
        what = "a list without answers of the Public API" if isinstance(value, list) else "no JSON object"
        _refuse(name, f"this is {what}. `segment-pendo init destination.json` writes a destination file.")
    for place, kind in _places(value):
        wrong = unknown(place, _members(kind), f"{_NAMES[kind]} has no member")
        if wrong:
            _refuse(name, as_sentence(wrong))
    try:
        destination = msgspec.convert(value, DestinationFile)
    except UnicodeEncodeError:
        _refuse(name, "a text of it has half a character (a lone surrogate). Correct the text.")
    except msgspec.ValidationError as error:
        _refuse(name, f"{unfit(error, DestinationFile)}. docs/destination.md describes the file.")
    if destination.kind == "classic" and destination.mappings != [DestinationMapping()]:
        _refuse(name, 'mappings are of "actions"; the classic destination gets every call as it is.')
    for index, mapping in enumerate(destination.mappings):
        _refuse_secrets(mapping, f"$.mappings[{index}]", name)
    for index, destination_filter in enumerate(destination.filters):
        for at, action in enumerate(destination_filter.actions):
            wrong = _wrong_action(action)
            if wrong:
                _refuse(name, f"{wrong} - at `$.filters[{index}].actions[{at}]`.")
    return destination


def plain(destination: DestinationFile) -> JsonObject:
    """Return a destination as JSON, without most of the members that have their default."""
    return cast("JsonObject", msgspec.to_builtins(destination))


def in_full(destination: DestinationFile) -> JsonObject:
    """Return a destination as JSON with every member, for somebody who wants to change it."""
    short = plain(destination)
    full: JsonObject = {
        "kind": destination.kind,
        "enabled": destination.enabled,
        "mappings": [
            {
                "name": mapping.name,
                "enabled": mapping.enabled,
                "trigger": mapping.trigger,
                "mapping": mapping.mapping,
                "batch": None
                if mapping.batch is None
                else {"size": mapping.batch.size, "keys": cast("list[Json]", mapping.batch.keys)},
            }
            for mapping in destination.mappings
        ],
        "filters": short.get("filters", []),
        "consent": cast("list[Json] | None", destination.consent),
        "function": destination.function,
        "plan": destination.plan,
        "pendo_track": destination.pendo_track,
        "assume": cast("JsonObject", destination.assume),
    }
    if destination.kind == "classic":
        del full["mappings"]
    return full


def schema() -> Json:
    """Return the JSON Schema of the file."""
    (ref,), definitions = msgspec.json.schema_components((DestinationFile,), ref_template="#/$defs/{name}")
    for definition in definitions.values():
        definition["additionalProperties"] = False
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A destination of segment-pendo",
        **ref,
        "$defs": definitions,
    }


def _members(kind: type[Struct]) -> list[str]:
    return [member.encode_name for member in msgspec.structs.fields(kind)]


_NAMES: Final[dict[type[Struct], str]] = {
    DestinationFile: "a destination",
    DestinationMapping: "a mapping",
    Batching: "batch",
    DestinationFilter: "a filter",
    Action: "an action of a filter",
}


def _places(value: Json) -> Iterator[tuple[JsonObject, type[Struct]]]:
    """Yield each object of a destination file with what it stands for, so that names can be checked."""
    if not isinstance(value, dict):
        return
    yield value, DestinationFile
    for mapping in _objects(value.get("mappings")):
        yield mapping, DestinationMapping
        yield from ((batch, Batching) for batch in _objects([mapping.get("batch")]))
    for destination_filter in _objects(value.get("filters")):
        yield destination_filter, DestinationFilter
        yield from ((action, Action) for action in _objects(destination_filter.get("actions")))


def _objects(value: Json) -> list[JsonObject]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _wrong_action(action: Action) -> str:
    """Return what an action of a filter lacks, or ''."""
    if action.type == "SAMPLE" and action.percent is None:
        return "SAMPLE needs percent, how much passes (0 to 1)"
    if action.type in {"DROP_PROPERTIES", "ALLOW_PROPERTIES"} and not action.fields:
        return f'{action.type} needs fields, such as {{"traits": ["email"]}}'
    return ""


def _refuse_secrets(mapping: DestinationMapping, place: str, name: str) -> None:
    """Raise DestinationError for a URL that holds a key, and for a header that lets somebody in."""
    if "url" in mapping.mapping:
        _refuse(
            name,
            "a mapping has no url here: it holds Pendo's key, and where webhooks go is for the command that "
            f"sends them to say. Remove it - at `{place}.mapping.url`.",
        )
    if any(_WITH_KEY in text for text in _texts(cast("Json", mapping.mapping))):
        _refuse(
            name,
            "this mapping holds a URL of Pendo with its key, which has no place in a file. Remove it - at "
            f"`{place}.mapping`.",
        )
    headers = mapping.mapping.get("headers")
    for header in headers if isinstance(headers, dict) else ():
        if str(header).lower() in _SECRET_HEADERS:
            at = f"{place}.mapping.headers{json_path(str(header))[1:]}"
            _refuse(name, f"a header that lets somebody in has no place in a file. Remove it - at `{at}`.")


def _texts(value: Json) -> Iterator[str]:
    todo: list[Json] = [value]
    while todo:
        item = todo.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            todo += [*item, *item.values()]
        elif isinstance(item, list):
            todo += item


def _refuse(name: str, message: str) -> NoReturn:
    msg = f"{name}: {message}"
    raise DestinationError(msg)
