"""What a webhook's sender should know about how Pendo takes it (facts section 7). Findings never change a webhook.

Only what one webhook alone can tell; what needs the history of a run is not said here.
"""

import re
from collections.abc import Iterator
from typing import Final

from segment_pendo.js_json import write
from segment_pendo.json_path import json_path
from segment_pendo.pendo import ids
from segment_pendo.words import Finding, Json, JsonObject, Level

__all__ = ["examine"]

_DATE_KEY = re.compile(r"(?:[a-z0-9]At|_at|[dD]ate|[a-z0-9]On|_on)$")
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)", re.ASCII)
_EPOCH = re.compile(r"\d{10}|\d{13}", re.ASCII)
# Where each rule comes from, as a reader can look it up.
_SEGMENT_PAGE: Final = "Segment's documentation of Pendo"
_DEVICE_MODE: Final = "Segment's code of Pendo Web (Actions)"
_SPECIFICATIONS: Final = "Pendo support article 360031870352"
_TRACK_ARTICLE: Final = "Pendo support article 28403116836763"
_KEYS: Final = "Pendo support article 360031832072"
_METADATA: Final = "Pendo support article 360038273392"
_AGENT: Final = "Pendo's browser agent 2.291.4"
_UNDOCUMENTED: Final = "documented nowhere"
_LONG_TEXT: Final = 1500  # 3.41
_ACCOUNT_KEYS: Final = {"accountid", "account_id", "companyid", "company_id"}


def _finding(code: str, level: Level, path: str, message: str, source: str) -> Finding:
    return Finding(code, level, path, message, source)


def examine(event: JsonObject) -> tuple[Finding, ...]:
    """The findings for one webhook body. Never raises, whatever the JSON."""
    kind = event.get("type")
    if kind == "identify":
        return (*_identify(event), *_metadata(event.get("traits")))
    if kind == "group":
        return (*_group(event), *_metadata(event.get("traits")))
    if kind == "track":
        return tuple(_track(event))
    return (_finding("UNSUPPORTED_TYPE", "info", "$.type", "Pendo documents only identify, group and track for Segment.", _SPECIFICATIONS),)


def _visitor(event: JsonObject) -> Iterator[Finding]:
    if event.get("userId") is None:
        text = "There is no userId, so Pendo gets no visitor to attach this to; identify the user before, or expect no effect."
        yield _finding("ANON_IDENTIFY", "warning", "$.userId", text, _SEGMENT_PAGE)
    else:
        yield from ids.examine(event["userId"], "visitor", "$.userId")


def _identify(event: JsonObject) -> Iterator[Finding]:
    yield from _visitor(event)
    yield from _trait_id(event, "userId", "visitor")


def _group(event: JsonObject) -> Iterator[Finding]:
    group = event.get("groupId")
    if group is None or group == "":
        text = "There is no groupId, so Pendo has no account to keep the traits under; send one."
        yield _finding("GROUP_WITHOUT_ID", "error", "$.groupId", text, _DEVICE_MODE)
    else:
        yield from ids.examine(group, "account", "$.groupId")
    if event.get("userId") is None:
        text = "There is no userId, so no visitor can be linked to the account."
        yield _finding("GROUP_WITHOUT_USER", "warning", "$.userId", text, _DEVICE_MODE)
    else:
        yield from ids.examine(event["userId"], "visitor", "$.userId")
    traits = event.get("traits")
    if not traits:
        text = "The group call has no traits; the account gets no metadata from it."
        yield _finding("GROUP_NO_TRAITS", "info", "$.traits", text, _SEGMENT_PAGE)
    yield from _trait_id(event, "groupId", "account")
    if isinstance(traits, dict):
        if isinstance(traits.get("parentAccount"), dict):
            text = "parentAccount is understood by Pendo's browser agent; by webhook it is a nested object, which is ignored."
            yield _finding("PARENT_ACCOUNT", "info", "$.traits.parentAccount", text, _DEVICE_MODE)
        for key, value in traits.items():
            if key.lower() in _ACCOUNT_KEYS and _differ(value, group):
                text = f"This trait differs from groupId; Pendo's account id is groupId, {key} is plain metadata."
                yield _finding("CUSTOM_ACCOUNT_ID", "info", json_path("traits", key), text, _SEGMENT_PAGE)


def _trait_id(event: JsonObject, id_key: str, kind: str) -> Iterator[Finding]:
    traits = event.get("traits")
    if isinstance(traits, dict) and "id" in traits and _differ(traits["id"], event.get(id_key)):
        text = f"The trait id differs from {id_key}; it never replaces the {kind} id, which is {id_key}."
        yield _finding("TRAIT_ID_CONFLICT", "info", "$.traits.id", text, _DEVICE_MODE)


def _differ(one: Json, other: Json) -> bool:
    # By their text: comparing values in Python recurses as deeply as they nest, and takes True for 1.
    return write(one) != write(other)


def _track(event: JsonObject) -> Iterator[Finding]:
    yield from _visitor(event)
    properties = event.get("properties")
    if not isinstance(properties, dict) or properties.get("groupId") is None:
        text = "Pendo learns the account of a track event only from properties.groupId; put it there."
        yield _finding("TRACK_NO_GROUP", "warning", "$.properties.groupId", text, _TRACK_ARTICLE)


def _metadata(traits: Json) -> tuple[Finding, ...]:
    if not isinstance(traits, dict):
        return ()
    found: list[Finding] = []
    spellings: dict[str, str] = {}
    for key, value in traits.items():
        if key == "__proto__":  # no JavaScript writes it into the body
            continue
        other = spellings.setdefault(key.lower(), key)
        if other != key or not _is_usable(key):
            found += _key(key, other)
        if not _is_plain(key, value):
            found += _value(key, value)
    return tuple(found)


def _is_usable(key: str) -> bool:
    return key.isascii() and key.isidentifier()  # 3.30: [A-Za-z_][A-Za-z0-9_]*


def _is_plain(key: str, value: Json) -> bool:
    """A quick look: most traits have nothing to tell, and must cost nothing more."""
    if isinstance(value, bool):
        return True
    if isinstance(value, str):
        return len("false") < len(value) <= _LONG_TEXT and not _DATE_KEY.search(key)
    return isinstance(value, int | float) and not _DATE_KEY.search(key)


def _key(key: str, other: str) -> Iterator[Finding]:
    path = json_path("traits", key)
    if not _is_usable(key):
        text = "Pendo stores the field but cannot use it in segments or reports; use letters, digits and _ only, no digit first."
        yield _finding("KEY_SYNTAX", "warning", path, text, _KEYS)
    if other != key:
        text = f"Pendo lower-cases keys, so this and {other!r} are one field, and one value is lost; rename one of them."
        yield _finding("KEY_CASE_COLLISION", "error", path, text, _AGENT)


def _value(key: str, value: Json) -> Iterator[Finding]:
    path = json_path("traits", key)
    if isinstance(value, dict):
        yield _finding("NESTED_IGNORED", "warning", path, "Pendo ignores objects; send its parts as traits of their own.", _AGENT)
    elif isinstance(value, list):
        yield _finding("LIST_IN_SEGMENTIO", "info", path, "Pendo documents lists for agent metadata only.", _METADATA)
        for index, item in enumerate(value):
            if isinstance(item, dict | list):
                where = json_path("traits", key, index)
                yield _finding("NESTED_IGNORED", "warning", where, "Pendo ignores objects inside a list; send scalars.", _AGENT)
    elif value is None:
        yield _finding("NULL_VALUE", "info", path, "What Pendo does with null (clear, keep, store) is not documented.", _UNDOCUMENTED)
    elif value == "" and isinstance(value, str):
        yield _finding("EMPTY_VALUE", "info", path, "The value is an empty string; we assume that Pendo stores it as such.", _UNDOCUMENTED)
    elif isinstance(value, str):
        yield from _string(key, value, path)
    elif _DATE_KEY.search(key) and not isinstance(value, bool) and _EPOCH.fullmatch(str(value)):
        yield _date(path)


def _string(key: str, value: str, path: str) -> Iterator[Finding]:
    if value.lower() in {"true", "false"}:
        text = "A boolean in quotes is text to Pendo until the field is retyped; send true or false."
        yield _finding("BOOL_AS_STRING", "info", path, text, _METADATA)
    if len(value) > _LONG_TEXT:
        text = f"The value has {len(value):,} characters; Pendo recommends fewer than {_LONG_TEXT:,}."
        yield _finding("VALUE_LONG", "info", path, text, _METADATA)
    if _DATE_KEY.search(key) and not _RFC3339.fullmatch(value):
        yield _date(path)


def _date(path: str) -> Finding:
    text = "The key looks like a date, but Pendo reads dates as RFC 3339 with zone, like 2024-05-09T10:00:00.000Z."
    return _finding("DATE_FORMAT", "info", path, text, _METADATA)
