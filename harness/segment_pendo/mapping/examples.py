"""Destinations that bring the codes about a destination: by themselves, or with a call."""

from typing import Final, NamedTuple

from segment_pendo.words import Json, JsonObject

__all__ = ["EXAMPLES", "Example"]


class Example(NamedTuple):
    """A destination file's value, and the call that brings the code with it; '' where the file alone does."""

    destination: JsonObject
    call: str = ""


_IDENTIFY: Final = '{"type":"identify","userId":"u-1","traits":{"plan":"pro"}}'
_WHOLE: Final[Json] = {"@path": "$."}


def _trigger(text: str) -> Example:
    return Example({"mappings": [{"trigger": text}]})


def _mapping(call: str = "", **members: Json) -> Example:
    return Example({"mappings": [{"mapping": members}]}, call)


EXAMPLES: Final[dict[str, Example]] = {
    "TRIGGER_EMPTY": _trigger(""),
    "TRIGGER_SYNTAX": _trigger('type = "identify'),
    "TRIGGER_BACK_QUOTE": _trigger('`type` = "identify"'),
    "TRIGGER_NESTED_PARENTHESES": _trigger('((type = "identify"))'),
    "TRIGGER_UNKNOWN_FUNCTION": _trigger('lowercase(event) = "e"'),
    "TRIGGER_NO_CONDITION": _trigger("()"),
    "TRIGGER_NEGATION_LOST": _trigger('!(type = "track")'),
    "TRIGGER_CAPITALS": _trigger('type = "identify" OR type = "group"'),
    "TRIGGER_MIXED_AND_OR": _trigger('type = "identify" or type = "group" and userId != null'),
    "TRIGGER_GROUP_CUT": _trigger('(contains(event, "a") or type = "identify")'),
    "TRIGGER_PART_IGNORED": _trigger('type = "identify" "group"'),
    "TRIGGER_FAILS": _trigger("() or ()"),
    "TRIGGER_END_LOST": _trigger("event = no"),
    "TRIGGER_NEVER_HOLDS": _trigger('type = "identify" and type = "group"'),
    "TRIGGER_ALWAYS_HOLDS": _trigger("userId !="),
    "TRIGGER_UNKNOWN_TYPE": _trigger('type = "Identify"'),
    "TRIGGER_SINGLE_QUOTES": _trigger("type = 'identify'"),
    "TRIGGER_NUMBER_AS_TEXT": _trigger('traits.seats = "5"'),
    "TRIGGER_NULL_AS_TEXT": _trigger("event != null"),
    "TRIGGER_BOOLEAN_AS_TEXT": _trigger("event = true"),
    "TRIGGER_EXISTS": _trigger("traits.plan != null"),
    "TRIGGER_HOLDS_WHERE_ABSENT": _trigger('traits.plan != "free"'),
    "TRIGGER_FALSE_WHERE_ABSENT": _trigger("context.page != 5"),
    "TRIGGER_PATH_IGNORED": _trigger('event.name = "E"'),
    "TRIGGER_WHOLE_OBJECT": _trigger('traits = "pro"'),
    "TRIGGER_INHERITED_NAME": _trigger("traits.constructor != null"),
    "TRIGGER_MATCH": _trigger('match(event, "a?b")'),
    "TRIGGER_BACKSLASH": _trigger('event = "a\\\\b"'),
    "TRIGGER_MORE": _trigger(" and ".join(f'traits.a{number} = "{number}"' for number in range(30))),
    "MAPPING_PATH_UNREADABLE": _mapping(data={"plan": {"@path": "$.traits['a.b']"}}),
    "MAPPING_TEMPLATE_PATH": _mapping(data={"id": {"@template": "{{$.userId}}"}}),
    "MAPPING_TEMPLATE_EMPTY": _mapping(data={"id": "{{userId}}"}),
    "MAPPING_PATH_LITERAL": _mapping(data={"userId": "$.userId"}),
    "MAPPING_LITERAL_RUN": _mapping(data={"@literal": {"@path": "$.traits"}}),
    "MAPPING_OPTION_IGNORED": _mapping(data={"@flatten": {"value": _WHOLE, "seperator": "_"}}),
    "MAPPING_WORD_CASE": _mapping(data={"a": {"@json": {"mode": "ENCODE", "value": _WHOLE}}}),
    "MAPPING_ALWAYS_FAILS": _mapping(data={"plan": {"@if": {"then": {"@path": "$.traits.plan"}}}}),
    "MAPPING_BRANCH_LOST": _mapping(
        data={"paid": {"@if": {"exists": {"@path": "$.traits.paid"}, "then": True, "else": False}}}
    ),
    "MAPPING_DATA_NEVER_OBJECT": _mapping(data="x"),
    "MAPPING_DATA_ABSENT": _mapping(data=None),
    "MAPPING_METHOD_REFUSED": _mapping(data=_WHOLE, method="GET"),
    "MAPPING_METHOD_NOT_POST": _mapping(data=_WHOLE, method="PUT"),
    "MAPPING_HEADER_REFUSED": _mapping(data=_WHOLE, headers={"X Team": "a"}),
    "MAPPING_HEADER_REPLACED": _mapping(data=_WHOLE, headers={"Content-Type": "text/plain"}),
    "MAPPING_FIELD_UNKNOWN": _mapping(data=_WHOLE, body={}),
    "FILTER_INVALID": Example({"filters": [{"name": "f", "if": "(", "actions": [{"type": "DROP"}]}]}),
    "FILTER_CONFLICT": Example(
        {
            "filters": [
                {
                    "name": "a",
                    "if": "all",
                    "actions": [{"type": "ALLOW_PROPERTIES", "fields": {"traits": ["a"]}}],
                },
                {
                    "name": "b",
                    "if": "all",
                    "actions": [{"type": "ALLOW_PROPERTIES", "fields": {"traits": ["b"]}}],
                },
            ]
        }
    ),
    "FILTER_UNCERTAIN": Example(
        {"filters": [{"name": "half", "if": "all", "actions": [{"type": "SAMPLE", "percent": 0.5}]}]},
        _IDENTIFY,
    ),
    "MAPPING_HEADER_NULL": _mapping(
        '{"type":"identify","userId":"u-1","traits":{"team":null}}',
        data=_WHOLE,
        headers={"X-Team": {"@path": "$.traits.team"}},
    ),
    "TYPE_MISSING": _mapping(_IDENTIFY, data={"userId": {"@path": "$.userId"}}),
    "MAPPING_WITHOUT_BODY": _mapping(_IDENTIFY, data={"@path": "$.traits.data"}),
    "MAPPING_FAILED": _mapping(_IDENTIFY, data={"plan": {"@if": {"then": {"@path": "$.traits.plan"}}}}),
    "MAPPING_DATA_NOT_OBJECT": _mapping(_IDENTIFY, data={"@path": "$.traits.plan"}),
    "MAPPING_HEADERS_NOT_OBJECT": _mapping(_IDENTIFY, data=_WHOLE, headers={"@path": "$.traits.plan"}),
    "MAPPING_HEADERS": _mapping(
        '{"type":"identify","userId":"u-1","traits":{"name":"\\u0141uk"}}',
        data=_WHOLE,
        headers={"X-Name": {"@path": "$.traits.name"}},
    ),
    "MAPPING_METHOD": _mapping(_IDENTIFY, data=_WHOLE, method={"@path": "$.traits.plan"}),
    "MAPPING_BATCHING": _mapping(_IDENTIFY, data=_WHOLE, batch_size={"@path": "$.traits.plan"}),
    "MAPPING_URL": Example(
        {"mappings": [{"mapping": {"data": _WHOLE, "__segment_internal_directive": {"a": {}}}}]}, _IDENTIFY
    ),
    "MAPPING_CONTEXT_NULL": _mapping(
        '{"type":"identify","userId":"u-1","context":{"personas":null}}', data=_WHOLE
    ),
    "FILTERED_BY_DESTINATION_FILTER": Example(
        {"filters": [{"name": "free", "if": 'traits.plan = "free"', "actions": [{"type": "DROP"}]}]},
        '{"type":"identify","userId":"u-1","traits":{"plan":"free"}}',
    ),
    "FILTER_BROKEN": Example(
        {"filters": [{"name": "f", "if": "nosuch(event)", "actions": [{"type": "DROP"}]}]}, _IDENTIFY
    ),
    "FILTERED_BY_CONSENT": Example(
        {"consent": ["Analytics"]},
        '{"type":"identify","userId":"u-1","context":{"consent":{"categoryPreferences":{"Analytics":false}}}}',
    ),
    "DESTINATION_DISABLED": Example({"enabled": False}, _IDENTIFY),
}
