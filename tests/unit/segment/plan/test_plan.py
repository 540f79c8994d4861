"""Tracking plans: reading them, which rule judges a call, what is blocked or taken out."""

import json
from typing import Any

import pytest

from segment_pendo.segment.plan.plan import Blocked, Passed, Plan, PlanError, read

SIGNED_UP = {
    "type": "object",
    "properties": {
        "properties": {
            "type": "object",
            "properties": {"plan": {"type": "string", "enum": ["pro", "free"]}, "seats": {"type": "number"}},
            "required": ["plan"],
        }
    },
}
PERSON = {"properties": {"traits": {"properties": {"email": {"type": "string", "format": "email"}}}}}


def rule(type: str, key: str = "", schema: Any = True, version: int = 1) -> dict[str, Any]:
    return {"type": type, "key": key, "version": version, "jsonSchema": schema if schema is not True else {}}


def plan(*rules: Any, **enforce: Any) -> Plan:
    return read({"rules": list(rules) or [rule("TRACK", "Signed Up", SIGNED_UP)], "enforce": enforce})


def track(event: str = "Signed Up", **properties: Any) -> dict[str, Any]:
    return {"type": "track", "event": event, "properties": properties}


def passed(judged: Passed | Blocked) -> Passed:
    assert isinstance(judged, Passed), judged
    return judged


def blocked(judged: Passed | Blocked) -> Blocked:
    assert isinstance(judged, Blocked), judged
    return judged


def codes(judged: Passed | Blocked) -> list[tuple[str, str]]:
    return [(one.code, one.path) for one in judged.violations]


# --- which rule judges ---


def test_a_call_that_fits_stays_the_same_object() -> None:
    call = track(plan="pro")
    judged = passed(plan().judged(call))
    assert judged == Passed(call)
    assert judged.data is call


def test_a_violation_is_told_but_passes() -> None:
    judged = passed(plan().judged(track(plan=1)))
    assert codes(judged) == [("PLAN_VIOLATION", "$.properties.plan"), ("PLAN_VIOLATION", "$.properties.plan")]
    assert judged.violations[0].message in {
        '$.properties.plan is number, not string, by the rule for "Signed Up".',
        '$.properties.plan is not one of pro, free, by the rule for "Signed Up".',
    }
    assert judged.data["properties"] == {"plan": 1}


def test_the_case_of_an_event_counts() -> None:
    judged = passed(plan().judged(track("signed up")))
    assert codes(judged) == [("PLAN_UNPLANNED_EVENT", "$.event")]
    assert judged.violations[0].message == 'The plan has no event "signed up"; did you mean "Signed Up"?'


def test_the_oldest_version_judges_unless_a_call_names_another() -> None:
    first, second = (
        {"properties": {"properties": {"required": ["a"]}}},
        {"properties": {"properties": {"required": ["b"]}}},
    )
    both = plan(rule("TRACK", "x", second, 2), rule("TRACK", "x", first, 1))

    def asked(version: Any) -> list[str]:
        call = track("x") | {"context": {"protocols": {"event_version": version}}}
        return [one.path for one in both.judged(call).violations]

    assert asked(2) == asked(2.0) == ["$.properties.b"]
    assert asked(1) == asked(3) == asked("2") == asked(True) == asked(None) == ["$.properties.a"]


def test_pages_are_judged_by_their_own_rule_or_by_page_viewed() -> None:
    needs = {"properties": {"properties": {"required": ["path"]}}}
    page: Any = {"type": "page", "name": "Home", "properties": {}}
    assert codes(plan(rule("TRACK", "Page Viewed", needs)).judged(page)) == [
        ("PLAN_VIOLATION", "$.properties.path")
    ]
    assert codes(plan(rule("TRACK", "Page Viewed", needs), rule("PAGE")).judged(page)) == []
    assert codes(plan(rule("TRACK", "Screen Viewed", needs)).judged(page)) == []


def test_the_rule_for_all_calls_sees_the_whole_call() -> None:
    needs = {"required": ["anonymousId"], "properties": {"context": {"required": ["device"]}}}
    call: Any = {"type": "alias", "context": {}}
    assert set(codes(plan(rule("COMMON", schema=needs)).judged(call))) == {
        ("PLAN_VIOLATION", "$.context.device"),
        ("PLAN_VIOLATION", "$.anonymousId"),
    }


def test_without_rules_for_events_no_event_is_unplanned() -> None:
    assert codes(plan(rule("COMMON")).judged(track("anything"))) == []


# --- schema controls ---


def test_unplanned_events_are_blocked() -> None:
    judged = blocked(plan(track={"allowUnplannedEvents": False}).judged(track("other")))
    assert judged.code == "BLOCKED_BY_PLAN"
    assert judged.reason == "the tracking plan has no such event, and track.allowUnplannedEvents is false."


def test_violating_events_are_blocked() -> None:
    judged = blocked(plan(track={"allowEventOnViolations": False}).judged(track()))
    assert judged.reason == "$.properties.plan is required, and track.allowEventOnViolations is false."


def test_unplanned_properties_are_taken_out_and_told() -> None:
    call = track(plan="pro", Plan="x", other={"a": 1}) | {"context": {"ip": "1.2.3.4"}}
    judged = passed(plan(track={"allowUnplannedEventProperties": False}).judged(call))
    assert judged.data["properties"] == {"plan": "pro"}
    assert judged.data["context"] == {
        "ip": "1.2.3.4",
        "protocols": {"omitted": ["properties.Plan", "properties.other"]},
    }
    assert judged.omitted == (("properties", "Plan"), ("properties", "other"))
    assert codes(judged) == [("PLAN_OMITTED", "$.properties.Plan"), ("PLAN_OMITTED", "$.properties.other")]
    assert call["properties"] == {"plan": "pro", "Plan": "x", "other": {"a": 1}}


def test_what_violates_is_taken_out_and_told() -> None:
    call = track(plan="pro", seats="5") | {"context": {"protocols": {"event_version": 1}}}
    judged = passed(plan(track={"allowPropertiesOnViolations": False}).judged(call))
    assert judged.data["properties"] == {"plan": "pro"}
    assert judged.data["context"] == {
        "protocols": {
            "event_version": 1,
            "violations": [
                {
                    "type": "Invalid Type",
                    "field": "properties.seats",
                    "description": "properties.seats is string, not number",
                }
            ],
            "omitted_on_violation": ["properties.seats"],
        }
    }


def test_of_a_list_the_member_in_an_element_goes_or_the_whole_list() -> None:
    schema = {
        "properties": {
            "properties": {
                "properties": {
                    "items": {"items": {"properties": {"price": {"type": "number"}}}},
                    "tags": {"items": {"type": "string"}},
                }
            }
        }
    }
    call = track("x", items=[{"price": "1", "id": 1}, {"price": 2}], tags=["a", 1])
    judged = passed(
        plan(rule("TRACK", "x", schema), track={"allowPropertiesOnViolations": False}).judged(call)
    )
    assert judged.data["properties"] == {"items": [{"id": 1}, {"price": 2}]}
    assert set(judged.omitted) == {("properties", "items", 0, "price"), ("properties", "tags")}


def test_traits_follow_the_controls_of_their_type() -> None:
    people = plan(rule("IDENTIFY", schema=PERSON), identify={"allowUnplannedTraits": False})
    judged = passed(people.judged({"type": "identify", "traits": {"email": "x", "a": 1}}))
    assert judged.data["traits"] == {"email": "x"}
    assert passed(people.judged({"type": "group", "traits": {"a": 1}})).data["traits"] == {"a": 1}


def test_without_a_rule_all_traits_are_unplanned() -> None:
    judged = passed(
        plan(rule("TRACK", "x"), group={"allow_unplanned_traits": False}).judged(
            {"type": "group", "traits": {"a": 1}}
        )
    )
    assert judged.data["traits"] == {}


def test_names_behind_a_reference_or_in_a_branch_or_by_pattern_are_planned() -> None:
    schema = {
        "definitions": {"d": {"properties": {"a": {}}, "anyOf": [{"patternProperties": {"^x_": {}}}]}},
        "properties": {"properties": {"$ref": "#/definitions/d"}},
    }
    judged = passed(
        plan(rule("TRACK", "x", schema), track={"allowUnplannedEventProperties": False}).judged(
            track("x", a=1, x_y=1, b=1)
        )
    )
    assert judged.data["properties"] == {"a": 1, "x_y": 1}


@pytest.mark.parametrize(
    ("kind", "word", "left"), [("track", "OMIT_PROPERTIES", {}), ("identify", "OMIT_TRAITS", {"n": "x"})]
)
def test_what_violates_the_rule_for_all_is_taken_out(kind: str, word: str, left: Any) -> None:
    schema = {"properties": {"properties": {"properties": {"n": {"type": "number"}}}}}
    common = plan(rule("COMMON", schema=schema), **{kind: {"commonEventOnViolations": word}})
    judged = passed(common.judged({"type": kind, "event": "x", "properties": {"n": "x"}}))
    assert judged.data["properties"] == {}
    blocking = plan(rule("COMMON", schema=schema), **{kind: {"commonEventOnViolations": "BLOCK"}})
    assert isinstance(blocking.judged({"type": kind, "event": "x", "properties": {"n": "x"}}), Blocked)


def test_a_context_that_is_no_object_is_left_alone() -> None:
    call = track(plan="pro", x=1) | {"context": "text"}
    judged = passed(plan(track={"allowUnplannedEventProperties": False}).judged(call))
    assert judged.data == track(plan="pro") | {"context": "text"}


# --- shapes of files ---


def test_the_shapes_of_segments_api_and_of_terraform_are_the_same_plan() -> None:
    mine = rule("TRACK", "Signed Up", SIGNED_UP)
    terraform = {"type": "TRACK", "key": "Signed Up", "version": 1, "json_schema": json.dumps(SIGNED_UP)}
    shapes: Any = (
        [mine],
        {"data": {"rules": [mine], "pagination": {"current": "a"}}},
        {"id": "tp_1", "name": "n", "type": "LIVE", "rules": [terraform]},
    )
    for value in shapes:
        assert codes(read(value).judged(track())) == [("PLAN_VIOLATION", "$.properties.plan")]


def test_one_schema_is_a_plan_for_all_calls() -> None:
    schema: Any = {"$schema": "http://json-schema.org/draft-07/schema#", "required": ["userId"]}
    both = read(schema | {"enforce": {"group": {"commonEventOnViolations": "BLOCK"}}})
    assert codes(both.judged({"type": "identify"})) == [("PLAN_VIOLATION", "$.userId")]
    assert isinstance(both.judged({"type": "group"}), Blocked)


def schema_of(**keywords: Any) -> Any:
    return {"rules": [rule("TRACK", "x", {"properties": {"a": keywords}})]}


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (1, "at $, an object with rules, or a JSON Schema, is expected."),
        ({}, "at $, there are neither rules nor a JSON Schema; give one of them."),
        ({"rulez": []}, "at $.rulez, did you mean rules?"),
        ({"rules": {}}, "at $.rules, a list of rules is expected, each with type, key and jsonSchema."),
        ({"rules": [rule("TRAC", "a")]}, "expected; did you mean TRACK?"),
        ({"rules": [rule("TRACK")]}, "at $.rules[0].key, a rule of type TRACK needs the name of its event"),
        ({"rules": [{"type": "TRACK", "key": "a"}]}, "at $.rules[0], the rule has no jsonSchema; add it."),
        ({"rules": [rule("PAGE"), rule("PAGE")]}, "at $.rules[1], the rule for page calls has come before"),
        ({"rules": [rule("PAGE") | {"jsonSchem": 1}]}, "did you mean jsonSchema?"),
        ({"rules": [], "enforce": {"tracks": {}}}, "there is no setting 'tracks'; did you mean track?"),
        ({"rules": [], "enforce": {"track": {"allowUnplannedEvents": 1}}}, "true or false is expected."),
        (
            {"rules": [], "enforce": {"group": {"commonEventOnViolations": "OMIT_PROPERTIES"}}},
            "at $.enforce.group.commonEventOnViolations, ALLOW, BLOCK or OMIT_TRAITS is expected.",
        ),
        ({"data": {"rules": [], "pagination": {"next": "x"}}}, "these are not all of the rules"),
        ({"rules": [rule("PAGE") | {"jsonSchema": "{"}]}, "at $.rules[0].jsonSchema, the text is not JSON"),
        (
            schema_of(**{"$ref": "http://x.test/y"}),
            "properties.a.$ref, http://x.test/y is not in this schema",
        ),
        (schema_of(**{"$ref": "#/definitions/x"}), "a $ref leads to nothing; correct it."),
        (schema_of(pattern="["), "properties.a.pattern, [ is not a regular expression that can be used here"),
        (schema_of(pattern="(a{1000}){1000}"), "is not a regular expression that can be used here"),
        (schema_of(maximum="x"), "properties.a.maximum, x is string, not number; correct the schema."),
        (schema_of(**{"$id": "x"}), "a schema within a schema has an $id"),
        ({"$schema": "https://json-schema.org/draft/2020-12/schema"}, "Segment uses draft-07"),
        ({"allOf": [{"$ref": "#"}]}, "applies itself to the same value, for ever"),
    ],
)
def test_what_is_wrong_with_a_plan_is_said(value: Any, says: str) -> None:
    with pytest.raises(PlanError) as failed:
        read(value)
    assert says in str(failed.value)
    assert failed.value.exit_code == 3
