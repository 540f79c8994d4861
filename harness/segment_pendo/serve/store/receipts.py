"""How receipts and their calls stand in the store's tables, and how they are mapped again from there."""

import base64
import json
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Final, cast

from segment_pendo.base import js_json
from segment_pendo.base.headers import header_pairs
from segment_pendo.base.steps import Steps
from segment_pendo.explain.rows import finding_row
from segment_pendo.mapping import earlier as history
from segment_pendo.mapping.assess import assess_in_steps
from segment_pendo.mapping.setup import Setup
from segment_pendo.segment.functions import remembered
from segment_pendo.segment.ingest import basic_user
from segment_pendo.segment.webhooks import resigned, signature_of
from segment_pendo.serve.sources import NAME, label
from segment_pendo.serve.store.database import Database
from segment_pendo.serve.store.searched import column, searched, text
from segment_pendo.words import CallRef, Finding, Headers, Json, JsonObject, Judged, Receipt, SdkRequest

__all__ = [
    "CALL",
    "RECEIPT",
    "RECEIPT_AT",
    "AsIf",
    "as_kept",
    "call_columns",
    "column",
    "judged_at",
    "kept_setup",
    "receipt_columns",
    "remade_in_steps",
    "text",
]

type AsIf = Callable[[Setup], Setup]

RECEIPT: Final = (
    "insert into receipts values (null, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # n is SQLite's
)
RECEIPT_AT: Final = RECEIPT.replace("(null", "(?")  # with a number of our own
CALL: Final = (
    "insert into calls(n, place, type, user, grp, outcome, codes, state, history, signature, function, "
    "event, traits, words, level, dropped, chain) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
# What says something about the SDK, or about how its body is read; nothing that lets somebody in.
_KEPT_HEADERS: Final = frozenset(
    {"user-agent", "content-type", "content-encoding", "x-retry-count", "origin"}
)
_WRITE_KEY: Final = "write-key"


def kept_setup(database: Database, setup: Setup) -> int:
    """Keep how receipts are mapped, all but the secret; return its number."""
    described = js_json.write(setup.described()).decode()
    with database.transaction():
        database.execute("insert or ignore into setups(described) values (?)", (described,))
    (number,) = database.execute("select id from setups where described = ?", (described,)).fetchone()
    return int(number)


def receipt_columns(receipt: Receipt, setup: int, destination: int) -> tuple[object, ...]:
    """Return the values of RECEIPT. `setup`: the number of kept_setup."""
    request = receipt.request
    refusal = (
        js_json.write({"code": receipt.refusal.code, "message": receipt.refusal.message}).decode()
        if receipt.refusal
        else None
    )
    headers: Json = [[name, value] for name, value in _kept_headers(request)]
    return (
        receipt.id, receipt.at.isoformat(), request.door, request.method, text(request.path),
        text(request.query), text(request.host), request.ip, js_json.write(headers).decode(), request.body,
        receipt.reply.status, refusal, setup, destination,
        sum(judged.webhook is not None for judged in receipt.each), request.session or None,
        label(receipt),
    )  # fmt: skip


def call_columns(judged: Judged) -> tuple[object, ...]:
    """Return the values of CALL between the receipt's number and the chain."""
    call, webhook, skipped = judged.call, judged.webhook, judged.skipped
    codes = [finding.code for finding in judged.findings]
    if skipped:
        codes.insert(0, skipped.code)
    named = (column(call.type), column(call.member("userId")), column(call.member("groupId")))
    return (
        judged.place,
        *named,
        "webhook" if webhook else "skipped",
        " ".join(codes),
        "waiting" if webhook else None,
        _kept_history(judged.findings) if codes else None,
        signature_of(webhook) if webhook else None,
        js_json.write(judged.function).decode() if judged.function is not None else None,
        *searched(judged, named, codes),
    )


def remade_in_steps(
    database: Database, number: int, only: Collection[int] | None = None, as_if: AsIf | None = None
) -> Steps[tuple[Receipt, Setup]]:
    """Return a receipt, mapped again from what was kept, unsigned, and the setup that it was mapped with.

    A call a step. `only`: the indexes of its calls that are wanted, None for all. `as_if`: returns the setup
    to map it with instead. Raises ValueError if its setup cannot be read, LookupError if there is no such
    receipt.
    """
    row = database.execute(
        "select r.id, at, door, session, source, method, path, query, host, ip, headers, body, described "
        "from receipts r join setups s on s.id = r.setup where n = ?",
        (number,),
    ).fetchone()
    if row is None:
        raise LookupError(number)
    (name, at, door, session, source, method, path, query, host, ip, headers, body, setup) = row
    kept = _as_sent(header_pairs(js_json.read(headers.encode()).value))
    request = SdkRequest(method, path, query, kept, body, host, ip, door, session or "", _name(source))
    as_then = _as_described(setup)
    if as_if is not None:
        as_then = as_if(as_then)
    if as_then.destination is not None and as_then.destination.file.function is not None:
        as_then = replace(as_then, function=remembered(_by_function(database, number)))
    received = datetime.fromisoformat(at)
    receipt = yield from assess_in_steps(request, id=name, at=received, setup=as_then, only=only)
    return receipt, as_then


def _name(source: str | None) -> str:
    """Return an app's name of what was kept, an empty text for the end of a write key."""
    return source if source is not None and NAME.fullmatch(source) else ""


@lru_cache(maxsize=16)  # a store has few, and each of its receipts names one
def _as_described(setup: str) -> Setup:
    """Return a setup as it was kept. Raises ValueError."""
    described = js_json.read(setup.encode()).value
    assert isinstance(described, dict)
    return Setup().like(described)


def _by_function(database: Database, number: int) -> dict[int, JsonObject | None]:
    """Return what the insert function made of the calls of a receipt, by their index."""
    rows = database.execute(
        "select place, function from calls where n = ? and function is not null", (number,)
    ).fetchall()
    return {
        CallRef.at("", place).index: cast("JsonObject", js_json.read(kept.encode()).value)
        for place, kept in rows
    }


def judged_at(receipt: Receipt) -> dict[int, Judged]:
    """Return what became of the calls of a receipt, by its place in the store."""
    return {receipt.ref(judged).place: judged for judged in receipt.each}


def as_kept(judged: Judged, history_row: str | None, signature: str | None, setup: Setup) -> Judged:
    """Return a call that was mapped again, with its signature and the findings that were kept."""
    if signature is not None and judged.webhook is not None:
        judged = replace(judged, outcome=resigned(judged.webhook, setup.kind, signature))
    if history_row is None:
        return judged
    findings = tuple(Finding(**row) for row in json.loads(history_row))
    return replace(judged, findings=(*judged.findings, *findings))


def _kept_history(findings: tuple[Finding, ...]) -> str | None:
    """Return the findings that need earlier calls, which mapping this receipt alone does not make again."""
    rows: Json = [finding_row(finding) for finding in findings if finding.code in history.CODES]
    return js_json.write(rows, ordinary=True).decode() if rows else None


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
