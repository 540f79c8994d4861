"""Destination filters: what they drop and leave, what is said of them, and that nothing makes them raise."""

from typing import Any

import pytest

from segment_pendo.base import js_json
from segment_pendo.segment.filters.filters import (
    ActionSpec,
    Dropped,
    Filters,
    FilterSpec,
    Passed,
    compiled,
)
from segment_pendo.segment.switches import Switches
from segment_pendo.words import JsonObject

DROP = ActionSpec("DROP")
EVENT: JsonObject = {
    "type": "track",
    "userId": "u-1",
    "event": "Order",
    "properties": {
        "email": "a@acme.com",
        "plan": "pro",
        "products": [{"id": 1, "price": 2}, 5, {"price": 3}],
    },
}


def spec(*actions: ActionSpec, condition: str = "all", name: str = "f", enabled: bool = True) -> FilterSpec:
    return FilterSpec(name, condition, actions, enabled)


def without(**fields: Any) -> ActionSpec:
    return ActionSpec("DROP_PROPERTIES", fields=fields)


def only(**fields: Any) -> ActionSpec:
    return ActionSpec("ALLOW_PROPERTIES", fields=fields)


def passed(*specs: FilterSpec, data: JsonObject = EVENT, **switches: str) -> Passed:
    result = compiled(specs, Switches(**switches)).applied(data)
    assert isinstance(result, Passed), result
    return result


def dropped(*specs: FilterSpec, data: JsonObject = EVENT, **switches: str) -> Dropped:
    result = compiled(specs, Switches(**switches)).applied(data)
    assert isinstance(result, Dropped), result
    return result


# --- what happens ---


def test_what_no_filter_meets_is_the_same_object() -> None:
    result = passed(spec(DROP, condition='type = "identify"'), spec(without(traits=["x"]), name="g"))
    assert result.data is EVENT
    assert result.changed_by == ()
    assert passed().data is EVENT


def test_a_drop_names_the_filter_and_the_side_that_holds() -> None:
    condition = 'type = "identify" or contains(properties.email, "@acme.com")'
    result = dropped(spec(DROP, condition=condition, name="Internal people"))
    assert result.code == "FILTERED_BY_DESTINATION_FILTER"
    assert result.reason == (
        'The filter "Internal people" drops the event, as contains(properties.email, "@acme.com") holds.'
    )
    assert dropped(spec(DROP, name="")).reason == "The filter 1 drops every event."


def test_properties_go_from_objects_and_from_every_object_of_a_list() -> None:
    result = passed(
        spec(without(properties=["email", "none"]), name="one"),
        spec(ActionSpec("DROP_PROPERTIES", fields={"properties.products": ["price"]}), name="two"),
        spec(without(traits=["x"]), name="three"),
    )
    assert result.data["properties"] == {"plan": "pro", "products": [{"id": 1}, 5, {}]}
    assert result.changed_by == ('"one"', '"two"')
    assert EVENT["properties"] != result.data["properties"]


def test_only_what_is_allowed_stays() -> None:
    result = passed(
        spec(ActionSpec("ALLOW_PROPERTIES", fields={"": ["type", "properties"], "properties": ["plan"]}))
    )
    assert result.data == {"type": "track", "properties": {"plan": "pro"}}


def test_filters_run_by_the_kinds_of_their_actions_and_see_what_is_left() -> None:
    keep = spec(without(properties=["email"]), condition='properties.plan = "pro"', name="keep")
    narrow = spec(only(properties=["email"]), name="narrow")
    assert passed(narrow, keep).data["properties"] == {}
    result = dropped(keep, spec(DROP, condition="properties.email != null", name="drop"))
    assert '"drop"' in result.reason
    assert '"sample"' in dropped(spec(DROP), spec(ActionSpec("SAMPLE", percent=0), name="sample")).reason


def test_a_filter_that_is_not_enabled_does_nothing_and_is_not_read() -> None:
    filters = compiled([spec(DROP, condition="= =", enabled=False)])
    assert filters.findings == ()
    assert filters.applied(EVENT) == Passed(EVENT)


def test_big_numbers_and_spellings_pass_as_they_came() -> None:
    data: Any = js_json.read(
        b'{"type":"track","properties":{"n":12345678901234567890,"f":0.10000000000000000000001,"x":1}}'
    ).value
    result = passed(spec(without(properties=["x"])), data=data)
    assert (
        js_json.keep(result.data)
        == b'{"type":"track","properties":{"n":12345678901234567890,"f":0.10000000000000000000001}}'
    )


# --- samples ---


def test_a_sample_by_path_keeps_its_share_of_values_and_always_the_same() -> None:
    filters = compiled([spec(ActionSpec("SAMPLE", percent=0.3, path="userId"))])
    events: list[JsonObject] = [{"type": "track", "userId": f"u-{at}"} for at in range(2000)]
    kept = [event for event in events if isinstance(filters.applied(event), Passed)]
    assert 500 < len(kept) < 700
    assert kept == [event for event in events if isinstance(filters.applied(event), Passed)]


def test_the_published_hash_misses_its_percentage() -> None:
    filters = compiled(
        [spec(ActionSpec("SAMPLE", percent=0.9, path="userId"))], Switches(sample_hash="published")
    )
    kept = [isinstance(filters.applied({"userId": f"u-{at}"}), Passed) for at in range(2000)]
    assert sum(kept) == 241  # as npm @segment/tsub 2.0.1 was seen to keep


def test_a_sample_by_lot_is_an_assumption_and_says_so() -> None:
    half = spec(ActionSpec("SAMPLE", percent=0.5), name="half")
    (told,) = passed(half).notes
    assert (told.code, told.level) == ("FILTER_UNCERTAIN", "info")
    assert "sends on 50 % of all events; this one is among them by sample=kept" in told.message
    assert "sample=dropped; Segment draws lots" in dropped(half, sample="dropped").reason
    fates = [
        type(compiled([half], Switches(sample="message_id")).applied({"messageId": f"m-{at}"}))
        for at in range(200)
    ]
    assert 80 < fates.count(Passed) < 120


@pytest.mark.parametrize(("percent", "stays"), [(0, False), (-1, False), (None, False), (1, True), (2, True)])
def test_a_sample_of_all_or_nothing_is_certain(percent: float | None, stays: bool) -> None:
    result = compiled([spec(ActionSpec("SAMPLE", percent=percent))]).applied(EVENT)
    assert result == Passed(EVENT) if stays else isinstance(result, Dropped)


# --- what errs ---


def test_a_condition_that_cannot_be_read_drops_every_event_and_is_said_aloud() -> None:
    filters = compiled([spec(DROP, condition="all", enabled=False), spec(DROP, condition='userId = oops"')])
    (finding,) = filters.findings
    assert (finding.code, finding.level, finding.path) == ("FILTER_INVALID", "error", "$.filters[1].if")
    result = filters.applied(EVENT)
    assert isinstance(result, Dropped)
    assert result.code == "FILTER_BROKEN"
    assert "Segment drops the event and shows that nowhere" in result.reason


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (ActionSpec("DROP_PROPERTIES"), "has no fields"),
        (ActionSpec("ALLOW_PROPERTIES", fields={"properties": 5}), "no list"),
        (ActionSpec("DROP_PROPERTIES", fields={"properties": "plan"}), "no list"),
        (ActionSpec("HASH_PROPERTIES"), "has no action HASH_PROPERTIES"),
    ],
)
def test_an_action_that_lacks_what_it_needs_drops_what_it_meets(action: ActionSpec, words: str) -> None:
    filters = compiled([spec(action, condition='type = "track"')])
    (finding,) = filters.findings
    assert (finding.code, finding.path) == ("FILTER_INVALID", "$.filters[0].actions")
    result = filters.applied(EVENT)
    assert isinstance(result, Dropped)
    assert (result.code, words in result.reason) == ("FILTER_BROKEN", True)
    assert filters.applied({"type": "identify"}) == Passed({"type": "identify"})


def test_in_without_a_list_errs() -> None:
    assert dropped(spec(DROP, condition='"a" in properties.tags')).code == "FILTER_BROKEN"


def test_allow_filters_that_share_nothing_and_filters_without_actions_are_told() -> None:
    filters = compiled(
        [spec(only(properties=["a"]), name="a"), spec(only(properties=["b"]), name="b"), spec()]
    )
    assert [(one.code, one.path) for one in filters.findings] == [
        ("FILTER_EMPTY", "$.filters[2].actions"),
        ("FILTER_CONFLICT", "$.filters[1].actions"),
    ]
    assert 'The filters "a" and "b" allow nothing in common at properties' in filters.findings[1].message
    assert (
        compiled([spec(only(properties=["a"])), spec(only(properties=["b", "a"]), name="b")]).findings == ()
    )


# --- hostile filters and events ---


@pytest.mark.parametrize(
    "condition",
    [
        "", " ", "(" * 5000, "!(" * 5000, "[" * 5000, "a" * 200_000, '"', "\x00", "\ud800", "and", "b.", "f(",
        "nope(a)", "length()", "- = 1", "type = 'track' AND a = 1", "a in", "=" * 999, "true.x.y(", "1.2.3",
    ],
)  # fmt: skip
def test_a_condition_of_any_kind_is_read_or_refused(condition: str) -> None:
    filters: Filters = compiled([spec(DROP, condition=condition, name="\x1b[2J" * 100)])
    (finding,) = filters.findings
    assert finding.code == "FILTER_INVALID"
    assert len(finding.message) < 800
    assert finding.message.isprintable()
    result = filters.applied(EVENT)
    assert isinstance(result, Dropped)
    assert result.reason.isprintable()


def test_deep_events_and_javascripts_own_members_do_not_raise() -> None:
    deep: Any = "x"
    for _ in range(js_json.MAX_DEPTH - 2):
        deep = {"a": deep}
    data: JsonObject = {"type": "track", "properties": deep, "__proto__": {"a": 1}, "constructor": None}
    path = ".".join(["properties"] + ["a"] * 240)
    many = [
        spec(ActionSpec("DROP_PROPERTIES", fields={path: ["a"]})),
        spec(
            ActionSpec(
                "DROP_PROPERTIES", fields={"__proto__": ["a"], "constructor": ["a"], "": ["__proto__"]}
            )
        ),
        spec(DROP, condition="properties = traits or length(properties.constructor) > 1"),
        spec(DROP, condition="!(" * 60 + "true" + ")" * 60 + " and false"),
    ]
    for engine in ("published", "documented"):
        result = passed(*many, data=data, filter_engine=engine)
        assert "__proto__" not in result.data


# What npm @segment/tsub 2.0.1 says of each.
@pytest.mark.parametrize(
    "condition",
    [
        "properties.plan.constructor.name = 'String'",
        "properties.plan.toString.length = 0",
        "properties.plan.trimLeft.name = 'trimStart'",
        "typeof(properties.plan.constructor.prototype) = 'object'",
        "typeof(properties.constructor.__proto__) = 'function'",
        "properties.__proto__.__proto__ = null",
        "length(properties.products.__proto__) = 0",
    ],
)
def test_a_path_leads_through_javascripts_own_members(condition: str) -> None:
    dropped(spec(DROP, condition=condition), filter_engine="published")


@pytest.mark.parametrize("member", ["caller", "arguments"])
def test_a_member_that_javascript_refuses_breaks_the_filter(member: str) -> None:
    condition = f"properties.constructor.{member} = 1"
    result = dropped(spec(DROP, condition=condition), filter_engine="published")
    assert result.code == "FILTER_BROKEN"
    assert f"the member {member} of a function may not be read" in result.reason


def test_a_name_that_has_no_text_breaks_the_filter() -> None:
    result = dropped(spec(without(properties=[{"toString": 1}])), filter_engine="published")
    assert result.code == "FILTER_BROKEN"


def test_a_long_condition_of_many_sides_is_read() -> None:
    condition = " or ".join(f'event = "E{at}"' for at in range(3000))
    assert 'event = "E2999" holds' in dropped(spec(DROP, condition=condition), data={"event": "E2999"}).reason


def test_telling_what_holds_does_not_read_a_side_that_errs() -> None:
    condition = 'lowercase(event) or "a" in userId'
    result = dropped(spec(DROP, condition=condition), filter_engine="published")
    assert "as lowercase(event) holds" in result.reason
