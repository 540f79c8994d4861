"""A destination as it is in production: each stage, in Segment's order, on calls as apps send them."""

import json
from typing import Any

import pytest
from destinations import IDENTIFY, TWO, WHOLE, file_of, setup_of

from segment_pendo.base.times import parse
from segment_pendo.mapping.setup import Setup, SetupError
from segment_pendo.recordings.reading.mapped_file import Mapped, Options, mapped
from segment_pendo.segment.functions import Blocked, Returned
from segment_pendo.words import Json, JsonObject

AT: Any = parse("2024-05-09T10:00:00Z")
TRACK = 'type = "track"'


def made(call: Json, setup: Setup) -> list[Mapped]:
    items = [
        item for item in mapped(json.dumps(call).encode(), Options(AT, setup)) if isinstance(item, Mapped)
    ]
    assert items
    return items


def one(call: Json, setup: Setup) -> Mapped:
    (item,) = made(call, setup)
    return item


def body(item: Mapped) -> Any:
    webhook = item.judged.webhook
    assert webhook is not None, item.judged.skipped
    return json.loads(webhook.body)


def codes(item: Mapped) -> set[str]:
    return {finding.code for finding in item.judged.findings}


def why(item: Mapped) -> tuple[str, str]:
    skipped = item.judged.skipped
    assert skipped is not None
    return skipped.code, skipped.reason


def identify(**members: Json) -> Json:
    return {"type": "identify", "userId": "u-1", **members}


def track(**members: Json) -> Json:
    return {"type": "track", "userId": "u-1", "event": "E", **members}


# --- trigger and mapping ---


def test_a_call_that_several_mappings_select_is_a_webhook_for_each() -> None:
    first, second = made(identify(traits={"plan": "pro"}, messageId="m"), setup_of(TWO))
    assert (first.judged.mapping, second.judged.mapping) == ("all", "plan")
    assert body(first)["userId"] == "u-1"
    assert body(second) == {
        "type": "identify",
        "userId": "plan-u-1",
        "traits": {"plan": "pro"},
        "messageId": "m",
    }
    assert [str(item.receipt.ref(item.judged)) for item in (first, second)] == ["1.0", "1.0.2"]
    assert [item.row().get("mapping") for item in (first, second)] == ["all", "plan"]
    webhook = second.judged.webhook
    assert webhook is not None
    assert ("x-mapping", "plan") in webhook.headers
    assert [name for name, _ in webhook.headers].count("content-type") == 1


def test_one_that_a_mapping_does_not_select_is_skipped_with_what_failed() -> None:
    (only,) = made(identify(traits={}), setup_of(TWO))
    assert only.judged.mapping == "all"
    code, reason = why(one({"type": "page", "userId": "u-1"}, setup_of(TWO)))
    assert code == "NO_MATCHING_MAPPING"
    assert '"all": type = "identify" fails: type is "page"' in reason


def test_the_only_mapping_has_no_name_in_rows() -> None:
    assert "mapping" not in one(identify(), setup_of({"mappings": [{"name": "x"}]})).row()


def test_a_mapping_that_is_off_selects_nothing() -> None:
    setup = setup_of({"mappings": [{"enabled": False}]})
    assert why(one(identify(), setup)) == (
        "NO_MATCHING_MAPPING",
        "The destination has no mapping that is on.",
    )


REPAIRS: list[tuple[str, Json, Json]] = [
    (
        "TRACK_NO_GROUP",
        track(context={"groupId": "acme"}, properties={"a": 1}),
        {
            "@merge": {
                "objects": [
                    {"@path": "$."},
                    {"properties": {"a": 1, "groupId": {"@path": "$.context.groupId"}}},
                ],
                "direction": "right",
            }
        },
    ),
    (
        "NESTED_IGNORED",
        identify(traits={"address": {"city": "Brno"}}),
        {
            "@merge": {
                "objects": [
                    {"@path": "$."},
                    {"traits": {"@flatten": {"value": {"@path": "$.traits"}, "separator": "_"}}},
                ],
                "direction": "right",
            }
        },
    ),
    (
        "ANON_IDENTIFY",
        {"type": "identify", "anonymousId": "a-1", "traits": {"plan": "pro"}},
        {
            "@merge": {
                "objects": [{"@path": "$."}, {"userId": {"@template": "anon-{{anonymousId}}"}}],
                "direction": "right",
            }
        },
    ),
]


@pytest.mark.parametrize(("code", "call", "data"), REPAIRS, ids=[repair[0] for repair in REPAIRS])
def test_findings_do_not_scold_what_the_mapping_repairs(code: str, call: Json, data: Json) -> None:
    trigger = f"{TRACK} or {IDENTIFY}"
    assert code in codes(one(call, setup_of({"mappings": [{"trigger": trigger, "mapping": WHOLE}]})))
    assert code not in codes(
        one(call, setup_of({"mappings": [{"trigger": trigger, "mapping": {"data": data}}]}))
    )


def test_a_mapping_without_data_sends_nothing_to_pendo() -> None:
    setup = setup_of({"mappings": [{"mapping": {"data": {"@path": "$.traits.none"}}}]})
    code, reason = why(one(identify(traits={}), setup))
    assert code == "MAPPING_WITHOUT_BODY"
    assert "without a body" in reason


@pytest.mark.parametrize(("kind", "code"), [("actions", "MAPPING_CONTEXT_NULL"), ("classic", None)])
def test_segments_code_fails_on_personas_that_are_null(kind: str, code: str | None) -> None:
    item = one(identify(context={"personas": None}), Setup.of(webhook=kind))
    assert (item.judged.skipped.code if item.judged.skipped else None) == code


def test_big_numbers_and_proto_keep_their_rules_after_mapping() -> None:
    setup = setup_of({"mappings": [{"mapping": {"data": {"type": "identify", "t": {"@path": "$.traits"}}}}]})
    traits = b'{"n":12345678901234567890,"__proto__":{"a":1},"2":1,"1":1.0}'
    call = b'{"type":"identify","userId":"u","traits":' + traits + b"}"
    (item,) = mapped(call, Options(AT, setup))
    assert isinstance(item, Mapped)
    webhook = item.judged.webhook
    assert webhook is not None
    assert webhook.body == b'{"type":"identify","t":{"1":1,"2":1,"n":12345678901234567000}}'
    assert {"NUMBER_CHANGED"} <= codes(item)


# --- the stages before ---


def test_a_destination_that_is_off_gets_nothing() -> None:
    assert why(one(identify(), setup_of({"enabled": False})))[0] == "DESTINATION_DISABLED"


def test_consent_comes_before_the_integrations_object() -> None:
    refused: Json = {"consent": {"categoryPreferences": {"Ads": False}}}
    call = identify(context=refused, integrations={"All": False})
    assert why(one(call, setup_of({"consent": ["Ads"]})))[0] == "FILTERED_BY_CONSENT"
    assert why(one(call, setup_of({})))[0] == "FILTERED_BY_INTEGRATIONS_OBJECT"
    assert "CONSENT_MAY_FILTER" in codes(one(identify(context=refused), Setup()))


def test_filters_come_before_the_trigger() -> None:
    drop_plan: Json = {
        "name": "no plan",
        "if": IDENTIFY,
        "actions": [{"type": "DROP_PROPERTIES", "fields": {"traits": ["plan"]}}],
    }
    setup = setup_of({"filters": [drop_plan], "mappings": [{"trigger": "traits.plan != null"}]})
    assert why(one(identify(traits={"plan": "pro"}), setup))[0] == "NO_MATCHING_MAPPING"


def test_a_filter_that_errs_is_said_loudly() -> None:
    broken: Json = {"name": "odd", "if": "nosuch(event)", "actions": [{"type": "DROP"}]}
    code, reason = why(one(identify(), setup_of({"filters": [broken]})))
    assert code == "FILTER_BROKEN"
    assert "odd" in reason
    assert "shows that nowhere" in reason


def test_a_plan_blocks_and_tells_violations() -> None:
    plan: Json = {
        "rules": [
            {
                "type": "TRACK",
                "key": "E",
                "jsonSchema": {
                    "type": "object",
                    "properties": {"properties": {"type": "object", "required": ["plan"]}},
                },
            }
        ],
        "enforce": {"track": {"allowUnplannedEvents": False}},
    }
    file = file_of({"plan": "plan.json", "mappings": [{"trigger": TRACK}]})
    setup = Setup.of(destination=file, plan=plan)
    code, reason = why(one(track(event="Other"), setup))
    assert (code, reason[:17]) == ("BLOCKED_BY_PLAN", "The tracking plan")
    violating = one(track(properties={}), setup)
    assert "PLAN_VIOLATION" in codes(violating)
    assert body(violating)["context"]["protocols"]["violations"]
    assert Setup().like(setup.described()).described() == setup.described()


# --- the insert function ---


def upper(data: JsonObject, index: int) -> Returned | Blocked:
    if data.get("event") == "secret":
        return Blocked("FUNCTION_EVENT_NOT_SUPPORTED", "onTrack threw EventNotSupported.")
    return Returned(data | {"event": str(data.get("event")).upper()})


def with_function(trigger: str, *assume: str) -> Setup:
    file = file_of({"function": "function.js", "mappings": [{"trigger": trigger}]})
    return Setup.of(destination=file, function=upper, assume=assume)


def test_a_function_changes_the_event_before_the_trigger_sees_it() -> None:
    assert body(one(track(event="go"), with_function('event = "GO"')))["event"] == "GO"
    assert why(one(track(event="go"), with_function('event = "go"')))[0] == "NO_MATCHING_MAPPING"


def test_the_other_reading_asks_the_trigger_first() -> None:
    assert body(one(track(event="go"), with_function('event = "go"', "trigger_sees=sent")))["event"] == "GO"
    skipped = one(track(event="go"), with_function('event = "GO"', "trigger_sees=sent"))
    assert why(skipped)[0] == "NO_MATCHING_MAPPING"
    assert skipped.judged.function is None, "it was not asked"


def test_a_function_blocks_with_its_reason() -> None:
    item = one(track(event="secret"), with_function(TRACK))
    assert why(item) == ("FUNCTION_EVENT_NOT_SUPPORTED", "onTrack threw EventNotSupported.")
    assert item.judged.function == {
        "code": "FUNCTION_EVENT_NOT_SUPPORTED",
        "reason": "onTrack threw EventNotSupported.",
    }


# --- the setup ---


@pytest.mark.parametrize("twice", [{"track": True}, {"webhook": "classic"}, {"pendo_track": False}])
def test_what_the_file_says_is_not_said_twice(twice: dict[str, Any]) -> None:
    with pytest.raises(SetupError, match="the destination file says this"):
        setup_of({}, **twice)


def test_a_switch_of_the_command_counts_more_than_that_of_the_file() -> None:
    setup = setup_of(
        {"assume": {"nested": "dot", "consent_empty": "delivered"}}, assume={"nested": "ignored"}
    )
    assert (setup.pendo.nested, setup.switches.consent_empty) == ("ignored", "delivered")


def test_the_classic_destination_sends_every_call() -> None:
    assert body(one({"type": "page", "userId": "u-1"}, setup_of({"kind": "classic"})))["type"] == "page"


def test_without_the_setting_in_pendo_a_track_call_has_no_effect() -> None:
    setup = setup_of({"pendo_track": False, "mappings": [{"trigger": TRACK}]})
    assert "TRACK_NOT_ENABLED" in codes(one(track(), setup))
