"""What a test expects of a call."""

import json
import math
import operator
import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any, get_args
from unittest.mock import ANY

import pytest
from dirty_equals import IsInt, IsNow, IsPositive, IsStr

from segment_pendo.mapping.catalogue import DROPS, OF_CALLS
from segment_pendo.segment.webhooks import KINDS
from segment_pendo.segment.wire import SDKS
from segment_pendo.testing import literals
from segment_pendo.testing.expectation import (
    ABSENT,
    Expectation,
    alias,
    any_call,
    distance,
    group,
    identify,
    mismatches,
    page,
    screen,
    track,
)
from segment_pendo.testing.results import pendo_after
from segment_pendo.testing.timeline import Arrival, Note, missed, problems, timeline
from segment_pendo.words import Judged

IDENTIFY = {
    "type": "identify",
    "userId": "u1",
    "traits": {
        "plan": "pro",
        "seats": 5,
        "paid": True,
        "gone": None,
        "roles": ["a", {"b": 1}],
        "address": {"city": "Austin", "zip": "1"},
    },
}


def judged(call: dict[str, Any]) -> Judged:
    (event,) = pendo_after([call], sdk="http").events
    assert isinstance(event, Arrival)
    return event.judged


@pytest.mark.parametrize(
    "expected",
    [
        any_call(),
        identify(),
        identify("u1"),
        any_call(user="u1", outcome="webhook"),
        identify(traits={}),
        identify(traits={"plan": "pro", "seats": 5.0, "paid": True, "gone": None}),
        identify(traits={"address": {"city": "Austin"}, "roles": ["a", {}]}),
        identify(traits={"roles": ("a", {"b": 1}), "password": ABSENT}, anonymous=ABSENT),
        identify(user=IsStr(regex="u.*"), traits={"seats": IsInt & IsPositive, "plan": ANY}),
        identify(traits={"seats": Decimal(5)}),
        identify(finding="NESTED_IGNORED"),
    ],
    ids=str,
)
def test_a_subset_matches(expected: Expectation) -> None:
    assert mismatches(expected, judged(IDENTIFY)) == []
    assert expected.matches(judged(IDENTIFY))


@pytest.mark.parametrize(
    ("expected", "path", "values", "hint"),
    [
        (group(), "$.type", ("'group'", "'identify'"), ""),
        (identify("u2"), "$.userId", ("'u2'", "'u1'"), ""),
        (
            identify(traits={"plan": "PRO "}),
            "$.traits.plan",
            ("'PRO '", "'pro'"),
            "they differ only in case or in white space",
        ),
        (
            identify(traits={"seats": "5"}),
            "$.traits.seats",
            ("'5'", "5"),
            "the same, but as number, not as text",
        ),
        (identify(traits={"paid": 1}), "$.traits.paid", ("1", "True"), ""),
        (identify(traits={"paid": Decimal(1)}), "$.traits.paid", ("Decimal('1')", "True"), ""),
        (identify(traits={"seats": True}), "$.traits.seats", ("True", "5"), ""),
        (
            identify(traits={"Plan": "pro"}),
            "$.traits.Plan",
            ("'pro'", "ABSENT"),
            "there is 'plan'; did you mean that?",
        ),
        (
            identify(traits={"se_ats": 5}),
            "$.traits.se_ats",
            ("5", "ABSENT"),
            "there is 'seats'; did you mean that?",
        ),
        (identify(traits={"xyz": None}), "$.traits.xyz", ("None", "ABSENT"), ""),
        (identify(traits={"plan": ABSENT}), "$.traits.plan", ("ABSENT", "'pro'"), ""),
        (
            identify(traits={"roles": ["a"]}),
            "$.traits.roles",
            ("['a']", "['a', {'b': 1}]"),
            "expected 1 item, there are 2",
        ),
        (identify(traits={"roles": ["a", {"b": 2}]}), "$.traits.roles[1].b", ("2", "1"), ""),
        (identify(traits={"address": {"city": "Rome"}}), "$.traits.address.city", ("'Rome'", "'Austin'"), ""),
        (
            identify(traits={"plan": date(2024, 1, 1)}),
            "$.traits.plan",
            ("datetime.date(2024, 1, 1)", "'pro'"),
            "JSON has no dates, so the SDK sent a text; expect that",
        ),
        (identify(outcome="skipped"), "outcome", ("'skipped'", "'webhook'"), ""),
        (
            identify(code="NO_MATCHING_MAPPING"),
            "code",
            ("'NO_MATCHING_MAPPING'", "None"),
            "it was not skipped",
        ),
        (
            identify(finding="ID_NUMERIC"),
            "findings",
            ("'ID_NUMERIC'", "NULL_VALUE, NESTED_IGNORED, IDENTIFY_NO_ACCOUNT"),
            "",
        ),
        (identify(traits=IsNow), "$.traits", ("IsNow", repr(IDENTIFY["traits"])), ""),
    ],
    ids=lambda value: str(value) if isinstance(value, Expectation) else "",
)
def test_a_mismatch_names_the_field_and_what_is_wrong(
    expected: Expectation, path: str, values: tuple[str, str], hint: str
) -> None:
    (found,) = mismatches(expected, judged(IDENTIFY))
    assert (found.path, (found.expected, found.actual), found.hint) == (path, values, hint)


@pytest.mark.parametrize(
    ("expected", "call"),
    [
        (group("acme", user="u1", traits={"n": 1}), {"type": "group", "userId": "u1", "groupId": "acme",
            "traits": {"n": 1}}),
        (track("Paid", properties={"n": 1}), {"type": "track", "userId": "u", "event": "Paid",
            "properties": {"n": 1}}),
        (track(code="NO_MATCHING_MAPPING"), {"type": "track", "userId": "u", "event": "Paid"}),
        (page("Home", outcome="skipped"), {"type": "page", "userId": "u", "name": "Home"}),
        (screen("Home", anonymous="a"), {"type": "screen", "anonymousId": "a", "name": "Home"}),
        (alias("new", previous="old"), {"type": "alias", "userId": "new", "previousId": "old"}),
        (any_call(code="no_user_anon_id"), {"type": "identify", "traits": {}}),
    ],
    ids=lambda value: str(value) if isinstance(value, Expectation) else "",
)  # fmt: skip
def test_every_type_of_call_can_be_expected(expected: Expectation, call: dict[str, Any]) -> None:
    assert mismatches(expected, judged(call)) == []
    assert mismatches(expected, judged({"type": "identify", "userId": "other"})) != []


def test_an_id_that_came_as_another_one() -> None:
    (found,) = mismatches(identify("u1"), judged({"type": "identify", "anonymousId": "u1"}))
    assert (found.path, found.actual, found.hint) == ("$.userId", "ABSENT", "it came as anonymousId")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"finding": "NESTED_IGNORE"}, "there is no finding 'NESTED_IGNORE'; did you mean 'NESTED_IGNORED'?"),
        ({"code": "NESTED_IGNORED"}, "there is no code 'NESTED_IGNORED'; there are "),
        ({"outcome": "skiped"}, "there is no outcome 'skiped'; did you mean 'skipped'?"),
    ],
)
def test_a_code_that_there_is_none_of(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        identify(**given)


def test_words_are_the_code_that_made_it() -> None:
    expected = track("Paid", user="u1", properties={"sum": 1}, code="unknown_type")
    assert str(expected) == "track(event='Paid', user='u1', properties={'sum': 1}, code='unknown_type')"
    assert eval(str(expected)) == expected


def test_a_huge_expectation_is_cut_where_it_is_told() -> None:
    assert len(str(identify(traits={"text": "x" * 100_000}))) == 500


def test_the_type_and_ids_weigh_more_than_traits() -> None:
    other_user = distance(mismatches(identify("u2"), judged(IDENTIFY)))
    other_traits = distance(
        mismatches(identify("u1", traits={"plan": "x", "seats": 1, "paid": 0}), judged(IDENTIFY))
    )
    other_type = distance(mismatches(group(user="u1"), judged(IDENTIFY)))
    assert 0 < other_traits < other_user < other_type


def test_of_equally_near_calls_the_last_is_shown() -> None:
    events = pendo_after([{"type": "identify", "userId": name} for name in ("a", "b", "c")]).events
    assert "nearest: identify user c" in list(missed(identify("x"), events))
    assert "nearest: identify user b" in list(missed(identify("b", traits={"plan": "pro"}), events))


# --- what stands around it ---


def test_a_long_timeline_keeps_its_end_and_the_nearest_call() -> None:
    events = pendo_after([{"type": "identify", "userId": f"u{n}"} for n in range(100)]).events
    lines = timeline(events, events[3])
    assert lines[0] == "    (69 earlier ones not shown)"
    assert lines[1].split()[:1] == [">"]
    assert "user u3 " in lines[1]
    assert len(lines) == 32
    assert "user u99 " in lines[-1]
    assert "user u70 " in lines[2]


def test_a_hostile_value_breaks_no_line() -> None:
    (line,) = timeline(pendo_after([{"type": "identify", "userId": "a\n\x1b[31mb"}]).events)
    assert "a\\x0a\\x1b[31mb" in line


def test_problems_by_level() -> None:
    calls: list[dict[str, Any]] = [
        {"type": "identify", "userId": "undefined", "traits": {"a": {}}},
        {"type": "group", "userId": "u", "traits": {}},
        {"type": "identify"},
    ]
    events = [*pendo_after(calls).events, Note(0.0, "refused", wrong=True), Note(0.0, "a fault")]
    by_level = {level: problems(events, level) for level in ("error", "warning", "info")}
    assert by_level["error"][-1] == "refused"
    assert "Segment drops it, no_user_anon_id" in "".join(by_level["error"])
    assert "warning" not in "".join(by_level["error"])
    assert "warning ID_SUSPICIOUS" in "".join(by_level["warning"])
    assert set(by_level["error"]) < set(by_level["warning"]) <= set(by_level["info"])


def test_pendo_after_is_the_same_each_time_whatever_the_sdk() -> None:
    calls: list[dict[str, Any]] = [
        IDENTIFY,
        {"type": "group", "userId": "u1", "groupId": "acme", "traits": {"name": "Acme"}},
    ]
    assert pendo_after(calls).calls == pendo_after(calls).calls
    snapshots = [pendo_after(calls, sdk=sdk).snapshot() for sdk in ("node", "python", "http", "ruby")]
    kept = [(made["visitors"], made["accounts"], made["findings"]) for made in snapshots]
    assert kept[0] == kept[1] == kept[2] == kept[3]
    assert list(kept[0][0]) == ["u1"]
    assert kept[0][0]["u1"]["accounts"] == ["acme"]
    assert pendo_after([]).snapshot() == {
        "webhooks": [],
        "skipped": [],
        "findings": [],
        "visitors": {},
        "accounts": {},
    }


def test_pendo_after_takes_the_options_of_run() -> None:
    event = {
        "type": "track",
        "userId": "u1",
        "event": "Paid",
        "properties": {"groupId": "acme"},
        "timestamp": "2024-01-01T00:00:00Z",
    }
    assert [row["code"] for row in pendo_after([event]).calls] == ["NO_MATCHING_MAPPING"]
    assert pendo_after([event], track=True).state()["events"] != []
    assert pendo_after([event], track=True, pendo_track=False).state()["events"] == []
    nested = pendo_after([IDENTIFY], assume={"nested": "underscore"}).visitor("u1")
    assert nested is not None
    assert nested["metadata"]["address_city"] == "Austin"
    headers = pendo_after([IDENTIFY], webhook="classic").calls[0]["headers"]
    assert headers is not None
    assert headers != pendo_after([IDENTIFY]).calls[0]["headers"]
    with pytest.raises(ValueError, match=r"sets no switch\. Did you mean nested"):
        pendo_after([], assume={"nestd": "underscore"})
    with pytest.raises(ValueError, match="there is no SDK 'nodejs'; did you mean 'node'"):
        pendo_after([], sdk="nodejs")  # type: ignore[arg-type]
    for wrong in ({"type": "identify"}, "identify", None):
        with pytest.raises(TypeError, match=r"pendo_after\(\) takes a list of calls"):
            pendo_after(wrong)  # type: ignore[arg-type]
    for call in ("identify", {"userId": "u"}):
        with pytest.raises(TypeError, match="a call is a dict"):
            pendo_after([call])  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("traits", "why"),
    [({"a": math.nan}, "bad_json"), ({"a": math.inf}, "bad_json"), ({"a": "x" * 600_000}, "too_large")],
)
def test_a_request_that_segment_refuses_is_a_problem(traits: dict[str, Any], why: str) -> None:
    results = pendo_after([{"type": "identify", "userId": "u", "traits": traits}], sdk="python")
    assert results.calls == []
    (problem,) = results.problems()
    assert f"answered 400 {why}" in problem


def test_a_value_of_python_becomes_what_the_client_makes_of_it() -> None:
    call = {"type": "identify", "userId": "u", "traits": {"since": date(2024, 5, 9), "tags": ("a",)}}
    visitor = pendo_after([call], sdk="python").visitor("u")
    assert visitor is not None
    assert visitor["metadata"] == {"since": "2024-05-09", "tags": ["a"]}
    with pytest.raises(TypeError, match=r"\$.traits.since is date"):
        pendo_after([call])


# --- patterns and functions ---


@pytest.mark.parametrize(
    ("expected", "matches"),
    [
        (re.compile("ro$"), True),
        (re.compile("^ro"), False),
        (re.compile(b"ro"), False),
        (str.isalpha, True),
        (str.isdigit, False),
        (lambda plan: plan in {"pro", "free"}, True),
        (lambda plan: plan > 5, False),  # raises TypeError
        (partial(operator.eq, "pro"), True),
        (IsStr(regex="p.*"), True),
        (str, False),
    ],
)
def test_patterns_and_functions_match_values(expected: Any, matches: bool) -> None:
    call = judged(IDENTIFY)
    assert identify(traits={"plan": expected}).matches(call) is matches
    assert identify(traits={"seats": re.compile("5")}).matches(call) is False


def test_what_a_pattern_or_a_function_did_not_take_is_told() -> None:
    call = judged(IDENTIFY)

    def is_free(plan: str) -> bool:
        return plan == "free"

    def is_many(plan: Any) -> bool:
        return bool(plan > 5)

    for expected, words, hint in [
        (re.compile("^a"), "a text with /^a/", ""),
        (is_free, "what test_what_a_pattern_or_a_function_did_not_take_is_told.<locals>.is_free accepts", ""),
        (is_many, "is_many accepts", "is_many raised TypeError: "),
    ]:
        (mismatch,) = mismatches(identify(traits={"plan": expected}), call)
        assert mismatch.expected.endswith(words)
        assert hint in mismatch.hint
        assert mismatch.actual == "'pro'"


# --- the types that tests write ---


@pytest.mark.parametrize(
    ("literal", "values"),
    [
        (literals.FindingCode, OF_CALLS),
        (literals.SkipCode, DROPS),
        (literals.Sdk, SDKS),
        (literals.WebhookKind, KINDS),
        (literals.Outcome, ["skipped", "webhook"]),
    ],
)
def test_the_types_hold_what_the_tables_hold(literal: Any, values: Iterable[str]) -> None:
    assert sorted(get_args(literal.__value__)) == sorted(values)


# --- what Pendo does not hold ---


def test_a_record_that_pendo_does_not_hold_is_named() -> None:
    calls: list[dict[str, Any]] = [IDENTIFY, {"type": "group", "userId": "u1", "groupId": "Acme"}]
    after = pendo_after(calls, sdk="http")
    assert (after.visitor("U1"), after.visitor("Acme"), after.account("acme"), after.account("u1")) == (
        None,
    ) * 4
    assert (after.visitor("somebody"), pendo_after([]).account("x")) == (None, None)
    assert after.misses == [
        "Pendo holds no visitor 'U1'; did you mean 'u1'?",
        "Pendo holds no visitor 'Acme'; that is an account",
        "Pendo holds no account 'acme'; did you mean 'Acme'?",
        "Pendo holds no account 'u1'; that is a visitor",
        "Pendo holds no visitor 'somebody'; it holds 'u1'",
    ]


def test_metadata_that_pendo_does_not_hold_names_the_nearest() -> None:
    visitor = pendo_after([IDENTIFY], sdk="http").visitor("u1")
    assert visitor is not None
    metadata = visitor["metadata"]
    for key, words in [
        ("Plan", "'Plan': there is 'plan', as Pendo lower-cases names"),
        ("plann", "'plann': did you mean 'plan'?"),
        ("xyz", "'xyz': Pendo holds 'plan', 'seats', 'paid'"),
    ]:
        with pytest.raises(KeyError) as error:
            metadata[key]
        assert str(error.value).startswith(words)
    assert metadata.get("Plan") is None
    assert json.loads(json.dumps(metadata)) == dict(metadata)


def test_a_function_has_no_address_in_messages() -> None:
    call = judged({"type": "identify", "userId": "u", "traits": {}})
    (mismatch,) = mismatches(identify(traits={"n": lambda n: n > 5}), call)
    assert mismatch.expected == "what test_a_function_has_no_address_in_messages.<locals>.<lambda> accepts"
