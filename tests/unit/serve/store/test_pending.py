"""What is pending in a store: listed, shown, sent again, forgotten, exported; counts and chains stay true."""

import json
import re
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from other_version import kept_by_another_version

from segment_pendo.mapping.assess import assess
from segment_pendo.mapping.setup import Setup
from segment_pendo.recordings.files import load
from segment_pendo.serve.store import Store
from segment_pendo.serve.store.export import ExportError, export
from segment_pendo.serve.store.pending import Count, Pending, UnknownCallError
from segment_pendo.words import Attempt, CallRef, SdkRequest

AT = datetime(2024, 5, 9, 10, tzinfo=UTC)
KEY = "WRITE_KEY_OF_THE_APP_0123"


def take(store: Store, name: str, *users: str, setup: Setup | None = None) -> None:
    calls = [{"type": "identify", "userId": user, "traits": {"n": at}} for at, user in enumerate(users)]
    body = json.dumps({"batch": [*calls, {"type": "page", "userId": "p"}], "writeKey": KEY}).encode()
    store.take(assess(SdkRequest("POST", "/v1/batch", body=body), id=name, at=AT, setup=setup or Setup()))


def end(store: Store, name: str, state: str, number: int = 1) -> None:
    receipt, _, index = name.rpartition(".")
    status = 200 if state == "delivered" else 403
    detail = "" if state == "delivered" else "eu answered 403; Segment would not try again"
    attempt = Attempt(number, AT, status, detail, state)  # type: ignore[arg-type]
    store.outbox.attempted(CallRef(receipt, int(index)), attempt)


def is_consistent(store: Store) -> bool:
    """Whether `open` and the chains agree with the states of the calls."""
    wrong = store.database.execute(
        "select count(*) from receipts r where open <> (select count(*) from calls c where c.n = r.n and "
        "c.state is not null and c.state <> 'delivered')"
    ).fetchone()
    chains = store.database.execute("select chain from chains").fetchall()
    waiting = store.database.execute("select distinct chain from calls where state = 'waiting'").fetchall()
    return wrong == (0,) and sorted(chains) == sorted(waiting)


def ids(pending: Pending) -> list[str]:
    return [str(call.ref) for call in pending.all()]


@pytest.fixture
def store() -> Iterator[Store]:
    """Two receipts: one webhook delivered, one dead, three waiting."""
    with closing(Store(None, setup=Setup(), destination="eu", fingerprint="k1")) as store:
        take(store, "r-1", "a", "b", "a")
        take(store, "r-2", "a", "b")
        end(store, "r-1.0", "delivered")
        end(store, "r-1.1", "dead")
        yield store


def test_what_is_not_delivered_is_listed_in_its_order(store: Store) -> None:
    pending = Pending(store.database)
    assert ids(pending) == ["r-1.1", "r-1.2", "r-2.0", "r-2.1"]
    assert [str(call.ref) for call in pending.first(2)] == ["r-1.1", "r-1.2"]
    assert pending.counts() == [Count("eu", "dead", 1), Count("eu", "waiting", 3)]
    assert Count("eu", "delivered", 1) in pending.counts(delivered=True)
    first = pending.first(1)[0]
    assert (first.type, first.user, first.destination, first.state) == ("identify", "b", "eu", "dead")
    assert (first.at, first.status, first.attempts) == (AT, 403, 1)
    assert first.detail == "eu answered 403; Segment would not try again"
    assert [kept.row["id"] for _, kept in pending.kept(pending.all())] == ids(pending)


def test_destinations_with_two_keys_are_numbered_and_no_fingerprint_is_shown(store: Store) -> None:
    with closing(
        Store(None, setup=Setup(), destination="eu", fingerprint="k2", database=store.database.shared())
    ) as other:
        take(other, "r-3", "a")
        names = [count.destination for count in Pending(store.database).counts()]
    assert names == ["eu (key 1)", "eu (key 1)", "eu (key 2)"]


def test_what_is_delivered_is_not_read(store: Store) -> None:
    """The plan of each query: no scan of all calls, or a store with a million would be slow."""
    seen: list[str] = []
    store.database._db.set_trace_callback(seen.append)
    pending = Pending(store.database)
    pending.first(1)
    pending.counts()
    pending.drop(None)
    store.database._db.set_trace_callback(None)
    store.database.execute(next(text for text in seen if text.startswith("create temp table")))
    read = [text for text in seen if text.startswith(("select", "insert", "update", "delete"))]
    assert len(read) >= 9
    for statement in read:
        plan = [row[3] for row in store.database.execute(f"explain query plan {statement}")]
        assert not [
            step
            for step in plan
            if re.fullmatch(r"SCAN (calls|c|w|x|receipts|r|attempts|bodies)( USING .*)?", step)
        ], plan


def test_dead_ones_are_sent_again_by_the_next_run(store: Store) -> None:
    end(store, "r-1.2", "dead")
    end(store, "r-2.0", "dead")
    pending = Pending(store.database)
    assert pending.retry(pending.named(["r-2.0", "r-1.2"])) == 2
    assert store.calls.states() == {"dead": 1, "delivered": 1, "waiting": 3}
    assert is_consistent(store)
    due = store.outbox.due(0, 10)
    chain_of_a = [chain for chain in due if store.outbox.first(chain, 1)[0].ref == CallRef("r-1", 2)]
    waits = store.outbox.first(chain_of_a[0], 10)
    assert [(str(call.ref), call.attempts) for call in waits] == [("r-1.2", 1), ("r-2.0", 1)]
    kept = store.calls.one("r-1.2")
    assert kept is not None
    assert [attempt.state for attempt in kept.attempts] == ["dead"]
    end(store, "r-1.2", "delivered", 2)
    kept = store.calls.one("r-1.2")
    assert kept is not None
    assert [(attempt.number, attempt.state) for attempt in kept.attempts] == [(1, "dead"), (2, "delivered")]
    assert is_consistent(store)


def test_each_is_sent_again_to_its_own_destination(store: Store) -> None:
    end(store, "r-2.0", "dead")
    with closing(
        Store(None, setup=Setup(), destination="us", fingerprint="k1", database=store.database.shared())
    ) as other:
        take(other, "r-3", "a", "b")
        end(other, "r-3.0", "dead")
        Pending(store.database).retry(None)
        assert (store.outbox.left(), other.outbox.left()) == (4, 2)
        refs = [other.outbox.first(chain, 1)[0].ref for chain in other.outbox.due(0, 10)]
        assert sorted(map(str, refs)) == ["r-3.0", "r-3.1"]


def test_all_are_sent_again_but_what_is_held(store: Store) -> None:
    end(store, "r-2.1", "held")
    pending = Pending(store.database)
    assert pending.retry(None) == 3
    assert store.calls.states() == {"delivered": 1, "held": 1, "waiting": 3}
    assert pending.retry(pending.named(["r-2.1"])) == 0
    assert is_consistent(store)


def test_what_waits_for_its_time_is_due_at_once(store: Store) -> None:
    store.database.execute("update chains set due = 1e12")
    Pending(store.database).retry(None)
    assert len(store.outbox.due(0, 10)) == 2


def test_some_are_forgotten_with_their_attempts(store: Store) -> None:
    pending = Pending(store.database)
    assert pending.drop(pending.named(["r-1.1", "r-2.0"])) == 2
    assert ids(pending) == ["r-1.2", "r-2.1"]
    assert is_consistent(store)
    assert store.calls.one("r-1.1") is None
    assert store.database.execute("select count(*) from attempts").fetchone() == (1,)
    assert store.calls.totals()["requests"] == 2


def test_a_request_without_calls_is_forgotten_too() -> None:
    with closing(Store(None, setup=Setup())) as store:
        body = b'{"userId": "a"}'
        for name in ("r-1", "r-2"):
            store.take(assess(SdkRequest("POST", "/v1/identify", body=body), id=name, at=AT, setup=Setup()))
        pending = Pending(store.database)
        assert pending.drop(pending.named(["r-1.0"])) == 1
        assert store.calls.totals() == {"requests": 1, "refused": 0, "calls": 1}
        assert pending.drop(None) == 1
        assert store.calls.totals() == {"requests": 0, "refused": 0, "calls": 0}
        assert is_consistent(store)


def test_all_are_forgotten_but_what_was_delivered(store: Store) -> None:
    pending = Pending(store.database)
    assert pending.drop(None) == 4
    assert pending.counts() == []
    assert store.calls.states() == {"delivered": 1}
    assert is_consistent(store)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("r-1.9", "no call r-1.9 is pending in the store of this run; did you mean r-1."),
        ("r-1.02", "did you mean"),
        ("r-1.0", "the call r-1.0 is not pending: it is delivered."),
        ("r-1.3", "the call r-1.3 is not pending: it was skipped, so it is no webhook."),
        ("", "list them"),
        ("\x1b[2J\ud83d", "no call \\x1b[2J\\ud83d is pending"),
        ("9" * 500 + "." + "9" * 500, "list them"),
        ("r-1.٣", "is pending"),
    ],
)
def test_a_call_that_is_not_pending_is_named(store: Store, name: str, says: str) -> None:
    with pytest.raises(UnknownCallError) as error:
        Pending(store.database).named(["r-1.1", name])
    assert says in str(error.value)


def test_an_export_has_only_these_calls_and_no_key(store: Store, tmp_path: Path) -> None:
    pending, path = Pending(store.database), tmp_path / "calls.jsonl"
    count = export((kept for _, kept in pending.kept(pending.named(["r-1.2", "r-1.1"]))), path)
    assert count == 2
    calls = [call.call for entry in load(path) for call in entry.calls]
    assert calls == [
        {"type": "identify", "userId": "b", "traits": {"n": 1}},
        {"type": "identify", "userId": "a", "traits": {"n": 2}},
    ]
    assert KEY not in path.read_text()
    with pytest.raises(ExportError, match="exists already"):
        export((kept for _, kept in pending.kept(pending.all())), path)


def test_calls_with_two_setups_are_not_exported_together(store: Store, tmp_path: Path) -> None:
    setup = Setup(track=True)
    with closing(
        Store(None, setup=setup, destination="eu", fingerprint="k1", database=store.database.shared())
    ) as other:
        take(other, "r-3", "a", setup=setup)
    pending, path = Pending(store.database), tmp_path / "calls.jsonl"
    with pytest.raises(ExportError, match=r"r-3\.0 was accepted with other settings than r-1\.1"):
        export((kept for _, kept in pending.kept(pending.all())), path)
    assert list(tmp_path.iterdir()) == []


def test_nothing_pending_makes_no_file(tmp_path: Path) -> None:
    assert export([], tmp_path / "calls.jsonl") == 0
    assert list(tmp_path.iterdir()) == []


def test_what_another_version_kept_is_listed_but_not_shown(store: Store) -> None:
    kept_by_another_version(store.database, "r-1")
    pending = Pending(store.database)
    assert len(ids(pending)) == 4
    assert [str(call.ref) for call, _ in pending.kept(pending.all())] == ["r-2.0", "r-2.1"]
    assert pending.in_full(pending.named(["r-1.1"])[0]) is None
