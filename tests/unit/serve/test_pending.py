"""What is not delivered, seen and changed in the store."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

import pytest

from segment_pendo.mapping.assess import assess
from segment_pendo.mapping.setup import Setup
from segment_pendo.serve.store import Store
from segment_pendo.serve.store.pending import Item, Pending
from segment_pendo.words import Attempt, CallRef, SdkRequest, State

AT = datetime(2024, 5, 9, 10, 0, 1, tzinfo=UTC)


@pytest.fixture
def store() -> Iterator[Store]:
    with closing(Store(None, setup=Setup(), destination="pendo.test")) as made:
        yield made


def take(store: Store, name: str, *users: str) -> None:
    body = json.dumps({"batch": [{"type": "identify", "userId": user} for user in users]}).encode()
    store.take(assess(SdkRequest("POST", "/v1/batch", body=body), id=name, at=AT, setup=Setup()))


def end(store: Store, name: str, index: int, state: State, status: int = 403) -> None:
    store.outbox.attempted(CallRef(name, index), Attempt(1, AT, status, "why", state))


def opens(store: Store) -> list[int]:
    return [count for (count,) in store.database.execute("select open from receipts order by n")]


def test_it_lists_what_is_not_delivered_the_oldest_first(store: Store) -> None:
    take(store, "r-1", "a", "b", "a")
    take(store, "r-2", "c")
    end(store, "r-1", 0, "delivered", 200)
    end(store, "r-1", 1, "dead")
    pending = Pending(store.database)
    assert list(pending.items()) == [
        Item(CallRef("r-1", 1), "pendo.test"),
        Item(CallRef("r-1", 2), "pendo.test"),
        Item(CallRef("r-2", 0), "pendo.test"),
    ]
    assert pending.counts() == [("pendo.test", "dead", 1), ("pendo.test", "waiting", 2)]
    kept = pending.kept(CallRef("r-1", 1))
    assert kept is not None
    assert [attempt.detail for attempt in kept.attempts] == ["why"]


def test_a_retry_makes_what_is_dead_due_in_the_order_of_its_chain(store: Store) -> None:
    take(store, "r-1", "a", "a", "a")
    for index, state in enumerate(("dead", "delivered", "dead")):
        end(store, "r-1", index, state)  # type: ignore[arg-type]
    assert store.outbox.left() == 0
    pending = Pending(store.database)
    assert pending.retry([CallRef("r-1", 2), CallRef("r-1", 0), CallRef("r-1", 1), CallRef("r-9", 0)]) == 2
    (chain,) = store.outbox.due(0, 10)
    assert [(waiting.index, waiting.attempts) for waiting in store.outbox.first(chain, 10)] == [
        (0, 1),
        (2, 1),
    ]
    assert opens(store) == [2]


def test_what_is_dropped_is_gone_and_the_next_one_has_its_turn(store: Store) -> None:
    take(store, "r-1", "a", "a")
    take(store, "r-2", "b")
    pending = Pending(store.database)
    assert pending.drop([CallRef("r-1", 0), CallRef("r-2", 0), CallRef("r-9", 0)]) == 2
    assert list(pending.items()) == [Item(CallRef("r-1", 1), "pendo.test")]
    assert [str(ref) for ref in store.outbox.some_left(10)] == ["r-1.1"]
    assert store.calls.totals()["requests"] == 1
    assert opens(store) == [1]
    assert pending.drop([CallRef("r-1", 1)]) == 1
    assert store.outbox.due(1e12, 10) == []
    assert store.calls.totals() == {"requests": 0, "refused": 0, "calls": 0}


def test_what_is_delivered_is_neither_retried_nor_dropped(store: Store) -> None:
    take(store, "r-1", "a")
    end(store, "r-1", 0, "delivered", 200)
    pending = Pending(store.database)
    assert (pending.retry([CallRef("r-1", 0)]), pending.drop([CallRef("r-1", 0)])) == (0, 0)
    assert store.calls.states() == {"delivered": 1}
