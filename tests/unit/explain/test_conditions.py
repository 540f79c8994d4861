"""Conditions by which calls are chosen."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from segment_pendo.explain.conditions import CONDITIONS, ConditionError, conditions, judged_meets
from segment_pendo.explain.unmet import Unmet
from segment_pendo.mapping.assess import assess
from segment_pendo.mapping.setup import Setup
from segment_pendo.words import Judged, SdkRequest

GROUP = {
    "type": "group",
    "userId": "ann",
    "groupId": 7,
    "traits": {"plan": "pro", "a": {"b": 1}},
}
PAGE = {"type": "page", "userId": "None", "properties": {"path": "/"}}
TRACK = {"type": "track", "anonymousId": "d", "event": "Signed Up"}


def judged(call: Any) -> Judged:
    body = json.dumps({"batch": [call]}).encode()
    at = datetime(2024, 5, 9, tzinfo=UTC)
    return assess(SdkRequest("POST", "/v1/batch", body=body), id="r", at=at, setup=Setup()).judged[0]


@pytest.mark.parametrize(
    ("pairs", "calls"),
    [
        ([], [GROUP, PAGE, TRACK]),
        (["type=group"], [GROUP]),
        (["user=ann"], [GROUP]),
        (["user=None"], [PAGE]),
        (["group=7"], [GROUP]),
        (["event=Signed Up"], [TRACK]),
        (["trait=plan"], [GROUP]),
        (["trait=path"], [PAGE]),
        (["trait=b"], []),
        (["outcome=webhook"], [GROUP]),
        (["outcome=skipped"], [PAGE, TRACK]),
        (["code=nested_ignored"], [GROUP]),
        (["code=NO_MATCHING_MAPPING"], [PAGE, TRACK]),
        (["code=NO_MATCHING_MAPPING", "user=None"], [PAGE]),
        (["user=a=b"], []),
    ],
)
def test_a_call_must_meet_all(pairs: list[str], calls: list[Any]) -> None:
    only = conditions(pairs)
    assert [call for call in (GROUP, PAGE, TRACK) if judged_meets(only, judged(call))] == calls


@pytest.mark.parametrize(
    ("pairs", "says"),
    [
        (["usr=ann"], "'usr=ann' is not a condition; did you mean user=...?"),
        (
            ["user"],
            (
                "'user' is not a condition; give type=..., user=..., group=..., event=..., trait=..., "
                "outcome=... or code=..."
            ),
        ),
        (["user=a", "user=b"], "user was given twice; give each key only once"),
        (["code=NESTED"], "code 'NESTED' does not exist; did you mean NESTED_IGNORED?"),
        (["code=\x1b"], "code '\\x1b' does not exist; `segment-pendo finding` lists all codes"),
        (["outcome=lost"], "outcome 'lost' does not exist; it is webhook or skipped"),
    ],
)
def test_a_miss_says_what_there_is(pairs: list[str], says: str) -> None:
    with pytest.raises(ConditionError) as raised:
        conditions(pairs)
    assert str(raised.value).replace("\\\\", "\\") == says


def test_other_names_can_be_known() -> None:
    assert conditions(["level=x"], ("level",)) == {"level": "x"}
    with pytest.raises(ConditionError):
        conditions(["type=x"], ("level",))
    assert "level" not in CONDITIONS


@pytest.mark.parametrize(
    ("pairs", "says"),
    [
        (["user=anna"], "No call with user=anna; nearest: user=ann."),
        (["user=ann", "type=page"], "No call with user=ann type=page."),
        (["trait=pln"], "No call with trait=pln; nearest: trait=plan."),
        (
            ["event=Signed up", "group=77"],
            "No call with event=Signed up group=77; nearest: event=Signed Up group=7.",
        ),
        (["type=grop"], "No call with type=grop; nearest: type=group."),
        (["code=ANON_IDENTIFY"], "No call with code=ANON_IDENTIFY."),
        (["user=\x1b[31m"], "No call with user=\\x1b[31m."),
    ],
)
def test_where_no_call_meets_all_the_nearest_is_named(pairs: list[str], says: str) -> None:
    unmet = Unmet(conditions(pairs))
    odd: Any = {"type": 7, "traits": None, "userId": {"x" * 300: 1}}
    calls: list[Any] = [GROUP, PAGE, TRACK, 5, odd]
    for call in calls:
        unmet.take(call)
    assert unmet.sentence() == says
