"""Mappings that people write, and traps among them: each is asked with the one event."""

import json
from typing import Any

from mapping_oracle import Case

EVENT: dict[str, Any] = {
    "type": "track",
    "userId": "u-1",
    "event": "Signed Up",
    "context": {"groupId": "g-1"},
    "properties": {
        "plan": "Pro Plan",
        "zero": 0,
        "off": False,
        "empty": "",
        "none": None,
        "a.b": 1,
        "tags": ["a", None, {"x": None, "y": [None]}],
        "products": [{"id": 1, "price": 9.5}, {"id": 2}],
        "text": "a-b-a",
        "json": '{"a":[1.0,{"b":null}]}',
        "place": "{{userId}}",
        "big": 12345678901234567890,
        "one": {"e": {}, "l": [], "n": None, "deep": {"2": 2, "1": 1}},
    },
}
_P = "$.properties."


def _path(path: str) -> dict[str, str]:
    return {"@path": path}


DATA: tuple[Any, ...] = (
    _path("$."),
    {
        "@merge": {
            "objects": [
                _path("$."),
                {
                    "properties": {
                        "@merge": {
                            "objects": [_path("$.properties"), {"groupId": _path("$.context.groupId")}],
                            "direction": "right",
                        }
                    }
                },
            ],
            "direction": "right",
        }
    },
    {"@flatten": {"value": _path("$."), "separator": "_"}},
    {"@flatten": {"value": _path("$.properties"), "separator": ".", "omitArrays": True}},
    {
        "a": _path(_P + "none.x"),
        "b": _path(_P + "empty.x"),
        "c": _path(_P + "a.b"),
        "d": _path('$.properties["a.b"]'),
    },
    {
        "length": _path(_P + "tags.length"),
        "f": _path("$.userId.constructor"),
        "n": _path("$.userId.constructor.name"),
    },
    {"t": {"@template": "{{userId}}/{{ $.userId }}/{{properties.tags}}/{{properties.one}}/{{properties.n}}"}},
    {"t": {"@template": "{{{properties.place}}}"}},
    {"t": {"@template": "{{properties.place}} {{properties.big}} {{properties.off}}"}},
    {
        key: {"@if": {"blank": _path(_P + key), "then": "then", "else": "else"}}
        for key in ("zero", "off", "empty", "none")
    },
    {
        key: {"@if": {"exists": _path(_P + key), "then": "then", "else": "else"}}
        for key in ("zero", "off", "empty", "none")
    },
    {
        "a": {"@if": {"exists": _path("$.missing"), "then": 1, "else": 0}},
        "b": {"@if": {"exists": None, "blank": "x", "then": 1}},
    },
    {"@excludeWhenNull": _path("$.properties")},
    {"@excludeWhenNull": {"a": None, "b": [None], "c": {"d": None}}},
    {"a": {"@replace": {"pattern": "a", "replacement": "[$&]", "value": _path(_P + "text")}}},
    {
        "a": {
            "@replace": {
                "pattern": "A",
                "replacement": "x",
                "ignorecase": True,
                "global": False,
                "value": _path(_P + "text"),
            }
        }
    },
    {"a": {"@replace": {"pattern": "-", "value": _path(_P + "text"), "pattern2": "b", "replacement2": "c"}}},
    {"a": {"@replace": {"pattern": "0", "replacement": "o", "value": _path(_P + "zero")}}},
    {
        "a": {"@case": {"operator": "upper", "value": _path("$.event")}},
        "b": {"@case": {"operator": "lower", "value": _path(_P + "zero")}},
    },
    {
        "a": {"@json": {"mode": "decode", "value": _path(_P + "json")}},
        "b": {"@json": {"mode": "encode", "value": _path("$.properties")}},
    },
    {"a": {"@json": {"mode": "Encode", "value": _path("$.properties")}}},
    {"a": {"@arrayPath": [_P + "products", {"sku": _path("$.id"), "cost": _path("$.price")}]}},
    {"a": {"@arrayPath": [_P + "one", {"deep": _path("$.deep")}]}, "b": {"@arrayPath": [_P + "products"]}},
    {"@literal": {"a": _path("$.userId"), "b": "$.userId"}},
    {
        "@transform": {
            "apply": {"p": _path("$.properties.plan")},
            "mapping": {"plan": _path("$.p"), "lost": _path("$.userId")},
        }
    },
    {"@merge": {"objects": [{"a": 1, "b": 1}, {"a": 2}], "direction": "left"}},
    {"@merge": {"objects": [{"a": 1, "b": 1}, {"a": 2}], "direction": "right"}},
    {"a": [_path("$.missing"), _path("$.userId")]},
    {"a": {"@liquid": "{% if properties.plan contains 'Pro' %}{{ userId | upcase }}{% else %}-{% endif %}"}},
    [_path("$.properties")],
    _path("$.event"),
    _path("$.missing"),
)
OTHERS: tuple[dict[str, Any], ...] = (
    {"headers": {"X-Null": _path(_P + "none"), "X-Gone": "undefined", "b": "1", "A": _path(_P + "tags")}},
    {"headers": {"Content-Type": "text/plain", "User-Agent": "me", "X-Signature": "undefined"}},
    {"headers": {"User-Agent": "undefined", "2": "b", "10": "a"}},
    {"headers": {"X-Plan": "Füße"}},
    {"headers": {"X-Plan": "日本"}},
    {"headers": {"two words": "x"}},
    {"method": "PUT", "data": None},
    {"method": "GET"},
    {"method": ["PATCH"]},
    {"batch_size": "many"},
)


def cases() -> list[Case]:
    """The pairs."""
    event = json.dumps(EVENT)
    mappings = [{"data": data} for data in DATA] + list(OTHERS)
    return [Case(event, json.dumps(mapping)) for mapping in mappings]
