"""The store beside what HTTP shows of it."""

import json
import os
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from other_version import kept_by_another_version

from segment_pendo.base.steps import finished
from segment_pendo.base.switch import changed
from segment_pendo.explain.rows import call_row
from segment_pendo.mapping.assess import assess
from segment_pendo.mapping.setup import Setup
from segment_pendo.segment.switches import DEFAULT
from segment_pendo.serve.relay import Relay
from segment_pendo.serve.store import Limits, Store, StoreError
from segment_pendo.serve.store import calls as module
from segment_pendo.serve.store.database import Database
from segment_pendo.words import Attempt, CallRef, JsonObject, Receipt, SdkRequest, Webhook

AT = datetime(2024, 5, 9, 10, 0, 1, 123000, tzinfo=UTC)
WAITING: JsonObject = {"state": "waiting", "status": None, "attempts": 0}


def receipt(name: str, *users: object, path: str = "/v1/batch") -> Receipt:
    body = json.dumps(
        {"batch": [{"type": "identify", "userId": user, "traits": {"n": 1e21}} for user in users]}
    ).encode()
    request = SdkRequest("POST", path, "a=\ud83d", (("X", "\udcff"), ("Y", "é")), body, "host\ud83d")
    return assess(request, id=name, at=AT, setup=Setup())


def delivered(store: Store, taken: Receipt) -> None:
    store.take(taken)
    for judged in taken.judged:
        store.outbox.attempted(taken.ref(judged), Attempt(1, AT, 200, "", "delivered"))


@pytest.fixture
def store() -> Iterator[Store]:
    with closing(Store(None, setup=Setup())) as made:
        yield made


def test_a_row_is_made_again_to_the_byte(store: Store) -> None:
    taken = receipt("r-1", "u", 5, "\ud83d")
    store.take(taken)
    page = store.calls.page()
    assert [row["user"] for row in page.calls] == ["u", 5, "\ud83d"]
    for row, judged in zip(page.calls, taken.judged, strict=True):
        body = judged.outcome.body.decode() if isinstance(judged.outcome, Webhook) else None
        assert (row["body"], row["time"]) == (body, "2024-05-09T10:00:01.123Z")


def test_a_row_that_was_read_before_shows_what_has_become_of_it(store: Store) -> None:
    taken = receipt("r-1", "u", "v")
    store.take(taken)
    first = store.calls.page().calls
    assert [row["delivery"] for row in first] == [WAITING, WAITING]
    store.outbox.attempted(CallRef("r-1", 0), Attempt(1, AT, 503, "it failed", "dead"))
    again = store.calls.page().calls
    failed = {"state": "dead", "status": 503, "attempts": 1, "detail": "it failed"}
    assert again == [first[0] | {"delivery": failed}, first[1]]
    store.clear()
    store.take(receipt("r-2", "w"))
    assert [row["user"] for row in store.calls.page().calls] == ["w"]


def test_a_file_is_for_its_owner_and_lives_on(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "store.db"
    store = Store(path, setup=Setup())
    store.take(receipt("r-1", "u"))
    store.outbox.attempted(CallRef("r-1", 0), Attempt(1, AT, None, "no answer", "dead"))
    store.close()
    assert path.stat().st_mode & 0o077 == 0
    with closing(Store(path, setup=Setup())) as again:
        (row,) = again.calls.page().calls
        assert row["delivery"] == {"state": "dead", "status": None, "attempts": 1, "detail": "no answer"}
        assert again.calls.states() == {"dead": 1}


@pytest.mark.parametrize("content", [b"not a database at all, but long enough to be looked at" * 50, b"x"])
def test_a_file_that_is_no_store_is_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"notes\.txt cannot be used"):
        Store(path, setup=Setup())
    assert path.read_bytes() == content


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes")
@pytest.mark.parametrize("writes", [True, False])
def test_what_is_no_regular_file_keeps_its_mode(tmp_path: Path, writes: bool) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    path.chmod(0o666)
    with pytest.raises(StoreError, match="pipe cannot be used: it is not a regular file"):
        Database(path, writes=writes)
    assert path.stat().st_mode & 0o777 == 0o666
    assert [*tmp_path.iterdir()] == [path]


def test_a_newer_store_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    made = Store(path, setup=Setup())
    made.database.execute("pragma user_version = 9")
    made.close()
    with pytest.raises(StoreError, match="format 9"):
        Store(path, setup=Setup())


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    import sqlite3

    path = tmp_path / "other.db"
    for version in (0, 1):
        with closing(sqlite3.connect(path)) as other:
            other.execute(f"create table mine{version}(x)")
            other.execute(f"pragma user_version = {version}")
        before = path.read_bytes()
        with pytest.raises(StoreError, match="another program"):
            Store(path, setup=Setup())
        assert path.read_bytes() == before


def test_a_cursor_outlives_a_clear(store: Store) -> None:
    store.take(receipt("r-1", "a", "b"))
    cursor = store.calls.page().next
    store.clear()
    store.take(receipt("r-2", "c"))
    assert [row["user"] for row in store.calls.page(after=cursor).calls] == ["c"]


def test_an_attempt_that_cannot_be_kept_blocks_nothing(tmp_path: Path) -> None:
    import sqlite3

    with (
        closing(Store(tmp_path / "s.db", setup=Setup())) as store,
        closing(sqlite3.connect(tmp_path / "s.db")) as other,
    ):
        store.take(receipt("r-1", "u"))
        store.database.execute("pragma busy_timeout = 1")
        other.execute("begin immediate")
        with pytest.raises(OSError, match=r"database is locked: '.*s\.db'"):
            store.outbox.attempted(CallRef("r-1", 0), Attempt(1, AT, 200, "", "delivered"))
        other.execute("rollback")
        store.outbox.attempted(CallRef("r-1", 0), Attempt(1, AT, 200, "", "delivered"))
        assert store.calls.states() == {"delivered": 1}


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch, store: Store) -> None:
    monkeypatch.setattr(store, "_limits", Limits(200_000, None))
    for number in range(200):
        delivered(store, receipt(f"r-{number}", "u" * 500))
    assert store.calls.totals()["requests"] < 100
    assert [row["id"] for row in store.calls.page().calls][-1] == "r-199.0"


def test_rows_of_small_calls_weigh_too(monkeypatch: pytest.MonkeyPatch, store: Store) -> None:
    monkeypatch.setattr(store, "_limits", Limits(200_000, None))
    for number in range(40):
        delivered(store, receipt(f"r-{number}", *"abcdefghijklmnopqrstuvwxyz"))
    assert store.calls.totals()["calls"] < 600


def test_nobody_waits_until_all_is_forgotten(monkeypatch: pytest.MonkeyPatch, store: Store) -> None:
    for number in range(4):
        delivered(store, receipt(f"r-{number}", *["u"] * 1000))
    monkeypatch.setattr(store, "_limits", Limits(100, None))
    left = []
    for number in range(4, 7):
        delivered(store, receipt(f"r-{number}", "u"))
        left.append(store.calls.totals()["requests"])
    assert left == [2, 1, 1], "2,500 calls at a time, the oldest first"


def test_an_attempt_for_a_forgotten_call_is_no_error(store: Store) -> None:
    store.outbox.attempted(CallRef("gone", 0), Attempt(1, AT, 200, "", "delivered"))
    assert store.calls.states() == {}


def test_a_page_is_read_in_steps_and_without_what_is_forgotten_meanwhile(store: Store) -> None:
    for number in range(3):
        store.take(receipt(f"r-{number}", "u"))
    assert len([*store.calls.page_in_steps()]) >= 3
    with closing(Store(None, setup=Setup())) as fresh:
        for number in range(3):
            fresh.take(receipt(f"r-{number}", "u"))
        steps = fresh.calls.page_in_steps()
        assert [next(steps), next(steps)] == [None, None]  # the first call is read then
        fresh.clear()
        assert [row["id"] for row in finished(steps).calls] == ["r-0.0"]


def test_an_unknown_filter_is_an_error(store: Store) -> None:
    with pytest.raises(ValueError, match="no filter"):
        store.calls.page({"x; drop table calls": "1"})


def test_a_row_keeps_its_setup_and_what_the_calls_before_it_said(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    setup = Setup(
        track=True, webhook="classic", switches=changed(DEFAULT, ["key_order=sorted"]), secret="s3cret"
    )
    first = Store(path, setup=setup)
    call = b'{"type": "track", "userId": "u", "event": "e", "messageId": "m", "properties": {"b": 1, "a": 2}}'
    body = b'{"batch": [' + call + b"]}"
    request = SdkRequest("POST", "/v1/batch", body=body)
    relay = Relay([first], setup=setup)
    receipts = [relay.receive(request) for _ in range(2)]
    first.close()
    # Another run, set up otherwise: rows of the first are as they were, signed as they were; the secret is in
    # no file.
    second = Store(path, setup=Setup(secret="another"))
    rows = second.calls.page().calls
    second.close()
    assert rows == [call_row(receipt, receipt.judged[0], delivery=WAITING) for receipt in receipts]
    assert [finding["code"] for finding in rows[1]["findings"]] == ["TRACK_NO_GROUP", "DUPLICATE_MESSAGE_ID"]  # type: ignore[union-attr, index, call-overload]
    assert b"s3cret" not in path.read_bytes()


def test_a_row_that_another_version_kept_costs_no_other(store: Store) -> None:
    store.take(receipt("r-1", "u"))
    store.take(receipt("r-2", "v"))
    kept_by_another_version(store.database, "r-1")
    assert [row["user"] for row in store.calls.page().calls] == ["v"]


def test_what_is_forgotten_is_forgotten_whole(monkeypatch: pytest.MonkeyPatch, store: Store) -> None:
    delivered(store, receipt("r-1", "u"))
    monkeypatch.setattr(store, "_limits", Limits(100, None))
    delivered(store, receipt("r-2", *["u"] * 20))
    store.take(receipt("r-3", "w"))
    counts = [
        store.database.execute(f"select count(*) from {table}").fetchone()[0]
        for table in ("receipts", "calls", "attempts")
    ]
    assert counts == [1, 1, 0], "what is not delivered stays"


def test_a_page_of_large_rows_ends_early_and_goes_on_at_its_cursor(store: Store) -> None:
    calls = [{"type": "identify", "userId": f"u{number}"} for number in range(40)]
    body = json.dumps({"batch": calls, "context": {"x": "y" * 380_000}}).encode()
    store.take(assess(SdkRequest("POST", "/v1/batch", body=body), id="r", at=AT, setup=Setup()))
    users: list[object] = []
    sizes, after = [], ""
    while (page := store.calls.page(after=after, limit=500)).calls:
        sizes.append(sum(len(str(row["body"] or "")) for row in page.calls))
        users += [row["user"] for row in page.calls]
        after = page.next
    assert users == [f"u{number}" for number in range(40)]
    assert max(sizes) < module.MOST_BYTES + 400_000
    assert len(sizes) > 1


def test_what_was_kept_can_be_taken_back(store: Store) -> None:
    changes: list[int] = []
    store.database.listen(lambda: changes.append(1))
    store.take(receipt("r-1", "a"))
    prepared = finished(store.prepared(receipt("r-2", "b", "c")))
    store.database.keep(prepared)
    assert [row["user"] for row in store.calls.page().calls] == ["a", "b", "c"]
    prepared.undo()
    assert [row["user"] for row in store.calls.page().calls] == ["a"]
    assert len(changes) == 2


def test_a_full_disk_is_told_as_such_and_heals(tmp_path: Path) -> None:
    with closing(Store(tmp_path / "s.db", setup=Setup())) as store:
        (pages,) = store.database.execute("pragma page_count").fetchone()
        store.database.execute(f"pragma max_page_count = {pages + 5}")
        with pytest.raises(OSError, match=r"No space left on device: '.*s\.db'"):
            store.take(receipt("r-1", *["u" * 100] * 500))
        store.database.execute(f"pragma max_page_count = {pages + 500}")
        store.take(receipt("r-2", "u"))
        assert [row["user"] for row in store.calls.page().calls] == ["u"]
