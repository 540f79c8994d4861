"""The judge of JSON Schema: hostile schemas and values, JavaScript's numbers, places."""

from time import process_time
from typing import Any

import pytest

from segment_pendo.base import js_json
from segment_pendo.segment.plan.judge import Judge, Unusable


def wrong(schema: Any, value: Any) -> list[tuple[tuple[str | int, ...], str]]:
    return [(one.path, one.says) for one in Judge(schema).wrong(value)]


def value(text: str) -> Any:
    return js_json.read(text.encode()).value


def test_numbers_are_those_of_javascript() -> None:
    assert wrong({"const": 9007199254740992}, value("9007199254740993")) == []
    assert wrong({"type": "integer"}, value("1.0")) == []
    assert wrong({"type": "integer"}, value("1" + "0" * 400)) == [((), "is null, not integer")]
    assert wrong({"type": "number"}, value("-1e999")) == [((), "is null, not number")]
    assert wrong({"multipleOf": 0.1}, 0.3) == [((), "is no multiple of 0.1")]


def test_lone_surrogates_are_characters() -> None:
    text = value(r'"\ud800"')
    assert wrong({"maxLength": 1, "const": text}, text) == []
    assert wrong({"const": value(r'"\ud801"')}, text) != []
    assert wrong({"additionalProperties": False}, {text: 1}) == [((text,), "is not in the plan")]


def test_places_are_those_of_the_value() -> None:
    nested = {"properties": {"": {"properties": {"1": {"items": {"required": ["a"]}}}}}}
    assert wrong(nested, {"": {"1": [{}]}}) == [(("", "1", 0, "a"), "is required")]
    assert wrong({"additionalProperties": False}, {"": -3.5}) == [(("",), "is not in the plan")]
    assert wrong({"additionalProperties": False}, {"1": 0, "2": 0}) == [
        (("1",), "is not in the plan"),
        (("2",), "is not in the plan"),
    ]
    named = {"properties": {"additionalProperties": False}}
    assert wrong(named, {"additionalProperties": 1}) == [(("additionalProperties",), "may not be there")]


def test_names_of_javascripts_objects_are_no_members() -> None:
    assert wrong({"required": ["constructor", "__proto__"]}, {}) == [
        (("constructor",), "is required"),
        (("__proto__",), "is required"),
    ]
    assert wrong({"properties": {"__proto__": False, "toString": False}}, {"__proto__": 1}) == []


def test_values_are_not_told() -> None:
    said = wrong(
        {"properties": {"a": {"enum": ["x"]}, "b": {"pattern": r"\bx"}}}, {"a": "secret", "b": "secret"}
    )
    assert sorted(said) == [(("a",), "is not one of x"), (("b",), r"does not match \bx")]


def test_no_more_than_twenty_things_are_told() -> None:
    assert len(wrong({"items": False}, [0] * 5000)) == 20


def test_catastrophic_patterns_end() -> None:
    start = process_time()
    text = "ab" * 15_000
    assert wrong({"pattern": "^(a+)+$"}, "a" * 30_000 + "b") != []
    assert wrong({"pattern": "^(?=a)(a*)*(?!b)c$"}, "a" * 30_000 + "b") != []
    ((_, says),) = wrong({"pattern": "(?=.*a)(?=.*[0-9]).{8}"}, text)
    assert says == "takes too long to match its pattern; simplify the pattern"
    assert process_time() - start < 30


def test_deep_and_wide_schemas_are_judged() -> None:
    deep: Any = {"type": "string"}
    inside: Any = 1
    for _ in range(120):
        deep, inside = {"properties": {"a": deep}}, {"a": inside}
    assert len(wrong(deep, inside)) == 1
    assert wrong({"enum": [f"x{n}" for n in range(50_000)]}, "y") == [
        ((), "is not one of x0, x1, x2, x3, x4 and 49995 more")
    ]


def chain(length: int) -> Any:
    links: Any = {f"d{n}": {"allOf": [{"$ref": f"#/definitions/d{n + 1}"}] * 2} for n in range(length)}
    return {"definitions": links | {f"d{length}": True}, "$ref": "#/definitions/d0"}


ANY = {
    "definitions": {
        "any": {
            "anyOf": [
                {"type": ["string", "number", "null", "boolean"]},
                {"type": "array", "items": {"$ref": "#/definitions/any"}},
                {"type": "object", "additionalProperties": {"$ref": "#/definitions/any"}},
            ]
        }
    },
    "$ref": "#/definitions/any",
}
TREE = {"properties": {"left": {"$ref": "#"}, "right": {"$ref": "#"}, "n": {"type": "number"}}}


def test_schemas_may_lead_back_to_themselves() -> None:
    assert wrong(ANY, {"a": [1, {"b": None}]}) == []
    assert wrong(TREE, {"left": {"right": {"n": "x"}}}) == [(("left", "right", "n"), "is string, not number")]


@pytest.mark.parametrize(
    ("schema", "says"),
    [
        ({"$ref": "#"}, "for ever"),
        ({"definitions": {"a": {"anyOf": [{"$ref": "#/definitions/a"}]}}}, "for ever"),
        (chain(40), "more than 10,000 schemas"),
        ({"properties": {"a": {"anyOf": [{"$ref": "#"}, {"$ref": "#"}]}}}, "multiplies the work"),
        ({"anyOf": [{"items": {"$ref": "#"}}, {"items": {"$ref": "#"}}]}, "multiplies the work"),
        (
            {"properties": {"a": {"$ref": "#"}}, "patternProperties": {"a": {"$ref": "#"}}},
            "multiplies the work",
        ),
    ],
)
def test_schemas_that_would_never_end_are_refused(schema: Any, says: str) -> None:
    with pytest.raises(Unusable, match=says):
        Judge(schema)


def test_formats_that_nobody_knows_fit() -> None:
    assert wrong({"format": "colour"}, "x") == []
    assert wrong({"format": "date-time"}, "2024-02-30T10:00:00Z") == [((), "is no date-time")]
