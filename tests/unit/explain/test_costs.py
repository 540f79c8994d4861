"""What to put right first."""

import json
from datetime import UTC, datetime
from typing import Any

from segment_pendo.explain.costs import Costs, Subject
from segment_pendo.mapping.assess import assess
from segment_pendo.mapping.setup import Setup
from segment_pendo.words import Attempt, SdkRequest

AT = datetime(2024, 5, 9, tzinfo=UTC)


def costs_of(*calls: dict[str, Any]) -> Costs:
    body = json.dumps({"batch": calls}).encode()
    costs = Costs()
    for judged in assess(SdkRequest("POST", "/v1/batch", body=body), id="r", at=AT, setup=Setup()).each:
        costs.call(judged)
    return costs


def test_each_code_once_losses_first_and_then_by_the_number_of_calls() -> None:
    nested = {"type": "identify", "userId": "ann", "traits": {"a": {"x": 1}, "b": {}, "n": None}}
    page = {"type": "page", "userId": "ann"}
    costs = costs_of({"type": "identify"}, page, page, page, nested, {**nested, "userId": "bob"})
    assert [(cost.code, cost.calls, cost.is_loss) for cost in costs.first()] == [
        ("NESTED_IGNORED", 2, True),
        ("no_user_anon_id", 1, True),
        ("NO_MATCHING_MAPPING", 3, False),
    ]
    first = costs.first()[0]
    assert (first.names, first.others, first.subject) == (["a", "b"], False, Subject("ann", "a", False))
    assert first.text.startswith("Pendo ignores objects")
    assert costs.infos()["NULL_VALUE"] == 2


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
