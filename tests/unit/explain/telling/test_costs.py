"""What to put right first."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from segment_pendo.cli.terminal.call_summary import summary
from segment_pendo.cli.terminal.telling import Telling
from segment_pendo.explain.telling.costs import Costs, Subject
from segment_pendo.explain.why.answers import answer
from segment_pendo.explain.why.traces import Seen
from segment_pendo.explain.why.whys import Question, Whys
from segment_pendo.mapping.assess import assess
from segment_pendo.mapping.catalogue import FINDINGS
from segment_pendo.mapping.earlier import EarlierCalls
from segment_pendo.mapping.setup import Setup
from segment_pendo.words import Attempt, SdkRequest

AT = datetime(2024, 5, 9, tzinfo=UTC)


def costs_of(*calls: dict[str, Any]) -> Costs:
    body = json.dumps({"batch": calls}).encode()
    costs = Costs()
    for judged in assess(SdkRequest("POST", "/v1/batch", body=body), id="r", at=AT, setup=Setup()).each:
        costs.call(judged)
    return costs


def test_each_code_once_losses_first_then_errors_and_then_by_the_number_of_calls() -> None:
    nested = {"type": "identify", "userId": "ann", "traits": {"a": {"x": 1}, "b": {}, "n": None}}
    track = {"type": "track", "userId": "ann", "event": "E"}
    costs = costs_of({"type": "identify"}, track, track, track, nested, {**nested, "userId": "bob"})
    assert [(cost.code, cost.calls, cost.is_loss) for cost in costs.first()] == [
        ("no_user_anon_id", 1, True),
        ("NESTED_IGNORED", 2, True),
        ("NO_MATCHING_MAPPING", 3, False),
    ]
    first = costs.first()[1]
    assert (first.names, first.others, first.subject) == (["a", "b"], False, Subject("ann", "a", False))
    assert first.text.startswith("Pendo ignores objects")
    assert costs.infos()["NULL_VALUE"] == 2


@pytest.mark.parametrize("code", [code for code, found in FINDINGS.items() if found.level != "info"])
def test_why_is_named_only_where_it_says_the_finding(code: str) -> None:
    example = FINDINGS[code].example
    if not example.startswith("{"):
        return  # no call shows it
    for setup in (Setup(), Setup.of(track=True)):
        body = json.dumps({"batch": [json.loads(line) for line in example.splitlines()]}).encode()
        receipt = assess(SdkRequest("POST", "/v1/batch", body=body), id="r", at=AT, setup=setup)
        costs, each = Costs(), [*EarlierCalls(setup).annotated(receipt).each]
        for judged in each:
            costs.call(judged)
        for cost in costs.first():
            if cost.code == code and cost.subject is not None:
                name, trait, is_group = cost.subject
                whys = Whys(Question("account" if is_group else "visitor", name, trait))
                for judged in each:
                    whys.take(Seen("r", receipt.at, judged, setup))
                assert answer(whys.answer()).there is not cost.told_by_why


def test_calls_that_nobody_selects_are_nothing_to_put_right() -> None:
    page, alias = {"type": "page", "userId": "ann"}, {"type": "alias", "userId": "ann", "previousId": "a"}
    costs = costs_of(page, page, {"type": "screen", "userId": "ann"}, alias)
    assert (costs.first(), costs.infos()) == ([], {"NO_MATCHING_MAPPING": 4})


def test_a_code_is_told_once() -> None:
    page, track = {"type": "page", "userId": "ann"}, {"type": "track", "userId": "ann", "event": "E"}
    said = [*summary(4, 0, Telling(lambda _: None), costs_of(track, page, page, {"type": "page"}), "")]
    (line,) = [line for line in said if "NO_MATCHING_MAPPING:" in line]
    assert line.startswith("  1 call  NO_MATCHING_MAPPING: ")
    assert line.endswith(" Turn it on with --track. Also in 2 calls for which nothing need be done.")
    assert not [line for line in said if line.startswith("to know:") and "NO_MATCHING" in line]


def test_where_only_the_first_call_tells_it_the_number_is_not_that_of_all_calls() -> None:
    setup = Setup.of(track=True, pendo_track=False)
    track = {"type": "track", "userId": "ann", "event": "E"}
    calls = [track, track, {"type": "identify", "userId": "ann", "traits": {"firstName": "Ann"}}]
    body = json.dumps({"batch": calls}).encode()
    receipt = assess(SdkRequest("POST", "/v1/batch", body=body), id="r", at=AT, setup=setup)
    costs, telling = Costs(), Telling(lambda _: None)
    for judged in EarlierCalls(setup).annotated(receipt).each:
        costs.call(judged)
    first = {cost.code: (cost.calls, cost.once) for cost in costs.first()}
    said = [*summary(3, 0, telling, costs, "")]
    assert first == {"TRACK_NO_GROUP": (2, False), "TRACK_NOT_ENABLED": (1, True)}
    assert any(line.startswith("  first seen in 1 call  TRACK_NOT_ENABLED: ") for line in said)
    assert any(line.startswith("  2 calls  TRACK_NO_GROUP: ") for line in said)
    assert "KEY_LOWERCASED (first seen in 1 call)" in said[-1]


def test_of_many_traits_the_first_three_are_named() -> None:
    traits = {name: {"x": 1} for name in "abcde"}
    (cost,) = costs_of({"type": "group", "userId": "u", "groupId": "acme", "traits": traits}).first()
    assert (cost.calls, cost.names, cost.others) == (1, ["a", "b", "c"], True)
    assert cost.subject == Subject("acme", "a", True)


def test_nobody_types_an_id_that_no_command_line_takes() -> None:
    for user in ("x" * 300, "a\x1b[2J", 7):
        for cost in costs_of({"type": "identify", "userId": user, "traits": {"a": {"b": 1}}}).first():
            assert cost.subject is None, user


def test_webhooks_that_are_given_up_count_by_the_answer() -> None:
    costs = Costs()
    for status in (403, None, 403):
        costs.given_up(Attempt(1, AT, status, "p\n refused", "dead"))
    assert [(cost.code, cost.calls, cost.text, cost.is_answer) for cost in costs.first()] == [
        ("answer 403", 2, "p\\x0a refused", True),
        ("no answer", 1, "p\\x0a refused", True),
    ]
