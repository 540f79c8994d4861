"""What happened when: the filters by time, and counts by steps of time."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from segment_pendo.mapping.assess import assess
from segment_pendo.mapping.setup import Setup
from segment_pendo.serve.store import Store
from segment_pendo.serve.store.overview import Overview
from segment_pendo.serve.store.timeline import Span, timeline
from segment_pendo.words import Attempt, CallRef, Json, SdkRequest, State

START = datetime(2024, 5, 9, 10, 0, 0, tzinfo=UTC)
GOOD: Json = {"type": "identify", "userId": "u", "traits": {"plan": "pro"}}
DROPPED: Json = {"type": "identify", "traits": {"plan": "pro"}}


@pytest.fixture
def store() -> Iterator[Store]:
    with closing(Store(None, setup=Setup())) as made:
        yield made


def take(store: Store, seconds: float, *calls: Json) -> str:
    """Keep a request that came so many seconds after START; its id."""
    name = f"r-{seconds}"
    body = json.dumps({"batch": calls}).encode() if calls else b"{"
    at = START + timedelta(seconds=seconds)
    store.take(assess(SdkRequest("POST", "/v1/batch", body=body), id=name, at=at, setup=Setup()))
    return name


def tried(store: Store, name: str, number: int, seconds: float, state: State) -> None:
    at = START + timedelta(seconds=seconds)
    store.outbox.attempted(CallRef(name, 0), Attempt(number, at, 503, "", state))


def counts(**given: int) -> dict[str, int]:
    return dict.fromkeys(("calls", "lost", "refused", "delivered", "failed", "retries"), 0) | given


def test_each_step_has_its_calls_losses_and_attempts(store: Store) -> None:
    assert timeline(store.database) == {"step": 1, "bars": []}
    take(store, 0.9, GOOD, DROPPED)
    dead = take(store, 1, GOOD)
    take(store, 3)
    tried(store, dead, 1, 1.5, "waiting")
    tried(store, dead, 2, 4, "waiting")
    tried(store, dead, 3, 5, "dead")
    assert timeline(store.database) == {
        "step": 1,
        "bars": [
            {"time": "2024-05-09T10:00:00.000Z", **counts(calls=2, lost=1)},
            {"time": "2024-05-09T10:00:01.000Z", **counts(calls=1, lost=1)},
            {"time": "2024-05-09T10:00:03.000Z", **counts(refused=1)},
            {"time": "2024-05-09T10:00:04.000Z", **counts(retries=1)},
            {"time": "2024-05-09T10:00:05.000Z", **counts(failed=1, retries=1)},
        ],
    }
    span = Span("2024-05-09T10:00:01+00:00", "2024-05-09T10:00:05+00:00")
    found = timeline(store.database, span)["bars"]
    assert isinstance(found, list)
    assert len(found) == 3


@pytest.mark.parametrize(
    ("seconds", "step"), [(60, 1), (238, 1), (300, 2), (3600, 30), (86_400, 600), (86_400 * 500, 86_400 * 3)]
)
def test_a_long_time_has_longer_steps(store: Store, seconds: int, step: int) -> None:
    take(store, 0, GOOD)
    take(store, seconds, GOOD)
    made = timeline(store.database)
    assert made["step"] == step
    assert isinstance(made["bars"], list)
    assert len(made["bars"]) == 2
    assert seconds / step < 240


@pytest.mark.parametrize(
    ("filters", "wanted"),
    [
        ({"since": "2024-05-09T10:00:01Z"}, ["r-1", "r-2", "r-1.5"]),
        ({"until": "2024-05-09T10:00:01Z"}, ["r-0"]),
        ({"since": "2024-05-09T12:00:01.5+02:00", "until": "2024-05-09T10:00:02Z"}, ["r-1.5"]),
        ({"since": "2030-01-01"}, []),
        ({"until": "1999-01-01"}, []),
    ],
)
def test_calls_are_found_by_when_they_came(store: Store, filters: dict[str, str], wanted: list[str]) -> None:
    for seconds in (0, 1, 2, 1.5):  # kept in another order than they came
        take(store, seconds, GOOD)
    for newest in (False, True):
        rows = store.calls.page(filters, newest=newest).calls
        names = [str(row["id"]).removesuffix(".0") for row in rows]
        assert names == (wanted[::-1] if newest else wanted)


def test_refused_requests_are_found_by_when_they_came(store: Store) -> None:
    for seconds in (0, 1, 2):
        take(store, seconds)
    span = Span("2024-05-09T10:00:01+00:00", "2024-05-09T10:00:02+00:00")
    assert [row["id"] for row in Overview(store.database).refused(span=span).calls] == ["r-1"]
