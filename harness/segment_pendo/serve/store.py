"""The store: every request that was answered, its calls, and what became of each webhook; SQL on sqlite3.

A receipt is committed before its SDK is answered, so a kill -9 loses nothing that was answered 200. Webhook
bytes are not kept: they are made again from the receipt. A file holds what apps sent, in clear: only its
owner may read it (0600).
"""

import base64
import errno
import glob
import json
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any, Final, NamedTuple

from segment_pendo.base import js_json
from segment_pendo.base.errors import CANNOT_START, SegmentPendoError
from segment_pendo.base.headers import header_pairs
from segment_pendo.base.steps import Prepared, Steps, finished
from segment_pendo.explain.rows import call_row, finding_row
from segment_pendo.mapping import earlier as history
from segment_pendo.mapping.assess import assess
from segment_pendo.mapping.setup import Setup
from segment_pendo.segment.ingest import basic_user
from segment_pendo.segment.webhooks import resigned, signature_of
from segment_pendo.words import (
    Attempt,
    CallRef,
    Finding,
    Headers,
    Json,
    JsonObject,
    Judged,
    Receipt,
    SdkRequest,
)

__all__ = ["FILTERS", "Kept", "Page", "Store", "StoreError"]

_VERSION: Final = 2
_OWNER: Final = 0x53504E44  # "SPND", as SQLite's application_id
_MAGIC: Final = b"SQLite format 3\0"
_SCHEMA: Final = """
create table receipts(
    n integer primary key autoincrement, id text not null unique, at text not null, door text not null,
    method text not null,
    path text not null, query text not null, host text not null, ip text not null, headers text not null,
    body blob not null, status integer not null, refusal text, setup text not null,
        destination text not null);
create table calls(
    n integer not null, ix integer not null, type text, user text, grp text, outcome text not null,
    codes text not null,
    state text, status integer, attempts integer not null default 0, history text, signature text,
    primary key (n, ix)) without rowid;
create table attempts(
    n integer not null, ix integer not null, number integer not null, at text not null, status integer,
    detail text not null, primary key (n, ix, number)) without rowid;
create index calls_state on calls(state) where state = 'waiting';
"""
FILTERS: Final = {
    "type": "c.type = ?",
    "user": "c.user = ?",
    "group": "c.grp = ?",
    "outcome": "c.outcome = ?",
    "code": "instr(' ' || c.codes || ' ', ' ' || ? || ' ') > 0",
}
# In memory, the oldest receipts go when this much of request bodies is held.
MOST_BYTES: Final = 4_000_000  # of webhooks in one page of rows
_ROW: Final = 1000  # about what a row weighs in memory, with its attempts
_MEMORY_LIMIT: Final = 64 * 1024 * 1024


class StoreError(SegmentPendoError):
    """The store cannot be used; the text says which file and why."""

    exit_code = CANNOT_START


class Page(NamedTuple):
    """Rows, oldest first, and the cursor after the last of them."""

    calls: list[JsonObject]
    next: str


class Kept(NamedTuple):
    """A call of the store: its row, and what the row is made from."""

    row: JsonObject
    judged: Judged
    setup: Setup


class Store:
    """A sink that keeps receipts. All of it runs in the thread that made it."""

    def __init__(self, path: Path | None, *, setup: Setup, destination: str = "") -> None:
        self._described = js_json.write(setup.described()).decode()
        self._destination = destination
        self._in_memory = path is None
        self._name = str(path or "the store in memory")
        self._held = 0
        self._listeners: list[Callable[[], None]] = []
        try:
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
                # Created by us before SQLite opens it, so that nobody else can read it at any time.
                os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
                _refuse_foreign(path)
                for file in path.parent.glob(f"{glob.escape(path.name)}*"):
                    if file.name in {path.name, f"{path.name}-wal", f"{path.name}-shm"}:
                        file.chmod(0o600)  # it may have been there before
            self._db = sqlite3.connect(path or ":memory:", isolation_level=None)
            try:
                self._open()
            except sqlite3.Error:
                self._db.close()
                raise
        except (sqlite3.Error, OSError) as error:
            msg = f"the store {path} cannot be used: {error}. Give another file, or move this one away."
            raise StoreError(msg) from None

    def _open(self) -> None:
        (version,) = self._db.execute("pragma user_version").fetchone()
        (owner,) = self._db.execute("pragma application_id").fetchone()
        if self._db.execute("select count(*) from sqlite_master").fetchone() == (0,):
            self._db.executescript(
                f"begin; {_SCHEMA} pragma user_version = {_VERSION}; pragma application_id = "
                f"{_OWNER}; commit;"
            )
        elif owner != _OWNER:
            msg = "it belongs to another program"
            raise sqlite3.DatabaseError(msg)
        elif version != _VERSION:
            msg = f"it has format {version}, but this segment-pendo reads format {_VERSION}"
            raise sqlite3.DatabaseError(msg)
        self._db.execute("pragma journal_mode = wal")
        self._db.execute("pragma synchronous = normal")  # a killed process loses nothing; a power cut may

    def close(self) -> None:
        self._db.close()

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener` after every change."""
        self._listeners.append(listener)

    def _changed(self) -> None:
        for listener in self._listeners:
            listener()

    def take(self, receipt: Receipt) -> None:
        """Commit one receipt with its calls. Raises OSError."""
        finished(self.prepared(receipt)).keep()

    def prepared(self, receipt: Receipt) -> Steps[Prepared]:
        """Make the rows of a receipt, a call a step; all of them are committed when they are kept."""
        request = receipt.request
        refusal = (
            js_json.write({"code": receipt.refusal.code, "message": receipt.refusal.message}).decode()
            if receipt.refusal
            else None
        )
        headers: Json = [[name, value] for name, value in _kept_headers(request)]
        row = (
            receipt.id, receipt.at.isoformat(), request.door, request.method, _text(request.path),
            _text(request.query),
            _text(request.host), request.ip, js_json.write(headers).decode(), request.body,
            receipt.reply.status, refusal,
            self._described, self._destination,
        )  # fmt: skip
        columns = []
        for index in range(len(receipt.judged)):
            columns.append(_call_columns(receipt, index))
            yield
        return Prepared(partial(self._keep, row, columns, len(request.body)), partial(self._undo, receipt.id))

    def _keep(self, row: tuple[Any, ...], columns: list[tuple[Any, ...]], size: int) -> None:
        with self._transaction():
            cursor = self._db.execute(
                "insert into receipts values (null, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row
            )
            number = cursor.lastrowid
            self._db.executemany(
                "insert into calls(n, ix, type, user, grp, outcome, codes, state, history, signature) "
                "values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                ((number, *values) for values in columns),
            )
        self._forget_oldest(size + _ROW * len(columns))
        self._changed()

    def _undo(self, name: str) -> None:
        with self._transaction():
            (number,) = self._db.execute("select n from receipts where id = ?", (name,)).fetchone()
            self._forget(number)
        self._changed()

    def _forget(self, number: int) -> None:
        for table in ("attempts", "calls", "receipts"):
            self._db.execute(f"delete from {table} where n = ?", (number,))  # noqa: S608 - our own names

    def _forget_oldest(self, added: int) -> None:
        self._held += added
        while self._in_memory and self._held > _MEMORY_LIMIT:
            number, size = self._db.execute(
                "select n, length(body) + ? * (select count(*) from calls c where c.n = r.n) from receipts r "
                "order by n limit 1",
                (_ROW,),
            ).fetchone()
            self._forget(number)
            self._held -= size

    def attempted(self, ref: CallRef, attempt: Attempt) -> None:
        """Keep one attempt, and the new state of its webhook."""
        receipt = self._db.execute("select n from receipts where id = ?", (ref.receipt,)).fetchone()
        if receipt is None:  # forgotten or cleared meanwhile
            return
        (number,) = receipt
        with self._transaction():
            self._keep_attempt(number, ref.index, attempt)
        self._changed()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self._db.execute("begin immediate")
            yield
            self._db.execute("commit")
        except sqlite3.Error as error:
            self._roll_back()
            full = error.sqlite_errorcode == sqlite3.SQLITE_FULL
            number = errno.ENOSPC if full else errno.EIO
            raise OSError(number, os.strerror(number) if full else str(error), self._name) from None
        except BaseException:
            self._roll_back()
            raise

    def _roll_back(self) -> None:
        if self._db.in_transaction:
            self._db.execute("rollback")

    def _keep_attempt(self, number: int, index: int, attempt: Attempt) -> None:
        self._db.execute(
            "insert or replace into attempts values (?, ?, ?, ?, ?, ?)",
            (number, index, attempt.number, attempt.at.isoformat(), attempt.status, attempt.detail),
        )
        self._db.execute(
            "update calls set state = ?, status = ?, attempts = ? where n = ? and ix = ?",
            (attempt.state, attempt.status, attempt.number, number, index),
        )

    def calls(self, filters: Mapping[str, str] | None = None, *, after: str = "", limit: int = 100) -> Page:
        """Return the rows after a cursor that match every filter (type, user, group, outcome, code).

        A page ends early where its webhooks have more than 4 MB; its cursor says where.
        Raises ValueError for an unknown filter or an invalid cursor.
        """
        where, values = _condition(filters or {}, after)
        selected = self._db.execute(
            "select c.n, c.ix, c.state, c.status, c.attempts, c.history, c.signature from calls c "  # noqa: S608
            f"where {where} "
            "order by c.n, c.ix limit ?",
            (*values, limit),
        ).fetchall()
        rows: list[JsonObject] = []
        size = 0
        for cursor, kept in self._rows(selected):
            rows.append(kept.row)
            size += len(kept.judged.webhook.body) if kept.judged.webhook else 0
            if size > MOST_BYTES:
                return Page(rows, cursor)
        return Page(rows, f"{selected[-1][0]}.{selected[-1][1]}" if selected else after)

    def call(self, name: str) -> Kept | None:
        """Return the call of this name (RECEIPT.INDEX), or None."""
        receipt, _, index = name.rpartition(".")
        if not (index.isascii() and index.isdecimal() and len(index) < 10):
            return None
        selected = self._db.execute(
            "select c.n, c.ix, c.state, c.status, c.attempts, c.history, c.signature from calls c join "
            "receipts r on r.n = c.n "
            "where r.id = ? and c.ix = ?",
            (_text(receipt), int(index)),
        ).fetchall()
        return next((kept for _, kept in self._rows(selected)), None)

    def settled(self, filters: Mapping[str, str], *, after: str = "") -> int:
        """Return how many rows match and wait for no delivery. Raises ValueError as `calls` does."""
        where, values = _condition(filters, after)
        query = f"select count(*) from calls c where {where} and c.state is not 'waiting'"  # noqa: S608
        (count,) = self._db.execute(query, values).fetchone()
        return int(count)

    def _rows(
        self, selected: list[tuple[int, int, str | None, int | None, int, str | None, str | None]]
    ) -> Iterator[tuple[str, Kept]]:
        """Yield each row with its cursor."""
        for number, group in groupby(selected, key=lambda row: row[0]):
            try:
                receipt, setup = self._receipt(number)
            except ValueError:  # kept by another version of segment-pendo, whose setup this one cannot read
                continue
            for _, index, state, status, attempts, kept, signature in group:
                if index >= len(receipt.judged):  # kept by another version, which read it differently
                    continue
                delivery: JsonObject | None = None
                if state is not None:
                    delivery = {"state": state, "status": status, "attempts": attempts}
                judged = _with(receipt.judged[index], kept, signature, setup)
                yield f"{number}.{index}", Kept(call_row(receipt, judged, delivery=delivery), judged, setup)

    def _receipt(self, number: int) -> tuple[Receipt, Setup]:
        """Return the receipt, mapped again from what was kept, unsigned.

        Raises ValueError if its setup cannot be read.
        """
        (name, at, listener, method, path, query, host, ip, headers, body, setup) = self._db.execute(
            "select id, at, door, method, path, query, host, ip, headers, body, setup from receipts "
            "where n = ?",
            (number,),
        ).fetchone()
        kept = _as_sent(header_pairs(js_json.read(headers.encode()).value))
        request = SdkRequest(method, path, query, kept, body, host, ip, listener)
        described = js_json.read(setup.encode()).value
        assert isinstance(described, dict)
        as_then = Setup().like(described)
        return assess(request, id=name, at=datetime.fromisoformat(at), setup=as_then), as_then

    def states(self) -> dict[str, int]:
        """Return how many webhooks are in which state."""
        return dict(
            self._db.execute("select state, count(*) from calls where state is not null group by state")
        )

    def totals(self) -> dict[str, int]:
        """Return the numbers of requests, calls and refused requests."""
        query = "select count(*), count(refusal), (select count(*) from calls) from receipts"
        requests, refused, calls = self._db.execute(query).fetchone()
        return {"requests": requests, "refused": refused, "calls": calls}

    def clear(self) -> None:
        """Forget everything."""
        self._db.executescript(
            "begin; delete from attempts; delete from calls; delete from receipts; commit;"
        )
        self._held = 0
        self._changed()


# What says something about the SDK, or about how its body is read; nothing that lets somebody in.
_KEPT_HEADERS: Final = frozenset(
    {"user-agent", "content-type", "content-encoding", "x-retry-count", "origin"}
)
_WRITE_KEY: Final = "write-key"


def _kept_headers(request: SdkRequest) -> Headers:
    """Return the headers that are kept; of Authorization only the write key, which calls carry anyway."""
    kept = tuple((name, value) for name, value in request.headers if name.lower() in _KEPT_HEADERS)
    write_key = basic_user(request.headers)
    return kept if write_key is None else (*kept, (_WRITE_KEY, write_key))


def _as_sent(headers: Headers) -> Headers:
    """Return kept headers as the SDK sent them: the write key is the user of a Basic header."""
    return tuple(
        ("Authorization", f"Basic {base64.b64encode(f'{value}:'.encode('utf-8', 'surrogatepass')).decode()}")
        if name == _WRITE_KEY
        else (name, value)
        for name, value in headers
    )


def _refuse_foreign(path: Path) -> None:
    # SQLite takes a short file for an empty database, and would overwrite it.
    with path.open("rb") as file:
        start = file.read(len(_MAGIC))
    if start not in {b"", _MAGIC}:
        msg = "it is not an SQLite database"
        raise sqlite3.DatabaseError(msg)


def _condition(filters: Mapping[str, str], after: str) -> tuple[str, list[object]]:
    where, values = ["(c.n, c.ix) > (?, ?)"], [*_cursor(after)]
    for name, value in filters.items():
        if name not in FILTERS:
            msg = f"there is no filter named {name!r}; the filters are {', '.join(FILTERS)}"
            raise ValueError(msg)
        where.append(FILTERS[name])
        values.append(value)
    return " and ".join(where), values


def _cursor(text: str) -> tuple[object, object]:
    if not text:
        return (0, -1)
    number, dot, index = text.partition(".")
    if not (dot and number.isdecimal() and index.isdecimal() and len(number) < 18 and len(index) < 18):
        msg = "after must be the value of next in an earlier answer"
        raise ValueError(msg)
    return (int(number), int(index))


def _text(value: str) -> str:
    # SQLite holds UTF-8, which cannot hold a lone surrogate.
    return value.encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def _column(value: Json) -> str | None:
    if value is None:
        return None
    return _text(value if isinstance(value, str) else js_json.write(value).decode())


def _call_columns(receipt: Receipt, index: int) -> tuple[object, ...]:
    judged = receipt.judged[index]
    webhook, skipped = judged.webhook, judged.skipped
    codes = [*([skipped.code] if skipped else []), *(finding.code for finding in judged.findings)]
    return (
        index,
        _column(judged.call.type),
        _column(judged.call.member("userId")),
        _column(judged.call.member("groupId")),
        "webhook" if webhook else "skipped",
        " ".join(codes),
        "waiting" if webhook else None,
        _kept_history(judged),
        signature_of(webhook) if webhook else None,
    )


def _kept_history(judged: Judged) -> str | None:
    """Return the findings that need earlier calls, which mapping this receipt alone does not make again."""
    findings: Json = [finding_row(finding) for finding in judged.findings if finding.code in history.CODES]
    return js_json.write(findings).decode() if findings else None


def _with(judged: Judged, kept: str | None, signature: str | None, setup: Setup) -> Judged:
    """Return a call that was mapped again, with its signature and the findings that were kept."""
    if signature is not None and judged.webhook is not None:
        judged = replace(judged, outcome=resigned(judged.webhook, setup.kind, signature))
    if kept is None:
        return judged
    findings = tuple(Finding(**row) for row in json.loads(kept))
    return replace(judged, findings=(*judged.findings, *findings))
