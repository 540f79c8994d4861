"""What earlier webhooks say about one: ids, people, fields, in bounded memory."""

import json
from pathlib import Path
from typing import Any

import pytest

from segment_pendo.base.times import parse
from segment_pendo.mapping.assess import assess
from segment_pendo.mapping.earlier import EarlierCalls
from segment_pendo.mapping.setup import Setup
from segment_pendo.pendo.across import Across
from segment_pendo.recordings.reading.mapped_file import Mapped, Options, mapped
from segment_pendo.recordings.recorder import Recorder
from segment_pendo.serve.relay import Relay
from segment_pendo.words import SdkRequest

AT: Any = parse("2024-05-09T10:00:00Z")
LONG = "x" * 128


def identify(user: Any = "u", **traits: Any) -> dict[str, Any]:
    return {"type": "identify", "userId": user, "traits": traits}


def group(user: Any = "u", account: Any = "g", **traits: Any) -> dict[str, Any]:
    return {"type": "group", "userId": user, "groupId": account, "traits": traits}


def track(event: str) -> dict[str, Any]:
    return {"type": "track", "userId": "u", "event": event}


def codes(*events: dict[str, Any], **how: Any) -> list[list[str]]:
    memory = Across(**how)
    return [[finding.code for finding in memory.examine(event)] for event in events]


ALONE, EARLY, SWITCH = "IDENTIFY_NO_ACCOUNT", "GROUP_BEFORE_IDENTIFY", "ACCOUNT_SWITCH"
LOWER = "KEY_LOWERCASED"
CASES: list[tuple[list[dict[str, Any]], list[list[str]]]] = [
    ([identify(), identify(), group(), identify()], [[ALONE], [], [], []]),
    ([group(), group(), identify()], [[EARLY], [], []]),
    ([group("u"), group("v"), identify("v")], [[EARLY], [EARLY], []]),
    ([identify("Ann"), identify("ann"), identify("Ann")], [[ALONE], ["ID_CASE_VARIANT", ALONE], []]),
    ([identify(), group("u", "Acme"), group("u", "acme")], [[ALONE], [], ["ID_CASE_VARIANT",
        "ACCOUNT_SWITCH"]]),
    ([identify(), group("u", "a"), group("u", "b"), group("u", "b"), group("u", "a")], [[ALONE], [],
        [SWITCH], [], [SWITCH]]),
    ([identify("x"), group("x", "Acme"), identify("Acme")], [[ALONE], [], [ALONE]]),
    ([identify(LONG + "a"), identify(LONG + "b"), identify(LONG)], [[ALONE], ["ID_COLLISION"],
        ["ID_COLLISION"]]),
    ([identify("é" * 64 + "a"), identify("é" * 64 + "b")], [[ALONE], ["ID_COLLISION"]]),
    ([identify(planName=1), identify(planname=1), identify(planName=1)], [[ALONE, LOWER],
        ["KEY_CASE_VARIANT"], []]),
    ([identify(plan=1), *[identify(Plan=1)] * 2, identify(PLAN=1)], [[ALONE], ["KEY_CASE_VARIANT"], [],
        ["KEY_CASE_VARIANT"]]),
    ([identify(planName=1), identify(planName=2), identify("v", planName=3)], [[ALONE, LOWER], [], [ALONE]]),
    ([identify(plan=1), group(plan=1), group(Plan=1)], [[ALONE], [], ["KEY_CASE_VARIANT"]]),
    ([identify(a=1), identify(a="x"), identify(a=None), identify(a=2)], [[ALONE], ["TYPE_CHANGED"], [], []]),
    ([identify(a=None), identify(a=True), identify(a=1)], [[ALONE], [], ["TYPE_CHANGED"]]),
    ([identify(a=1.5), identify(a=2)], [[ALONE], []]),
    ([identify(a=1), group(a="x")], [[ALONE], []]),
    ([identify(a={"b": 1}), identify(a=1)], [[ALONE], []]),
    ([identify(None), identify(" "), group(None), group("u", None), group(" ", "g")], [[], [], [], [], []]),
]  # fmt: skip


@pytest.mark.parametrize(("events", "expected"), CASES)
def test_what_earlier_events_say(events: list[dict[str, Any]], expected: list[list[str]]) -> None:
    assert codes(*events) == expected


def test_from_whole_numbers_to_fractions_is_only_worth_knowing() -> None:
    memory = Across()
    memory.examine(identify(price=1))
    (wider,) = memory.examine(identify(price=1.5))
    (other,) = memory.examine(identify(price="1.5"))
    assert [(one.code, one.level) for one in (wider, other)] == [
        ("TYPE_CHANGED", "info"),
        ("TYPE_CHANGED", "warning"),
    ]
    assert (wider.path, other.path) == ("$.traits.price", "$.traits.price")


def test_track_calls_of_a_subscription_without_the_setting_are_told_once() -> None:
    assert codes(track("a"), track("b"), track=False) == [["TRACK_NOT_ENABLED"], []]
    assert codes(track("a"), track("b")) == [[], []]


def test_too_many_names_of_track_events_are_told_once() -> None:
    found = codes(*(track(f"event {number}") for number in range(5002)))
    assert [number for number, some in enumerate(found) if some] == [5000]
    assert found[5000] == ["TOO_MANY_NAMES"]


def test_a_browser_that_speaks_to_pendo_itself_is_told_once() -> None:
    memory = Across()
    memory.met_device_mode()
    assert [[one.code for one in memory.examine(event)] for event in (track("e"), group(), group())] == [
        [],
        [EARLY, "DUAL_GROUP"],
        [],
    ]


def test_memory_is_bounded_and_says_when_it_forgets() -> None:
    found = codes(*(identify(f"user-{number}") for number in (1, 2, 3, 4, 5, 1)), limit=3)
    assert found == [[ALONE], [ALONE], [ALONE], [ALONE, "HISTORY_CUT"], [ALONE], [ALONE]]


def test_a_group_call_of_the_same_request_counts() -> None:
    def told(*calls: dict[str, Any]) -> list[list[str]]:
        body = json.dumps({"batch": list(calls)}).encode()
        receipt = EarlierCalls().annotated(
            assess(SdkRequest("POST", "/v1/batch", body=body), id="r", at=AT, setup=Setup())
        )
        return [[finding.code for finding in judged.findings] for judged in receipt.judged]

    assert told(identify(a=1), group(a=1)) == [[], []]
    assert told(identify(a=1), group("other", a=1)) == [[ALONE], [EARLY]]


def test_a_run_tells_across_requests() -> None:
    relay = Relay([], setup=Setup(track=True, pendo_track=False), clock=lambda: AT)
    body = b'{"userId": "u", "event": "e", "properties": {"groupId": "g"}}'
    found = [relay.receive(SdkRequest("POST", "/v1/track", body=body)).judged[0].findings for _ in range(2)]
    assert [[finding.code for finding in some] for some in found] == [["TRACK_NOT_ENABLED"], []]


def test_a_recorded_batch_is_read_as_one_request(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    recorder = Recorder(file, setup=Setup())
    body = json.dumps({"batch": [identify(a=1), group(a=1)]}).encode()
    recorder.take(assess(SdkRequest("POST", "/v1/batch", body=body), id="r", at=AT, setup=Setup()))
    recorder.close()
    made = [one for one in mapped(file.read_bytes(), Options(AT, Setup())) if isinstance(one, Mapped)]
    assert [[finding.code for finding in one.judged.findings] for one in made] == [[], []]


def test_findings_across_calls_are_bounded_too() -> None:
    def calls(value: Any) -> str:
        return json.dumps(identify(**{f"k{number}": value for number in range(150)}))

    made = [
        one
        for one in mapped(f"{calls(1)}\n{calls('x')}".encode(), Options(AT, Setup()))
        if isinstance(one, Mapped)
    ]
    found = made[1].judged.findings
    assert (len(found), found[0].code, found[-1].code) == (100, "TYPE_CHANGED", "MORE_FINDINGS")
