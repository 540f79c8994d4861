"""Read calls from the store: rows by filter and cursor, one call with its attempts, counts."""

from collections.abc import Collection, Generator, Iterator, Mapping
from itertools import groupby
from typing import Final, NamedTuple

from segment_pendo.base.bounded import Bounded
from segment_pendo.base.steps import Steps, finished
from segment_pendo.explain.rows import call_row
from segment_pendo.mapping.setup import Setup
from segment_pendo.serve.store.database import Database
from segment_pendo.serve.store.filters import after_cursor, condition
from segment_pendo.serve.store.outbox import attempts_of
from segment_pendo.serve.store.receipts import AsIf, as_kept, judged_at, remade_in_steps, text
from segment_pendo.words import MOST_COPIES, Attempt, CallRef, JsonObject, Judged, Receipt

__all__ = ["Calls", "Counts", "Kept", "Page"]

MOST_BYTES: Final = 4_000_000  # of webhooks in one page of rows
_HELD: Final = 1000  # calls
_MOST_HELD: Final = 64 * 1024  # bytes of a request whose calls are held
_COLUMNS: Final = (
    "select c.n, c.place, c.state, c.status, c.attempts, c.history, c.signature, "
    "(select a.detail from attempts a where a.n = c.n and a.place = c.place and a.number = c.attempts) "
    "from calls c"
)
_STATES: Final = ("dead", "delivered", "held", "waiting")
# A call of several mappings is counted once.
_COUNTS: Final = (
    "select count(*) filter (where place % ? = 0), count(*) filter (where state = 'dead'), "
    "count(*) filter (where state = 'delivered'), count(*) filter (where state = 'held'), "
    "count(*) filter (where state = 'waiting'), min(n) filter (where state = 'waiting') from calls"
)
type _Row = tuple[int, int, str | None, int | None, int, str | None, str | None, str | None]


class Page(NamedTuple):
    """Rows in the order that was asked for, and the cursor after the last of them."""

    calls: list[JsonObject]
    next: str


class Kept(NamedTuple):
    """A call of the store: its row, what the row is made from, and each attempt to deliver it.

    `receipt` may be without other calls of its request.
    """

    row: JsonObject
    receipt: Receipt
    judged: Judged
    setup: Setup
    attempts: list[Attempt]


class Counts(NamedTuple):
    """Numbers of requests, calls and refused requests; of webhooks by their state.

    `oldest`: the number of the first receipt with a webhook that waits, whatever its destination.
    """

    totals: dict[str, int]
    states: dict[str, int]
    oldest: int | None


class Calls:
    """The calls of a store."""

    def __init__(self, database: Database) -> None:
        self._database = database
        # What was read last: people look at the same calls again, and suites ask until a call is there.
        self._read = Bounded[tuple[int, int], Kept](_HELD, "setting")

    def page(
        self,
        filters: Mapping[str, str] | None = None,
        *,
        after: str = "",
        before: str = "",
        newest: bool = False,
        limit: int = 100,
    ) -> Page:
        """Return the rows after a cursor that match every filter, oldest first.

        `newest`: newest first, those `before` a cursor. A page ends early where its webhooks have more than
        4 MB; its cursor says where. Without a row there is none further on. Raises ValueError for a wrong
        filter or cursor.
        """
        return finished(self.page_in_steps(filters, after=after, before=before, newest=newest, limit=limit))

    def page_in_steps(
        self,
        filters: Mapping[str, str] | None = None,
        *,
        after: str = "",
        before: str = "",
        newest: bool = False,
        limit: int = 100,
    ) -> Steps[Page]:
        """Do the same as `page`, a call a step."""
        wanted = condition(filters or {})
        cursor = before if newest else after
        beyond, order = ("<", "desc") if newest else (">", "asc")
        while True:
            place, values = "true", wanted.values
            if cursor:
                place = f"(c.n, c.place) {beyond} (?, ?)"
                values = (*after_cursor(cursor, "before" if newest else "after"), *values)
            selected: list[_Row] = self._database.execute(
                f"{_COLUMNS} where {place} and {wanted.sql} order by c.n {order}, c.place {order} limit ?",
                (*values, limit),
            ).fetchall()
            page = yield from self._page(selected, cursor)
            if page.calls or not selected:
                return page
            cursor = page.next  # all of these were kept by another version, which cannot be read here

    def _page(self, selected: list[_Row], cursor: str) -> Steps[Page]:
        rows: list[JsonObject] = []
        size = 0
        for found in self._rows_in_steps(selected):
            yield None
            if found is None:
                continue
            cursor, kept = found
            rows.append(kept.row)
            size += len(kept.judged.webhook.body) if kept.judged.webhook else 0
            if size > MOST_BYTES:
                return Page(rows, cursor)
        return Page(rows, f"{selected[-1][0]}.{selected[-1][1]}" if selected else cursor)

    def one(self, name: str, as_if: AsIf | None = None) -> Kept | None:
        """Return the call of this name (CallRef), or None; `as_if`: mapped with another setup."""
        ref = CallRef.read(name)
        if ref is None:
            return None
        selected: list[_Row] = self._database.execute(
            f"{_COLUMNS} join receipts r on r.n = c.n where r.id = ? and c.place = ?",
            (text(ref.receipt), ref.place),
        ).fetchall()
        kept = next((kept for _, kept in self._rows(selected, as_if)), None)
        if kept is None:
            return None
        return kept._replace(attempts=attempts_of(self._database, *selected[0][:2]))

    def of(self, number: int, places: Collection[int], as_if: AsIf | None = None) -> list[Kept]:
        """Return these calls of one receipt, without attempts; what another version kept is left out.

        `as_if`: mapped with another setup.
        """
        selected: list[_Row] = self._database.execute(
            f"{_COLUMNS} where c.n = ? order by c.place", (number,)
        ).fetchall()
        return [kept for _, kept in self._rows([row for row in selected if row[1] in places], as_if)]

    def settled(self, filters: Mapping[str, str], *, after: str = "", most: int = -1) -> int:
        """Return how many rows match and wait for no delivery; it counts at most `most` (-1: all).

        Raises ValueError as `page` does.
        """
        wanted = condition(filters)
        query = (
            f"select count(*) from (select 1 from calls c where (c.n, c.place) > (?, ?) and {wanted.sql} "  # noqa: S608
            "and c.state is not 'waiting' limit ?)"
        )
        start = after_cursor(after) if after else (0, -1)
        (count,) = self._database.execute(query, (*start, *wanted.values, most)).fetchone()
        return int(count)

    def rows_in_steps(self, number: int, beyond: int) -> Steps[list[tuple[int, JsonObject]]]:
        """Return the rows of a receipt's calls beyond a place, each with its place, a call a step."""
        group: list[_Row] = self._database.execute(
            f"{_COLUMNS} where c.n = ? and c.place > ? order by c.place", (number, beyond)
        ).fetchall()
        if not group:
            return []
        try:
            made = yield from remade_in_steps(self._database, number, _indexes(group))
        except (ValueError, LookupError):  # kept by another version, or forgotten meanwhile
            return []
        return [(place, kept.row) for place, kept in _kept(*made, group)]

    def _rows(self, selected: list[_Row], as_if: AsIf | None = None) -> Iterator[tuple[str, Kept]]:
        """Yield each row with its cursor."""
        yield from (found for found in self._rows_in_steps(selected, as_if) if found is not None)

    def _rows_in_steps(
        self, selected: list[_Row], as_if: AsIf | None = None
    ) -> Iterator[tuple[str, Kept] | None]:
        """Yield each row with its cursor, and None after each call that was mapped on the way."""
        for number, of_receipt in groupby(selected, key=lambda row: row[0]):
            group = [*of_receipt]
            held = [] if as_if is not None else [self._read.get(row[:2]) for row in group]
            if held and None not in held:
                pairs = zip(group, held, strict=True)
                yield from ((f"{number}.{row[1]}", _again(kept, row)) for row, kept in pairs if kept)
                continue
            steps = remade_in_steps(self._database, number, _indexes(group), as_if)
            try:
                receipt, setup = yield from _without_waiting(steps)
            except (ValueError, LookupError):  # kept by another version, or forgotten meanwhile
                continue
            for place, kept in _kept(receipt, setup, group):
                if as_if is None and len(receipt.request.body) <= _MOST_HELD:
                    self._read[number, place] = kept
                yield f"{number}.{place}", kept

    def counts(self) -> "Counts":
        """Return how many requests and calls there are, and webhooks in each state."""
        # In one pass over the calls, and without the column after a request's body, as that reads the body.
        calls, *states, oldest = self._database.execute(_COUNTS, (MOST_COPIES,)).fetchone()
        (requests,) = self._database.execute("select count(*) from receipts").fetchone()
        (refused,) = self._database.execute(
            "select count(*) from receipts where refusal is not null"
        ).fetchone()
        each = {state: count for state, count in zip(_STATES, states, strict=True) if count}
        return Counts({"requests": requests, "refused": refused, "calls": calls}, each, oldest)

    def states(self) -> dict[str, int]:
        """Return how many webhooks are in which state."""
        return self.counts().states

    def totals(self) -> dict[str, int]:
        """Return the numbers of requests, calls and refused requests."""
        return self.counts().totals


def _without_waiting[T](steps: Steps[T]) -> Generator[None, None, T]:
    """Do steps of which none waits for long: what a function made of a call is remembered."""
    while True:
        try:
            waiting = next(steps)
            if waiting is not None:
                waiting()
        except StopIteration as end:
            made: T = end.value
            return made
        yield None


def _indexes(rows: list[_Row]) -> set[int]:
    return {CallRef.at("", place).index for _, place, *_ in rows}


def _kept(receipt: Receipt, setup: Setup, rows: list[_Row]) -> Iterator[tuple[int, Kept]]:
    again = judged_at(receipt)
    for selected in rows:
        _, place, _, _, _, history, signature, _ = selected
        if place not in again:  # kept by another version, which read it differently
            continue
        judged = as_kept(again[place], history, signature, setup)
        row = call_row(receipt, judged, delivery=_delivery_of(selected))
        yield place, Kept(row, receipt, judged, setup, [])


def _again(kept: Kept, row: _Row) -> Kept:
    """Return a call that was read before, with what has become of its webhook meanwhile."""
    return kept._replace(row=call_row(kept.receipt, kept.judged, delivery=_delivery_of(row)))


def _delivery_of(row: _Row) -> JsonObject | None:
    _, _, state, status, attempts, _, _, detail = row
    if state is None:
        return None
    delivery: JsonObject = {"state": state, "status": status, "attempts": attempts}
    return delivery | {"detail": detail} if detail and state != "delivered" else delivery
