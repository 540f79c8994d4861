"""Mappings: what is sent for an event, why nothing is, and what is refused before any event comes."""

import json
from typing import Any

import pytest
from mapping_oracle import differing, kept, ours

from segment_pendo.base import js_json
from segment_pendo.segment.mapping_kit.codes import FAILURES
from segment_pendo.segment.mapping_kit.mapping import Mapped, MappingError, Unmapped, compiled

EVENT: dict[str, Any] = {
    "type": "track",
    "userId": "u-1",
    "context": {"groupId": "g-1"},
    "properties": {"plan": "pro", "none": None, "tags": ["a", "b"]},
}


def mapped(data: Any, event: dict[str, Any] | None = None, **fields: Any) -> Mapped:
    outcome = compiled({"data": data, **fields}).mapped(event or EVENT, ordinary=True)
    assert isinstance(outcome, Mapped), outcome
    return outcome


def unmapped(data: Any, event: dict[str, Any] | None = None, **fields: Any) -> Unmapped:
    outcome = compiled({"data": data, **fields}).mapped(event or EVENT, ordinary=True)
    assert isinstance(outcome, Unmapped), outcome
    assert outcome.code in FAILURES
    return outcome


def test_the_kept_verdicts_of_segments_code() -> None:
    assert len(kept()) > 1000
    assert differing(ours) == []


def test_the_default_mapping_is_the_event_itself() -> None:
    mapping = compiled({})
    outcome = mapping.mapped(EVENT, ordinary=True)
    assert outcome == Mapped(EVENT, same=True, ordinary=True, method="POST", headers=())
    assert isinstance(outcome, Mapped)
    assert outcome.data is EVENT
    assert (mapping.findings, mapping.sets_request) == ((), False)


def test_the_usual_repair_for_pendo() -> None:
    properties = {
        "@merge": {
            "objects": [{"@path": "$.properties"}, {"groupId": {"@path": "$.context.groupId"}}],
            "direction": "right",
        }
    }
    repair = {"@merge": {"objects": [{"@path": "$."}, {"properties": properties}], "direction": "right"}}
    outcome = mapped(repair)
    assert outcome.data == EVENT | {"properties": EVENT["properties"] | {"groupId": "g-1"}}
    assert (outcome.same, outcome.ordinary) == (False, True)


@pytest.mark.parametrize(
    ("mapping", "path", "part"),
    [
        ({"data": {"@pth": "$."}}, ("data",), "there is no directive @pth"),
        ({"data": {"@path": "$.", "@template": ""}}, ("data",), "stands alone"),
        ({"data": {"a": {"@path": 5}}}, ("data", "a", "@path"), "a text or a directive"),
        ({"data": {"@replace": {"pattern": "x" * 11, "value": ""}}}, ("data", "@replace", "pattern"), "10"),
        ({"@path": "$."}, (), "stands alone"),
        (
            {"data": {"r": {"@liquid": "{% for a in b %}{% endfor %}"}}},
            ("data", "r", "@liquid"),
            "tag for off",
        ),
        (
            {"data": {"r": {"@liquid": "{{ a | date: '%Y' }}"}}},
            ("data", "r", "@liquid"),
            "filter date is not",
        ),
        ({"__segment_internal_directive": []}, ("__segment_internal_directive",), "one directive"),
    ],
)
def test_what_segment_refuses_or_is_not_worked_out(mapping: Any, path: Any, part: str) -> None:
    with pytest.raises(MappingError) as caught:
        compiled(mapping)
    assert caught.value.path == path
    assert part in caught.value.message


def test_a_mapping_that_nests_too_deeply_is_refused() -> None:
    deep: Any = "x"
    for _ in range(5000):
        deep = {"@literal": deep}
    with pytest.raises(MappingError, match="nests more than"):
        compiled({"data": deep})


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({"@path": "$.userId"}, "MAPPING_DATA_NOT_OBJECT"),
        ({"@path": "$.properties.tags"}, "MAPPING_DATA_NOT_OBJECT"),
        ([{"@path": "$."}], "MAPPING_DATA_NOT_OBJECT"),
        ({"a": [{"@path": {"@path": "$.properties.none"}}]}, "MAPPING_FAILED"),
        ({"a": {"@case": {"operator": "title", "value": {"@path": "$.userId"}}}}, "MAPPING_FAILED"),
    ],
)
def test_why_nothing_is_sent(data: Any, code: str) -> None:
    assert unmapped(data).code == code


def test_a_failure_names_its_place_in_the_mapping() -> None:
    outcome = unmapped({"a": {"@if": {"exists": "x", "then": {"@path": {"@path": "$.no"}}}}})
    assert outcome.reason.startswith(
        'The mapping at $.data.a["@if"]["@path"]: it needs a text, not undefined'
    )


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"method": "GET"}, "MAPPING_METHOD"),
        ({"headers": {"X": "日本"}}, "MAPPING_HEADERS"),
        ({"headers": "x"}, "MAPPING_HEADERS_NOT_OBJECT"),
        ({"batch_size": "many"}, "MAPPING_BATCHING"),
        ({"batch_keys": [{}]}, "MAPPING_BATCHING"),
    ],
)
def test_fields_that_segment_refuses(fields: Any, code: str) -> None:
    assert unmapped({"@path": "$."}, **fields).code == code


@pytest.mark.parametrize("context", [None, {"personas": None}])
def test_a_context_that_is_null_stops_the_event(context: Any) -> None:
    assert unmapped({"@path": "$."}, EVENT | {"context": context}).code == "MAPPING_CONTEXT_NULL"


def test_without_data_there_is_no_body() -> None:
    outcome = mapped({"@path": "$.properties.none"})
    assert outcome.data is None
    assert [one.code for one in outcome.notes] == ["MAPPING_NO_BODY"]


def test_headers_and_method_of_a_mapping() -> None:
    headers = {"X-Plan": {"@path": "$.properties.plan"}, "X-None": {"@path": "$.properties.none"}, "B": 5}
    given: Any = {"method": "PUT", "headers": headers}
    mapping = compiled(given)
    outcome = mapping.mapped(EVENT, ordinary=True)
    assert mapping.sets_request
    assert isinstance(outcome, Mapped)
    assert outcome.method == "PUT"
    assert outcome.headers == (("b", "5"), ("x-none", "null"), ("x-plan", "pro"))
    assert [one.code for one in outcome.notes] == ["MAPPING_HEADER_NULL"]


@pytest.mark.parametrize(
    ("text", "data", "body"),
    [
        ('{"a":12345678901234567890}', {"x": {"@path": "$.a"}}, '{"x":12345678901234567000}'),
        ('{"a":1.0}', {"x": {"@template": "{{a}}"}}, '{"x":"1"}'),
        ('{"a":1e400}', {"x": {"@template": "{{a}}"}, "y": {"@path": "$.a"}}, '{"x":"Infinity","y":null}'),
        ('{"a":1e21}', {"x": {"@replace": {"pattern": "+", "value": {"@path": "$.a"}}}}, '{"x":"1e21"}'),
        ('{"a":-0.0}', {"x": {"@template": "{{a}}"}}, '{"x":"0"}'),
        ('{"a":{"__proto__":1,"b":2}}', {"@path": "$.a"}, '{"b":2}'),
        ('{"a":{"__proto__":1}}', {"x": {"@path": "$.a.__proto__"}}, '{"x":1}'),
        ('{"a":[1,[2]]}', {"@flatten": {"value": {"@path": "$.a"}, "separator": "_"}}, '{"0":1,"1_0":2}'),
        ('{"a":"x"}', {"b": 1, "2": 1, "1": {"@path": "$.a"}}, '{"1":"x","2":1,"b":1}'),
        (
            '{"a":"x"}',
            {"b": [{"@path": "$.no"}, {"@path": "$.a"}], "c": {"@path": "$.no"}},
            '{"b":[null,"x"]}',
        ),
        ('{"a":"x"}', {"f": {"@path": "$.a.constructor"}, "n": {"@path": "$.a.length"}}, '{"n":1}'),
        (
            '{"a":"😀"}',
            {"x": {"@template": "{{a.0}}{{a.1}}"}, "y": {"@path": "$.a.0"}},
            '{"x":"😀","y":"\\ud83d"}',
        ),
        ('{"a":"\\ud83d"}', {"x": {"@path": "$.a"}}, '{"x":"\\ud83d"}'),
    ],
)
def test_values_as_javascript_has_them(text: str, data: Any, body: str) -> None:
    event = js_json.read(text.encode())
    assert isinstance(event.value, dict)
    outcome = compiled({"data": data}).mapped(event.value, ordinary=event.ordinary)
    assert isinstance(outcome, Mapped)
    assert js_json.write(outcome.data, ordinary=outcome.ordinary).decode() == body


def test_what_is_ordinary_stays_so_only_where_it_is() -> None:
    assert mapped({"a": {"@path": "$.properties"}}).ordinary
    assert not mapped({"1": {"@path": "$.properties"}}).ordinary
    assert not mapped({"a": 1e21}).ordinary
    assert not mapped({"@flatten": {"value": {"@path": "$.properties.tags"}, "separator": "."}}).ordinary


def test_a_mapping_that_grows_without_end_is_left() -> None:
    data: Any = {"a": {"@path": "$.a"}}
    for _ in range(30):
        twice = {"a": {"@template": "{{a}}{{a}}"}}
        data = {"@transform": {"apply": twice, "mapping": data}}
    outcome = compiled({"data": data}).mapped({"a": "xx"}, ordinary=True)
    assert isinstance(outcome, Unmapped)
    assert outcome.code == "MAPPING_NOT_KNOWN"


def test_a_text_of_deep_json_is_left() -> None:
    data = {"a": {"@json": {"mode": "decode", "value": {"@path": "$.a"}}}}
    assert unmapped(data, {"a": "[" * 5000 + "]" * 5000}).code == "MAPPING_NOT_KNOWN"
    assert mapped(data, {"a": "[" * 5000}).data == {"a": "[" * 5000}  # no JSON at all


def test_the_directive_of_a_whole_mapping() -> None:
    mapping: Any = {
        "__segment_internal_directive": {"@transform": {"apply": {"id": {"@path": "$.userId"}}}},
        "data": {"who": {"@path": "$.id"}},
    }
    outcome = compiled(mapping).mapped(EVENT, ordinary=True)
    assert isinstance(outcome, Mapped)
    assert outcome.data == {"who": "u-1"}


def test_nothing_of_an_app_is_changed() -> None:
    before = json.dumps(EVENT)
    mapping: Any = {"data": {"a": {"@replace": {"pattern": "p", "value": {"@path": "$.properties.plan"}}}}}
    text = json.dumps(mapping)
    compiled(mapping).mapped(EVENT, ordinary=True)
    assert (json.dumps(EVENT), json.dumps(mapping)) == (before, text)


@pytest.mark.parametrize(
    ("key", "sends"), [({"toString": 0}, False), ({"a": 1}, True), ("email", True), (None, True)]
)
def test_a_matching_key_without_a_text_stops_every_event(key: Any, sends: bool) -> None:
    mapping: Any = {"data": {"@path": "$."}, "__segment_internal_matching_key": key}
    assert isinstance(compiled(mapping).mapped(EVENT, ordinary=True), Mapped) == sends
