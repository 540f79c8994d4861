"""Races: what a record holds only because the calls came in this order."""

import sys
from collections.abc import Iterator
from typing import Any

import pytest

from segment_pendo.base.switch import changed
from segment_pendo.explain.prediction import Event
from segment_pendo.explain.races import races
from segment_pendo.pendo.switches import DEFAULT

LONG = "x" * 128


def identify(user: Any = "u", **more: Any) -> dict[str, Any]:
    return {"type": "identify", "userId": user, "traits": more}


def group(account: str, user: Any = "u", **more: Any) -> dict[str, Any]:
    return {"type": "group", "userId": user, "groupId": account, "traits": more}


def track(user: str = "u") -> dict[str, Any]:
    return {"type": "track", "userId": user, "event": "e"}


def told(*calls: Any, assumed: str = "", track: bool = True) -> list[str]:
    """The races of these calls, which are named 1, 2, ..."""
    events = [Event(call, 0, str(number)) for number, call in enumerate(calls, 1)]
    found = races(events, changed(DEFAULT, assumed.split()), track=track)
    return [f"{race.kind} {race.id}: {race.says()}" for race in found]


M = {"messageId": "m"}
PLAN = "visitor u: segmentio.plan is"
FIRST, SECOND = (f" as recorded ({number}), but" for number in (1, 2))
LAST, INSTEAD = " if 1 arrives last", " if 2 arrives before the call with its messageId"


@pytest.mark.parametrize(
    ("calls", "assumed", "says"),
    [
        (
            [identify(plan="free"), identify(plan="pro")],
            "",
            [f'{PLAN} "pro"{SECOND} "free"{LAST}'],
        ),
        # the last one that disagrees is named, however many agree with the winner
        (
            [identify(plan="a"), identify(plan="b"), identify(plan="c"), identify(plan="c")],
            "",
            [f'{PLAN} "c" as recorded (4), but "b" if 2 arrives last'],
        ),
        # spelled otherwise, it is the same field
        (
            [identify(Plan="free"), identify(plan="pro")],
            "",
            [f'{PLAN} "pro"{SECOND} "free"{LAST}'],
        ),
        ([identify(Plan="free"), identify(plan="pro")], "key_case=sent", []),
        (
            [identify(plan="a"), identify(plan=None)],
            "",
            [f'{PLAN} null{SECOND} "a"{LAST}'],
        ),
        (
            [identify(plan="a"), identify(plan=None)],
            "null=removed",
            [f'{PLAN} (absent){SECOND} "a"{LAST}'],
        ),
        ([identify(plan="a"), identify(plan=None)], "null=ignored", []),
        ([identify(plan={"a": 1}), identify(plan={"a": 2})], "", []),
        (
            [identify(plan={"a": 1}), identify(plan_a=2)],
            "nested=underscore",
            ["visitor u: segmentio.plan_a is 2 as recorded (2), but 1 if 1 arrives last"],
        ),
        # a number in two spellings is one value, a boolean and a number are two
        ([identify(plan=1), identify(plan=1.0)], "", []),
        ([identify(plan=1), identify(plan=True)], "", [f"{PLAN} true{SECOND} 1{LAST}"]),
        (
            [group("acme"), group("beta")],
            "",
            [
                f'visitor u: accountIds is ["acme","beta"]{FIRST} ["beta","acme"] if 2 arrives first',
                f'visitor u: auto.accountid is "beta"{SECOND} "acme"{LAST}',
            ],
        ),
        ([group("acme"), group("beta")], "group_visitor=ignored", []),
        ([group("acme"), group("beta", "v")], "", []),
        (
            [group("acme", n=1), group("acme", "v", n=2)],
            "",
            ["account acme: segmentio.n is 2 as recorded (2), but 1 if 1 arrives last"],
        ),
        # two ids that Pendo cuts to one
        (
            [identify(LONG + "1", plan="a"), identify(LONG + "2", plan="b")],
            "",
            [f'visitor {LONG}: segmentio.plan is "b"{SECOND} "a"{LAST}'],
        ),
        ([identify(LONG + "1", plan="a"), identify(LONG + "2", plan="b")], "long_id=kept", []),
        # what a call leaves out it removes
        (
            [identify(plan="a"), identify(name="Ann")],
            "absent_traits=removed",
            [
                f'{PLAN} (absent){SECOND} "a"{LAST}',
                'visitor u: segmentio.name is "Ann" as recorded (2), but (absent) if 1 arrives last',
            ],
        ),
        # an account that a call only names takes none of its traits
        (
            [identify(plan=value) | {"groupId": "acme"} for value in "ab"],
            "identify_account=joined",
            [f'{PLAN} "b"{SECOND} "a"{LAST}'],
        ),
        # a visitor that is not there has no races
        ([identify(plan="a"), identify(plan="b")], "eventless=hidden", []),
        (
            [identify(plan="a"), track(), identify(plan="b")],
            "eventless=hidden",
            [f'{PLAN} "b" as recorded (3), but "a"{LAST}'],
        ),
    ],
)  # fmt: skip
def test_what_the_order_decides(calls: list[Any], assumed: str, says: list[str]) -> None:
    assert told(*calls, assumed=assumed) == says


def test_one_of_two_with_the_same_message_id_may_come_first() -> None:
    calls = [identify(plan=value) | {"messageId": "m"} for value in ("a", "b")]
    assert told(*calls, assumed="repeats=dropped") == [f'{PLAN} "a"{FIRST} "b"{INSTEAD}']
    either = [identify(plan="a") | {"messageId": "m"}, track("v") | {"messageId": "m"}]
    assert told(*either, assumed="repeats=dropped") == [
        f'visitor u: the record itself is "there"{FIRST} (absent){INSTEAD}',
        f'{PLAN} "a"{FIRST} (absent){INSTEAD}',
        f'visitor v: the record itself is (absent){FIRST} "there"{INSTEAD}',
    ]
    assert told(*either) == []


@pytest.mark.parametrize(
    ("calls", "assumed", "says"),
    [
        # only without the call that sets it is the visitor seen at all
        (
            [track() | M, identify(plan="a") | M],
            "eventless=hidden",
            [f'visitor u: the record itself is "there"{FIRST} (absent){INSTEAD}'],
        ),
        (
            [track() | M, track("v") | M, identify(plan="a")],
            "eventless=hidden",
            [
                f'visitor u: the record itself is "there"{FIRST} (absent){INSTEAD}',
                f'{PLAN} "a"{FIRST} (absent){INSTEAD}',
                f'visitor v: the record itself is (absent){FIRST} "there"{INSTEAD}',
            ],
        ),
        (
            [group("acme") | M, group("beta") | M],
            "",
            [
                f'visitor u: accountIds is ["acme"]{FIRST} ["beta"]{INSTEAD}',
                f'visitor u: auto.accountid is "acme"{FIRST} "beta"{INSTEAD}',
                f'account acme: the record itself is "there"{FIRST} (absent){INSTEAD}',
                f'account beta: the record itself is (absent){FIRST} "there"{INSTEAD}',
            ],
        ),
        (
            [identify(plan="a"), identify(name="n") | M, identify(name="n") | M],
            "absent_traits=removed",
            [
                f'{PLAN} (absent){SECOND} "a"{LAST}',
                f'visitor u: segmentio.name is "n"{SECOND} (absent){LAST}',
            ],
        ),
    ],
)
def test_what_the_first_of_a_message_id_decides(calls: list[Any], assumed: str, says: list[str]) -> None:
    assert sorted(told(*calls, assumed=f"repeats=dropped {assumed}")) == sorted(says)


def test_calls_that_pendo_ignores_race_with_nothing() -> None:
    assert told(identify(None, plan="a"), identify(" ", plan="b"), {"type": "page"}, [], 7, None) == []
    assert told(track(), track(), track=False) == []


def test_a_finding_names_the_trait_of_the_call_that_decides() -> None:
    events = [Event(identify(plan="a"), 1, "1"), Event(identify(Plan="b"), 2, "2")]
    (race,) = races(events)
    finding = race.finding()
    assert (finding.code, finding.level, finding.path) == ("ORDER_SENSITIVE", "warning", "$.traits.Plan")
    assert finding.message == f'{PLAN} "b"{SECOND} "a" if 1 arrives last.'
    row: Any = race.row()
    assert row["field"] == "$.metadata.segmentio.plan"
    assert row["recorded"] == {"value": '"b"', "call": "2", "at": 2, "path": "$.traits.Plan"}
    assert row["other"] == {"value": '"a"', "call": "1", "at": 1, "path": "$.traits.plan"}


# --- how much work it is ---


def work(calls: list[Any], assumed: str) -> int:
    """How many functions are called for these calls: the same number in each run."""
    events = [Event(call, 0, str(number)) for number, call in enumerate(calls)]
    count = 0

    def counted(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    sys.setprofile(counted)
    try:
        races(events, changed(DEFAULT, assumed.split()))
    finally:
        sys.setprofile(None)
    return count


def traces(size: int) -> Iterator[list[Any]]:
    users = [f"u{n % 50}" for n in range(size)]
    people = [identify(u, plan=n % 3) if n % 2 else group(f"a{n % 7}", u) for n, u in enumerate(users)]
    yield [call | {"messageId": f"m{n // 2}"} for n, call in enumerate(people)]
    yield [identify(plan=n) for n in range(size)]
    yield [identify(**{f"k{n}": n}) for n in range(size)]  # one record of very many fields
    yield [group(f"a{n}") for n in range(size)]  # one visitor of very many accounts
    yield [identify(plan=n) | {"messageId": "m"} for n in range(size)]
    yield [track() | {"messageId": f"m{n // 2}"} for n in range(size)]


@pytest.mark.parametrize(
    "assumed",
    [
        "",
        "absent_traits=removed",
        "repeats=dropped",
        "repeats=dropped eventless=hidden absent_traits=removed",
    ],
)
def test_twice_the_calls_are_twice_the_work(assumed: str) -> None:
    for small, large in zip(traces(400), traces(800), strict=True):
        work(large, assumed)  # what is looked up once for each name is known after that
        assert work(large, assumed) <= 2.2 * work(small, assumed)
