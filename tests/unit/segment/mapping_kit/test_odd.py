"""Traps in a mapping that Segment's own checks let pass."""

from typing import Any

import pytest

from segment_pendo.segment.mapping_kit.codes import CODES
from segment_pendo.segment.mapping_kit.mapping import compiled


def found(mapping: dict[str, Any]) -> list[tuple[str, str]]:
    findings = compiled(mapping).findings
    assert all(one.code in CODES and one.message.isprintable() for one in findings)
    return [(one.code.removeprefix("MAPPING_"), one.path) for one in findings]


@pytest.mark.parametrize(
    "data",
    [
        {"@path": "$."},
        {"a": {"@path": '$.traits["x y"][0].b'}, "b": {"@template": "{{traits.a}} {{{b}}}"}, "c": "text"},
        {"@flatten": {"value": {"@path": "$."}, "separator": "_", "omitArrays": True}},
        {"a": {"@if": {"blank": {"@path": "$.a"}, "then": 0, "else": "b"}}},
        {"a": {"@arrayPath": ["$.properties.products", {"sku": {"@path": "$.id"}}]}},
    ],
)
def test_nothing_is_odd_in(data: Any) -> None:
    assert found({"data": data, "enable_batching": True, "__segment_internal_sync_mode": "x"}) == []


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ({"@path": "$"}, "PATH_UNREADABLE"),
        ({"@path": '$["userId"]'}, "PATH_UNREADABLE"),
        ({"@path": '$.traits["a.b"]'}, "PATH_UNREADABLE"),
        ({"@path": "$.products[*].price"}, "PATH_UNREADABLE"),
        ({"@arrayPath": ["$.products[*]"]}, "PATH_UNREADABLE"),
        ({"@template": "{{ $.userId }}"}, "TEMPLATE_PATH"),
        ("{{userId}}", "TEMPLATE_EMPTY"),
        ("$.userId", "PATH_LITERAL"),
        ({"@literal": "$.userId"}, "PATH_LITERAL"),
        ({"@literal": {"@path": "$.userId"}}, "LITERAL_RUN"),
        ({"@flatten": {"value": {"@path": "$."}, "separator": "_", "omitArray": True}}, "OPTION_IGNORED"),
        ({"@json": {"value": {"@path": "$."}, "mode": "Encode"}}, "WORD_CASE"),
        ({"@merge": {"objects": [], "direction": "Left"}}, "WORD_CASE"),
        ({"@merge": {"objects": []}}, "ALWAYS_FAILS"),
        ({"@flatten": {"value": {"@path": "$."}}}, "ALWAYS_FAILS"),
        ({"@case": {"value": "x", "operator": "title"}}, "ALWAYS_FAILS"),
        ({"@if": {"then": "x"}}, "ALWAYS_FAILS"),
        ({"@replace": {"pattern": "a", "value": "b", "pattern2": "x" * 11}}, "ALWAYS_FAILS"),
        ([{"@pth": "x"}], "ALWAYS_FAILS"),
        ({"@if": {"exists": {"@path": "$.a"}, "then": 1, "else": 0}}, "BRANCH_LOST"),
        ({"@if": {"exists": {"@path": "$.a"}, "blank": {"@path": "$.b"}, "then": 1}}, "BRANCH_LOST"),
    ],
)
def test_what_is_odd_in_a_value(value: Any, code: str) -> None:
    assert [one for one, _ in found({"data": {"a": value}})] == [code]


@pytest.mark.parametrize(
    ("mapping", "code", "path"),
    [
        ({"method": "GET"}, "METHOD_REFUSED", "$.method"),
        ({"method": "PUT"}, "METHOD_NOT_POST", "$.method"),
        ({"data": None}, "DATA_ABSENT", "$.data"),
        ({"data": {"@template": "x"}}, "DATA_NEVER_OBJECT", "$.data"),
        ({"data": [{"@path": "$."}]}, "DATA_NEVER_OBJECT", "$.data"),
        ({"headers": {"two words": "x"}}, "HEADER_REFUSED", '$.headers["two words"]'),
        ({"headers": {"X": "日本"}}, "HEADER_REFUSED", "$.headers.X"),
        ({"headers": {"content-type": "x"}}, "HEADER_REPLACED", '$.headers["content-type"]'),
        ({"headers": {"X": "undefined"}}, "HEADER_REPLACED", "$.headers.X"),
        ({"header": {}}, "FIELD_UNKNOWN", "$.header"),
    ],
)
def test_what_is_odd_in_the_fields(mapping: dict[str, Any], code: str, path: str) -> None:
    assert found(mapping) == [(code, path)]


def test_a_mistyped_name_is_guessed() -> None:
    (one,) = compiled({"header": {}}).findings
    assert "perhaps headers is meant" in one.message
