"""A store of an earlier version becomes one of this, with all that was in it."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from segment_pendo.mapping.setup import Setup
from segment_pendo.serve.store import Store, StoreError
from segment_pendo.serve.store.database import Database
from segment_pendo.serve.store.outbox import Elsewhere
from segment_pendo.serve.store.pending import Pending
from segment_pendo.words import CallRef

# As version 2 wrote it.
SECOND = """
create table receipts(
    n integer primary key autoincrement, id text not null unique, at text not null, door text not null,
    method text not null, path text not null, query text not null, host text not null, ip text not null,
    headers text not null, body blob not null, status integer not null, refusal text, setup text not null,
    destination text not null);
create table calls(
    n integer not null, ix integer not null, type text, user text, grp text, outcome text not null,
    codes text not null, state text, status integer, attempts integer not null default 0, history text,
    signature text, primary key (n, ix)) without rowid;
create table attempts(
    n integer not null, ix integer not null, number integer not null, at text not null, status integer,
    detail text not null, primary key (n, ix, number)) without rowid;
create index calls_state on calls(state) where state = 'waiting';
pragma user_version = 2;
pragma application_id = 1397771844;
"""
# As version 3 wrote it.
THIRD = """
create table destinations(
    id integer primary key, name text not null, fingerprint text not null, unique (name, fingerprint));
create table receipts(
    n integer primary key autoincrement, id text not null unique, at text not null, door text not null,
    method text not null, path text not null, query text not null, host text not null, ip text not null,
    headers text not null, body blob not null, status integer not null, refusal text, setup text not null,
    destination integer not null, open integer not null);
create table calls(
    n integer not null, ix integer not null, type text, user text, grp text, outcome text not null,
    codes text not null, state text, status integer, attempts integer not null default 0, history text,
    signature text, chain integer, primary key (n, ix)) without rowid;
create table attempts(
    n integer not null, ix integer not null, number integer not null, at text not null, status integer,
    detail text not null, state text not null, seconds real not null default 0,
    headers text not null default '[]', answer blob not null default x'',
    primary key (n, ix, number)) without rowid;
create table chains(chain integer primary key, destination integer not null, due real not null);
create table bodies(
    n integer not null, ix integer not null, body blob not null, headers text not null,
    primary key (n, ix)) without rowid;
create table progress(name text primary key, value text not null) without rowid;
create index receipts_delivered on receipts(n) where open = 0;
create index calls_waiting on calls(chain) where state = 'waiting';
create index calls_ended on calls(state) where state in ('dead', 'held');
create index chains_due on chains(destination, due);
pragma user_version = 3;
pragma application_id = 1397771844;
"""
# As version 4 wrote it.
FOURTH = """
create table destinations(
    id integer primary key, name text not null, fingerprint text not null, unique (name, fingerprint));
create table setups(id integer primary key, described text not null unique);
create table receipts(
    n integer primary key autoincrement, id text not null unique, at text not null, door text not null,
    method text not null, path text not null, query text not null, host text not null, ip text not null,
    headers text not null, body blob not null, status integer not null, refusal text, setup integer not null,
    destination integer not null, open integer not null);
create table calls(
    n integer not null, place integer not null, type text, user text, grp text, outcome text not null,
    codes text not null, state text, status integer, attempts integer not null default 0, history text,
    signature text, chain integer, function text, event text, traits text, words text not null default '',
    level integer not null default 0, dropped integer not null default 0,
    primary key (n, place)) without rowid;
create table attempts(
    turn integer primary key autoincrement, n integer not null, place integer not null,
    number integer not null, at text not null, status integer, detail text not null, state text not null,
    seconds real not null default 0, headers text not null default '[]', answer blob not null default x'',
    unique (n, place, number));
create table chains(chain integer primary key, destination integer not null, due real not null);
create table bodies(
    n integer not null, place integer not null, body blob not null, headers text not null,
    method text not null default 'POST', primary key (n, place)) without rowid;
create table progress(name text primary key, value text not null) without rowid;
create index receipts_delivered on receipts(n) where open = 0;
create index receipts_refused on receipts(n) where refusal is not null;
create index calls_waiting on calls(chain) where state = 'waiting';
create index calls_user on calls(user) where user is not null;
create index calls_group on calls(grp) where grp is not null;
create index calls_event on calls(event) where event is not null;
create index calls_ended on calls(state) where state in ('dead', 'held');
create index chains_due on chains(destination, due);
pragma user_version = 4;
pragma application_id = 1397771844;
"""
CALL = b'{"type": "identify", "userId": "u"}'
BODY = b'{"batch": [' + CALL + b", " + CALL + b', {"type": "page"}]}'
SETUP = '{"track":false,"webhook":"actions","assume":{}}'
CODES = ("KEY_LOST", "PENDO_INTEGRATION_IGNORED", "NO_MATCHING_MAPPING")
LOOKED_FOR = {
    "user": "u", "q": "IDENT u", "level": "info", "outcome": "dropped", "trait": "a", "event": "e",
}  # fmt: skip


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "store.sqlite3"
    with closing(sqlite3.connect(path)) as db:
        db.executescript(SECOND)
        for number, destination in enumerate(("loopback", "data.pendo.io"), 1):
            row = (
                number, f"r-{number}", "2024-05-09T10:00:01+00:00", "home", "POST", "/v1/batch", "", "h",
                "127.0.0.1", "[]", BODY, 200, None, SETUP, destination,
            )  # fmt: skip
            db.execute(f"insert into receipts values ({', '.join('?' * len(row))})", row)
            for index, state in enumerate(("delivered", "waiting", None)):
                values = (number, index, "identify", "u", "skipped" if state is None else "webhook", state)
                columns = "n, ix, type, user, outcome, codes, state"
                db.execute(f"insert into calls({columns}) values (?, ?, ?, ?, ?, '', ?)", values)
        db.execute("insert into attempts values (1, 0, 1, '2024-05-09T10:00:02+00:00', 200, '')")
        db.commit()
    return path


def test_what_version_2_kept_is_there_and_waits_for_its_destination(old: Path) -> None:
    with closing(Store(old, setup=Setup(), destination="loopback")) as store:
        assert [row["id"] for row in store.calls.page().calls] == [
            f"r-{number}.{index}" for number in (1, 2) for index in range(3)
        ]
        first = store.calls.one("r-1.0")
        assert first is not None
        assert [(attempt.status, attempt.state) for attempt in first.attempts] == [(200, "delivered")]
        # The key of another destination was not kept: only `pending` can do something about its webhooks.
        assert store.outbox.resume() == 1
        assert store.outbox.elsewhere() == [Elsewhere("data.pendo.io", 1)]
        assert [str(ref) for ref in store.outbox.some_left(9)] == ["r-1.1"]
        assert [str(call.ref) for call in Pending(store.database).all()] == ["r-1.1", "r-2.1"]
        open_webhooks = store.database.execute("select open from receipts order by n").fetchall()
        assert open_webhooks == [(1,), (1,)]
        # The event and the names of traits were not kept; what else filters look for is there.
        found = {name: store.calls.page({name: value}).calls for name, value in LOOKED_FOR.items()}
        assert {name: len(rows) for name, rows in found.items()} == {
            "user": 6, "q": 6, "level": 0, "outcome": 2, "trait": 0, "event": 0,
        }  # fmt: skip
    with closing(Store(old, setup=Setup(), destination="loopback")) as again:
        assert again.calls.totals()["calls"] == 6


def test_a_store_that_is_only_read_is_not_brought_up_to_date(old: Path) -> None:
    before = old.read_bytes()
    with pytest.raises(StoreError, match="format 2; a `segment-pendo run` with it brings it up to date"):
        Database(old, writes=False)
    assert old.read_bytes() == before


def test_a_store_that_is_too_old_is_refused_and_left_as_it_is(old: Path) -> None:
    with closing(sqlite3.connect(old)) as db:
        db.execute("pragma user_version = 1")
    before = old.read_bytes()
    with pytest.raises(StoreError, match="format 1, which is too old"):
        Database(old)
    assert old.read_bytes()[100:] == before[100:]


def test_what_version_3_kept_waits_in_its_order(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    with closing(sqlite3.connect(path)) as db:
        db.executescript(THIRD)
        db.execute("insert into destinations values (1, 'loopback', '')")
        db.execute(
            "insert into receipts values (7, 'r-7', '2024-05-09T10:00:01+00:00', 'home', 'POST', "
            "'/v1/batch', '', 'h', '127.0.0.1', '[]', ?, 200, null, ?, 1, 2)",
            (BODY, SETUP),
        )
        for index, state in enumerate(("waiting", "waiting", None)):
            db.execute(
                "insert into calls(n, ix, type, user, outcome, codes, state, chain) "
                "values (7, ?, 'identify', 'u', ?, ?, ?, 5)",
                (index, "webhook" if state else "skipped", CODES[index], state),
            )
        db.execute("insert into chains values (5, 1, 0)")
        db.execute(
            "insert into attempts(n, ix, number, at, detail, state) values (7, 1, 1, '', 'x', 'waiting')"
        )
        db.execute("insert into bodies values (7, 1, x'7b7d', '[]')")
        db.execute("insert into progress values ('accepted', '3')")
        db.commit()
    with closing(Store(path, setup=Setup(), destination="loopback")) as store:
        assert [row["id"] for row in store.calls.page().calls] == ["r-7.0", "r-7.1", "r-7.2"]
        assert [str(waiting.ref) for waiting in store.outbox.first(5, 9)] == ["r-7.0", "r-7.1"]
        for filters, places in (
            ({"level": "warning"}, ["r-7.0"]),
            ({"level": "info"}, ["r-7.0", "r-7.1", "r-7.2"]),
            ({"outcome": "unselected"}, ["r-7.2"]),
            ({"q": "no_matching"}, ["r-7.2"]),
        ):
            assert [row["id"] for row in store.calls.page(filters).calls] == places, filters
        of_second = (7, CallRef("r-7", 1).place)
        for query, kept in (
            ("select n, place from attempts", [of_second]),
            ("select n, place from bodies", [of_second]),
            ("select name, value from progress where name <> 'store'", [("accepted", "3")]),
            ("select described from setups where id = (select setup from receipts)", [(SETUP,)]),
        ):
            assert store.database.execute(query).fetchall() == kept


def described(path: Path) -> list[tuple[str, str]]:
    """Name and columns of every table, names of indexes."""
    with closing(sqlite3.connect(path)) as db:
        names = db.execute("select name, type from sqlite_master where name not like 'sqlite_%'").fetchall()
        return sorted(
            (name, str([row[1:4] for row in db.execute(f"pragma table_info({name})")])) for name, _ in names
        )


@pytest.mark.parametrize("tables", [SECOND, THIRD, FOURTH], ids=["2", "3", "4"])
def test_a_store_of_each_version_has_the_tables_of_a_new_one(tables: str, tmp_path: Path) -> None:
    for name in ("old", "new"):
        with closing(sqlite3.connect(tmp_path / name)) as db:
            db.executescript(tables if name == "old" else "")
        Store(tmp_path / name, setup=Setup()).close()
    assert described(tmp_path / "old") == described(tmp_path / "new")


def test_what_version_4_kept_belongs_to_no_session(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    with closing(sqlite3.connect(path)) as db:
        db.executescript(FOURTH)
        db.execute("insert into destinations values (1, 'loopback', '')")
        db.execute("insert into setups values (1, ?)", (SETUP,))
        db.execute(
            "insert into receipts values (7, 'r-7', '2024-05-09T10:00:01+00:00', 'home', 'POST', "
            "'/v1/batch', '', 'h', '127.0.0.1', '[]', ?, 200, null, 1, 1, 1)",
            (BODY,),
        )
        db.execute(
            "insert into calls(n, place, type, user, outcome, codes, state, chain) "
            "values (7, 0, 'identify', 'u', 'webhook', '', 'waiting', 5)"
        )
        db.execute("insert into chains values (5, 1, 0)")
        db.commit()
    with closing(Store(path, setup=Setup(), destination="loopback")) as store:
        (row,) = store.calls.page().calls
        assert (row["id"], "session" in row) == ("r-7.0", False)
        assert [str(waiting.ref) for waiting in store.outbox.first(5, 9)] == ["r-7.0"]
        session = store.sessions.open()
        assert store.calls.page({"session": session.id}).calls == []
