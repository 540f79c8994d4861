"""The tables of a store, and how a store of an earlier version becomes one of this."""

import hashlib
import sqlite3
from collections.abc import Callable
from typing import Final

from segment_pendo.base.bounded import Made
from segment_pendo.serve.store.searched import level_of_code, words

__all__ = ["OLDEST", "OWNER", "VERSION", "chain_number", "create", "migrate"]

VERSION: Final = 6
OLDEST: Final = 2  # that can be brought up to it
OWNER: Final = 0x53504E44  # "SPND", as SQLite's application_id
# receipts.open: how many webhooks of a receipt are not delivered. chains: who has webhooks that wait, and
# when the first of them is due (seconds since 1970). bodies: webhooks that no receipt makes again (replay).
# place: of a call's webhook in its receipt (CallRef.place); function: what the insert function made of the
# call, as Judged has it. setups: how receipts were mapped, as JSON. event to dropped: searched.
# receipts.source: the app of a request, by its name or the end of its write key. sessions: who may be asked
# for; receipts.session: to which one a request came. clearings: what was forgotten, with numbers from the
# sequence of the receipts: whoever reads on from a place learns of it.
_TABLES: Final = """
create table destinations(
    id integer primary key, name text not null, fingerprint text not null, unique (name, fingerprint));
create table setups(id integer primary key, described text not null unique);
create table receipts(
    n integer primary key autoincrement, id text not null unique, at text not null, door text not null,
    method text not null, path text not null, query text not null, host text not null, ip text not null,
    headers text not null, body blob not null, status integer not null, refusal text, setup integer not null,
    destination integer not null, open integer not null, session text, source text);
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
create index calls_user on calls(user) where user is not null;
create index calls_group on calls(grp) where grp is not null;
create index calls_event on calls(event) where event is not null;
create index calls_ended on calls(state) where state in ('dead', 'held');
create index chains_due on chains(destination, due);
"""
# What version 5 has besides. calls_waiting has the state, too: SQLite counts by an index alone only if all
# that is asked stands in it, even what its condition says.
_FIFTH: Final = """
drop index if exists calls_waiting;
create index calls_waiting on calls(chain, state) where state = 'waiting';
create table sessions(n integer primary key, id text not null unique, name text, at text not null);
create table clearings(n integer primary key, what text not null, session text);
create index receipts_session on receipts(session) where session is not null;
create index if not exists receipts_at on receipts(at);
"""
# What version 6 has besides.
_SIXTH: Final = """
create index receipts_source on receipts(source) where source is not null;
"""


def create(db: sqlite3.Connection) -> None:
    """Make the tables in an empty database, inside the transaction that the caller has begun."""
    _each(db, _TABLES)
    _each(db, _FIFTH)
    _each(db, _SIXTH)
    _sign(db)


def migrate(db: sqlite3.Connection, version: int) -> None:
    """Bring a store of a version from OLDEST on up to this one, in the caller's transaction."""
    if version in _STEPS:
        _STEPS[version](db)
    if version < 5:
        _each(db, _FIFTH)
    if version < 6:
        _each(db, _SIXTH)
    _sign(db)


def chain_number(destination: int, chain: str) -> int:
    """Return the number of a chain of webhooks to one destination.

    Two chains with the same number only wait for each other.
    """
    return _CHAINS[f"{destination} {chain}"]


def _hashed(text: str) -> int:
    raw = text.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(raw, digest_size=8).digest(), "big", signed=True)


_CHAINS: Final = Made[str, int](_hashed)  # a user's calls come together


def _sign(db: sqlite3.Connection) -> None:
    db.execute(f"pragma user_version = {VERSION}")
    db.execute(f"pragma application_id = {OWNER}")


def _each(db: sqlite3.Connection, script: str) -> None:
    # executescript would end the transaction.
    for statement in script.split(";"):
        if statement.strip():
            db.execute(statement)


def _renamed(db: sqlite3.Connection, *tables: str) -> None:
    """Put earlier tables out of the way, and make those of this version."""
    for table in tables:
        db.execute(f"alter table {table} rename to old_{table}")
    indexes = "select name from sqlite_master where type = 'index' and sql is not null"
    for (index,) in db.execute(indexes).fetchall():
        db.execute(f"drop index {index}")
    _each(db, _TABLES)


def _without(db: sqlite3.Connection, *tables: str) -> None:
    for table in tables:
        db.execute(f"drop table old_{table}")


def _from_2(db: sqlite3.Connection) -> None:
    """Version 2 named a destination without its key, and had no outbox."""
    _renamed(db, "receipts", "calls", "attempts")
    db.execute(
        "insert into destinations(name, fingerprint) select distinct destination, '' from old_receipts"
    )
    db.execute("insert into setups(described) select distinct setup from old_receipts")
    db.execute(
        "insert into receipts select n, id, at, door, method, path, query, host, ip, headers, body, status, "
        "refusal, (select s.id from setups s where s.described = o.setup), "
        "(select d.id from destinations d where d.name = o.destination), "
        "(select count(*) from old_calls c where c.n = o.n and c.state is not null "
        "and c.state <> 'delivered'), null, null from old_receipts o"
    )
    db.execute(
        "insert into calls(n, place, type, user, grp, outcome, codes, state, status, attempts, history, "
        "signature) select n, ix * 64, type, user, grp, outcome, codes, state, status, attempts, "
        "history, signature from old_calls"
    )
    db.execute(
        "insert into attempts(n, place, number, at, status, detail, state) select a.n, a.ix * 64, a.number, "
        " a.at, a.status, a.detail, coalesce(c.state, 'dead') from old_attempts a "
        "join old_calls c on c.n = a.n and c.ix = a.ix"
    )
    waiting = db.execute(
        "select c.n, c.place, r.destination, c.user, c.grp from calls c join receipts r on r.n = c.n "
        "where c.state is not null and c.state <> 'delivered'"
    ).fetchall()
    for number, place, destination, user, group in waiting:
        # The chain was not kept. Who shares an id waits for each other, as they did, and perhaps for more.
        chain = chain_number(destination, f"{user if user is not None else group}")
        db.execute("update calls set chain = ? where n = ? and place = ?", (chain, number, place))
        db.execute(
            "insert or ignore into chains select ?, ?, 0 where exists "
            "(select 1 from calls where n = ? and place = ? and state = 'waiting')",
            (chain, destination, number, place),
        )
    _without(db, "attempts", "calls", "receipts")
    _fill(db)


def _from_3(db: sqlite3.Connection) -> None:
    """Version 3 kept one webhook for a call, and the setup with each receipt."""
    _renamed(db, *_KEPT_BY_3)
    for table in ("destinations", "chains", "progress"):
        db.execute(f"insert into {table} select * from old_{table}")  # noqa: S608 - our own names
    db.execute("insert into setups(described) select distinct setup from old_receipts")
    db.execute(
        "insert into receipts select n, id, at, door, method, path, query, host, ip, headers, body, status, "
        "refusal, (select s.id from setups s where s.described = o.setup), destination, open, null, null "
        "from old_receipts o"
    )
    db.execute(
        "insert into calls(n, place, type, user, grp, outcome, codes, state, status, attempts, history, "
        "signature, chain) select n, ix * 64, type, user, grp, outcome, codes, state, status, "
        "attempts, history, signature, chain from old_calls"
    )
    db.execute(
        "insert into attempts(n, place, number, at, status, detail, state, seconds, headers, answer) "
        "select n, ix * 64, number, at, status, detail, state, seconds, headers, answer from old_attempts"
    )
    db.execute("insert into bodies(n, place, body, headers) select n, ix * 64, body, headers from old_bodies")
    _without(db, *_KEPT_BY_3)
    _fill(db)


def _from_4(db: sqlite3.Connection) -> None:
    """Version 4 knew no sessions."""
    db.execute("alter table receipts add column session text")
    _from_5(db)


def _from_5(db: sqlite3.Connection) -> None:
    """Version 5 told no apps apart."""
    db.execute("alter table receipts add column source text")


def _fill(db: sqlite3.Connection) -> None:
    """Give filters what earlier versions kept of calls: all but the event and the names of traits."""
    found: list[tuple[object, ...]] = []
    for number, place, outcome, codes, *looked in db.execute(
        "select n, place, outcome, codes, type, user, grp from calls"
    ):
        names = codes.split(" ")
        level = max(map(level_of_code, names))
        dropped = outcome == "skipped" and names[0] not in _PASSED_ON
        found.append((words([*looked, *names]), level, dropped, number, place))
    db.executemany("update calls set words = ?, level = ?, dropped = ? where n = ? and place = ?", found)


# Why calls were skipped that Segment passes on to other destinations, in versions 2 and 3.
_PASSED_ON: Final = frozenset(
    {"NO_MATCHING_MAPPING", "FILTERED_BY_INTEGRATIONS_OBJECT", "FILTERED_BY_CONSENT", "MAPPING_CONTEXT_NULL"}
)
_KEPT_BY_3: Final = ("destinations", "receipts", "calls", "attempts", "chains", "bodies", "progress")
# Each goes straight to this version. 64 is MOST_COPIES: where a place has the index alone in earlier ones.
_STEPS: Final[dict[int, Callable[[sqlite3.Connection], None]]] = {
    2: _from_2,
    3: _from_3,
    4: _from_4,
    5: _from_5,
}
