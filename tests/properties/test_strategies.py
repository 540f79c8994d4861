"""What the strategies for adopters promise."""

import ast
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from segment_pendo.mapping.assess import assess
from segment_pendo.mapping.setup import Setup
from segment_pendo.strategies import (
    batches,
    calls,
    group_calls,
    hostile_traits,
    identify_calls,
    ids,
    register_ci_profile,
    sdk_requests,
    sessions,
    track_calls,
    traits,
    valid_ids,
)
from segment_pendo.testing.results import pendo_after
from segment_pendo.words import JsonObject, SdkRequest

AT = datetime(2024, 5, 9, 10, 0, 1, tzinfo=UTC)
NAMES = st.from_regex(r"[a-z]{1,8}", fullmatch=True)
QUICK = settings(max_examples=200, database=None, derandomize=True, suppress_health_check=list(HealthCheck))

GENERATE = settings(QUICK, phases=[Phase.generate])


@given(batches())
def test_a_batch_is_what_segment_takes(batch: JsonObject) -> None:
    receipt = assess(
        SdkRequest("POST", "/v1/batch", body=json.dumps(batch).encode()),
        id="r",
        at=AT,
        setup=Setup(track=True),
    )
    assert receipt.refusal is None
    assert [judged.call.data for judged in receipt.judged] == batch["batch"]
    assert all(judged.message is not None for judged in receipt.judged)


@given(sessions(user_ids=NAMES, group_ids=NAMES))
def test_a_session_is_one_person_and_ends_in_its_last_account(session: list[JsonObject]) -> None:
    after = pendo_after(session, track=True)
    assert [row["outcome"] for row in after.calls] == ["webhook"] * len(session)
    users = {call["userId"] for call in session if "userId" in call}
    assert len(users) == 1
    (user,) = users
    visitor = after.visitor(str(user))
    assert visitor is not None
    assert visitor["accounts"] == [call["groupId"] for call in session if call["type"] == "group"]
    known = [index for index, call in enumerate(session) if "userId" in call]
    assert known == list(range(known[0], len(session)))  # once known, never anonymous again
    assert session[known[0]]["type"] == "identify"


@given(
    sessions(
        user_ids=st.just("u"),
        group_ids=st.just("g"),
        traits=st.just({"plan": "pro"}),
        events=st.just("E"),
        anonymous_ids=st.just("a"),
    )
)
def test_a_session_is_made_of_the_strategies_that_it_is_given(session: list[JsonObject]) -> None:
    for call in session:
        assert call.get("userId", "u") == "u"
        assert call.get("groupId", "g") == "g"
        assert call.get("event", "E") == "E"
        assert call.get("anonymousId", "a") == "a"
        assert call.get("traits", {"plan": "pro"}) == {"plan": "pro"}


def test_each_shrinks_to_the_plainest_case() -> None:
    plain = sessions(user_ids=st.sampled_from("ab"), group_ids=st.sampled_from("ab"), traits=st.just({}))
    (only,) = find(plain, lambda _: True, settings=QUICK)
    assert (only["type"], only["userId"], only["traits"]) == ("identify", "a", {})
    two = find(plain, lambda one: sum(call["type"] == "group" for call in one) == 2, settings=QUICK)
    assert [call["type"] for call in two] == ["identify", "group", "group"]
    assert find(traits(), lambda one: "plan" in one, settings=QUICK) == {"plan": "free"}
    assert find(
        hostile_traits(), lambda one: any(isinstance(value, dict) for value in one.values()), settings=QUICK
    ) == {"": {}}
    plain_batch: Any = find(batches(), lambda _: True, settings=QUICK)
    assert plain_batch["batch"] == [{"type": "identify", "userId": "0"}]
    batch: Any = find(
        batches(calls=identify_calls(traits=st.just({}))), lambda one: len(one["batch"]) == 2, settings=QUICK
    )
    assert [call["type"] for call in batch["batch"]] == ["identify", "identify"]


REACHED: list[tuple[st.SearchStrategy[Any], Callable[[Any], bool]]] = [
    (identify_calls(), lambda call: call["type"] == "identify" and "userId" not in call),
    (group_calls(), lambda call: call["type"] == "group" and "userId" not in call),
    (track_calls(), lambda call: call["type"] == "track" and "userId" not in call),
    (calls(), lambda call: call["type"] == "group"),
    (calls(), lambda call: call["type"] == "track"),
    (sessions(), lambda one: "userId" not in one[0] and len(one) > 4),
    (hostile_traits(), lambda one: "__proto__" in one),
]


@pytest.mark.parametrize("number", range(len(REACHED)))
def test_the_strategies_reach_what_they_are_for(number: int) -> None:
    strategy, condition = REACHED[number]
    found = find(strategy, condition, settings=GENERATE)
    assert condition(found)


def test_the_ci_profile() -> None:
    register_ci_profile("segment-pendo-test")
    profile = settings.get_profile("segment-pendo-test")
    assert profile.derandomize
    assert profile.deadline is None
    assert HealthCheck.function_scoped_fixture in profile.suppress_health_check


@given(sessions(user_ids=valid_ids(), group_ids=valid_ids(), traits=st.just({"plan": "pro"})))
def test_of_valid_ids_there_is_nothing_to_warn(session: list[JsonObject]) -> None:
    known = session[next(index for index, call in enumerate(session) if "userId" in call) :]
    after = pendo_after(known, track=True)
    assert after.problems("warning") == []
    assert after.visitor(str(known[0]["userId"])) is not None
    assert all(after.account(str(call["groupId"])) for call in known if call["type"] == "group")


@pytest.mark.parametrize(
    "strategy",
    [
        identify_calls(),
        group_calls(traits=traits(keys=st.just("a"))),
        track_calls(),
        calls(),
        batches(),
        sessions(),
        traits(),
        hostile_traits(),
        sdk_requests(),
        ids(),
        valid_ids(),
    ],
)
def test_a_failing_example_can_be_pasted(strategy: st.SearchStrategy[Any]) -> None:
    seen = []

    @settings(QUICK, phases=[Phase.generate, Phase.shrink], print_blob=False)
    @given(value=strategy)
    def fails(value: Any) -> None:
        seen.append(value)
        raise ValueError

    with pytest.raises(ValueError) as raised:
        fails()
    said = "\n".join(raised.value.__notes__)
    (call,) = (
        node
        for node in ast.walk(ast.parse(said.partition(":")[2].strip()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "fails"
    )
    shown = eval(ast.unparse(call.keywords[0].value), {"SdkRequest": SdkRequest})
    assert shown == seen[-1]
    assert "lambda" not in said


def test_parts_that_are_given_stand_alone() -> None:
    own = find(traits(keys=st.just("mine"), values=st.just(1)), bool, settings=QUICK)
    assert own == {"mine": 1}
    gzipped = find(
        sdk_requests(sdk=st.just("python")),
        lambda one: ("Content-Encoding", "gzip") in one.headers,
        settings=GENERATE,
    )
    assert gzipped.body[:2] == b"\x1f\x8b"
    several = find(
        sdk_requests(sdk=st.just("node")), lambda one: one.body.count(b'"messageId"') > 1, settings=GENERATE
    )
    assert several.path.endswith("/v1/batch")


def test_what_is_no_strategy_is_told() -> None:
    with pytest.raises(TypeError, match=r"a strategy belongs here, such as st\.just\('python'\)"):
        find(sdk_requests(sdk="python"), bool, settings=QUICK)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="there is no SDK 'pyhton'; the SDKs are python, node,"):
        find(sdk_requests(sdk=st.just("pyhton")), bool, settings=QUICK)
