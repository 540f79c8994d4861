"""The line of a call: its columns, the words about its traits, and how good it is."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from destinations import TWO, WHOLE, setup_of

from segment_pendo.explain.rows import call_row, judged_of
from segment_pendo.explain.telling.call_line import CallLine, call_line, refusal
from segment_pendo.explain.telling.teller import Teller
from segment_pendo.mapping.assess import assess
from segment_pendo.mapping.setup import Setup
from segment_pendo.words import Attempt, Judged, Receipt, SdkRequest, State

AT = datetime(2024, 5, 9, 10, 0, 1, 5000, tzinfo=UTC)


def received(*calls: dict[str, Any], setup: Setup | None = None) -> Receipt:
    body = json.dumps({"batch": calls, "writeKey": "WK1234567890"}).encode()
    return assess(SdkRequest("POST", "/v1/batch", body=body), id="r", at=AT, setup=setup or Setup())


def attempt(state: State = "delivered", status: int | None = 200, detail: str = "") -> Attempt:
    return Attempt(1, AT, status, detail, state)


def line_of(call: dict[str, Any], ended: Attempt | None = None, **setup: Any) -> CallLine:
    receipt = received(call, setup=Setup(**setup))
    return call_line(receipt.at, receipt.judged[0], Setup(**setup), ended)


def shown(line: CallLine) -> list[str]:
    return [line.who, line.outcome, *(word.text for word in line.words)]


ANN = {"type": "identify", "userId": "ann"}
LINES: list[tuple[dict[str, Any], list[str], str, str]] = [
    (
        {**ANN, "traits": {"firstName": "A", "address": {"c": 1}, "plan": "pro"}},
        ["ann", "200", "2 of 3 traits", "x address lost", "! firstName -> firstname"],
        "part",
        "warn",
    ),
    ({**ANN, "traits": {"plan": "pro"}}, ["ann", "200", "1 of 1 trait"], "whole", "good"),
    (ANN, ["ann", "200", "no traits"], "whole", "good"),
    (
        {**ANN, "traits": {"A": 1, "B": 2, "C": 3, "D": 4}},
        ["ann", "200", "4 of 4 traits", "! A -> a, B -> b and 2 more"],
        "whole",
        "warn",
    ),
    (
        {**ANN, "traits": {"a": {}, "b": {}, "c": {}}},
        ["ann", "200", "0 of 3 traits", "x a, b and 1 more lost"],
        "part",
        "warn",
    ),
    (
        {"type": "group", "userId": "ann", "groupId": "acme", "traits": {"x": 1}},
        ["acme · ann", "200", "1 of 1 trait"],
        "whole",
        "good",
    ),
    (
        {"type": "group", "anonymousId": "d-1", "groupId": "acme", "traits": {"x": 1}},
        ["acme", "200", "1 of 1 trait", "! GROUP_WITHOUT_USER"],
        "part",
        "warn",
    ),
    (
        {"type": "identify", "anonymousId": "d-1"},
        [
            "(anonymous d-1)",
            "200",
            "Pendo makes nothing of it: there is no userId, which is Pendo's visitor ID",
        ],
        "nothing",
        "warn",
    ),
    (
        {"type": "track", "userId": "ann", "event": "Signed Up"},
        ['"Signed Up" ann', "skip", "not selected (--track)"],
        "skipped",
        "idle",
    ),
    (
        {"type": "page", "userId": "ann", "name": "Home"},
        ['"Home" ann', "skip", "not selected: Pendo documents nothing for page calls from Segment"],
        "skipped",
        "idle",
    ),
    (
        {"type": "identify", "traits": {"a": 1}},
        ["(no id)", "LOST", "Segment drops it: neither userId nor anonymousId"],
        "lost",
        "bad",
    ),
    (
        {"type": "identify", "userId": " u\x1b[2J"},
        ['" u\\x1b[2J"', "200", "no traits", "! ID_WHITESPACE"],
        "part",
        "warn",
    ),
]


@pytest.mark.parametrize(("call", "words", "end", "tone"), LINES, ids=[str(line[1]) for line in LINES])
def test_a_call_that_is_delivered_or_not_even_sent(
    call: dict[str, Any], words: list[str], end: str, tone: str
) -> None:
    line = line_of(call, attempt())
    assert (shown(line), line.end, line.tone) == (words, end, tone)
    assert (line.at, line.kind) == (AT, call["type"])


def test_a_track_call_that_is_sent_is_an_event() -> None:
    call = {"type": "track", "userId": "u", "event": "E", "properties": {"a": 1}}
    line = line_of(call, attempt(), track=True)
    assert shown(line)[:3] == ['"E" u', "200", "track event, 1 property"]


@pytest.mark.parametrize(
    ("ended", "outcome", "tone", "words"),
    [
        (attempt("dead", 403, "p answered 403; Segment would not try again"), "403", "bad", 1),
        (attempt("dead", None, "no answer"), "fail", "bad", 1),
        (attempt("waiting", 503, "p answered 503; tried again in 1 s"), "503", "warn", 1),
        (attempt("held", None, "held back"), "held", "warn", 1),
        (None, "wait", "wait", 2),
    ],
)
def test_a_webhook_that_is_not_delivered_says_why_instead_of_its_traits(
    ended: Attempt | None, outcome: str, tone: str, words: int
) -> None:
    line = line_of({**ANN, "traits": {"a": 1, "b": {}}}, ended)
    assert (line.outcome, line.tone, line.end) == (outcome, tone, "part")
    assert [word.text for word in line.words] == (
        [ended.detail] if ended else ["1 of 2 traits", "x b lost"]
    ), words


def test_a_track_event_in_no_account_is_not_whole() -> None:
    track = {"type": "track", "userId": "ann", "event": "E"}
    line = line_of(track, attempt(), track=True)
    assert (line.end, line.tone) == ("part", "warn")
    assert line.words[-1].text == "! TRACK_NO_GROUP"
    assert line_of({**track, "properties": {"groupId": "acme"}}, attempt(), track=True).end == "whole"


@pytest.mark.parametrize("assume", ["null=removed", "null=ignored", "empty=removed"])
def test_what_has_no_value_is_not_lost(assume: str) -> None:
    setup = Setup.of(assume=[assume])
    call = {**ANN, "traits": {"a": 1, "b": None if assume.startswith("null") else ""}}
    line = call_line(AT, received(call, setup=setup).judged[0], setup, attempt())
    assert "lost" not in " ".join(shown(line))
    assert (line.end, line.tone) == ("whole", "good")


@pytest.mark.parametrize(
    ("triggers", "words"),
    [
        (['type = "group"'], ': type = "group" fails: type is "identify"'),
        (['type = "group" or type = "track"'], ""),
        (['type = "group"', 'type = "track"'], ""),
    ],
)
def test_one_of_several_conditions_is_not_told_as_the_reason(triggers: list[str], words: str) -> None:
    setup = setup_of({"mappings": [{"name": text, "trigger": text, "mapping": WHOLE} for text in triggers]})
    line = call_line(AT, received(ANN, setup=setup).judged[0], setup)
    assert shown(line)[2:] == [f"not selected: no trigger selects this call{words}"]


def test_what_several_mappings_make_of_a_call_says_which() -> None:
    setup = setup_of(TWO)
    receipt = received({**ANN, "traits": {"plan": "pro"}}, setup=setup)
    named = [call_line(receipt.at, judged, setup, attempt()).words[0].text for judged in receipt.each]
    assert named == [f"{judged.mapping}:" for judged in receipt.each]
    assert len(set(named)) == len(named) > 1


def test_the_whole_line_as_a_pipe_gets_it() -> None:
    line = line_of({**ANN, "traits": {"Plan": 1, "a": {}}}, attempt())
    assert line.text("10:00:01") == (
        "10:00:01  identify  ann                       200    1 of 2 traits   x a lost   ! Plan -> plan"
    )
    refused = refusal(AT, "POST /v1/x\x1b", 404, "unknown_path", "It is\nno path.")
    assert refused.text("10:00:01").endswith("404    unknown_path: It is\\x0ano path.")
    assert refused.text("10:00:01").startswith("10:00:01  refused   POST /v1/x\\x1b")


CALLS = [call for call, *_ in LINES if call.get("traits") != {"a": 1}]


@pytest.mark.parametrize("call", CALLS, ids=[str(call)[:60] for call in CALLS])
def test_a_row_makes_the_same_line_as_its_call(call: dict[str, Any]) -> None:
    receipt = received(call)
    (judged,) = receipt.judged
    again: Judged = judged_of(call_row(receipt, judged))  # type: ignore[arg-type]
    assert call_line(receipt.at, again, Setup(), attempt()) == call_line(
        receipt.at, judged, Setup(), attempt()
    )
    assert (again.outcome, again.findings) == (judged.outcome, judged.findings)


def test_a_log_writes_each_code_out_once() -> None:
    track = {"type": "track", "userId": "u", "event": "E"}
    receipt = received({**ANN, "traits": {"a": {}, "c": None}}, track)
    teller = Teller(Setup(), "mitmdump")
    first, second = (
        "\n".join(teller.call(receipt, judged) for judged in receipt.judged).splitlines() for _ in range(2)
    )
    assert first[:2] == [
        "10:00:01.005  identify  ann                       webhook   1 of 2 traits   x a lost",
        f"    warning NESTED_IGNORED at $.traits.a: {receipt.judged[0].findings[0].message}",
    ]
    assert first[-1].endswith("track is off here. Turn it on with --set segment_pendo_track=true.")
    assert first[-1].startswith("    skipped NO_MATCHING_MAPPING: Pendo takes track calls only")
    assert second == [line for line in first if not line.startswith("    ")]
    assert "WK12" not in "".join(first)
