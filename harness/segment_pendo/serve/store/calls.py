"""Read calls from the store: rows by filter and cursor, one call with its attempts, counts."""

from collections.abc import Collection, Iterator, Mapping
from itertools import groupby
from typing import Final, NamedTuple

from segment_pendo.explain.rows import call_row
from segment_pendo.mapping.setup import Setup
from segment_pendo.serve.store.database import Database
from segment_pendo.serve.store.outbox import attempts_of
from segment_pendo.serve.store.receipts import as_kept, judged_at, remade, text
from segment_pendo.words import MOST_COPIES, Attempt, CallRef, JsonObject, Judged, Receipt

__all__ = ["FILTERS", "Calls", "Kept", "Page"]

FILTERS: Final = {
    "type": "c.type = ?",
    "user": "c.user = ?",
    "group": "c.grp = ?",
    "outcome": "c.outcome = ?",
    "code": "instr(' ' || c.codes || ' ', ' ' || ? || ' ') > 0",
}
MOST_BYTES: Final = 4_000_000  # of webhooks in one page of rows
_COLUMNS: Final = (
    "select c.n, c.place, c.state, c.status, c.attempts, c.history, c.signature, "
    "(select a.detail from attempts a where a.n = c.n and a.place = c.place and a.number = c.attempts) "
    "from calls c"
)
type _Row = tuple[int, int, str | None, int | None, int, str | None, str | None, str | None]


class Page(NamedTuple):
    """Rows, oldest first, and the cursor after the last of them."""

    calls: list[JsonObject]
    next: str


class Kept(NamedTuple):
    """A call of the store: its row, what the row is made from, and each attempt to deliver it."""

    row: JsonObject
    receipt: Receipt
    judged: Judged
    setup: Setup
    attempts: list[Attempt]


class Calls:
    """The calls of a store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(self, filters: Mapping[str, str] | None = None, *, after: str = "", limit: int = 100) -> Page:
        """Return the rows after a cursor that match every filter (type, user, group, outcome, code).

        A page ends early where its webhooks have more than 4 MB; its cursor says where.
        Raises ValueError for an unknown filter or an invalid cursor.
        """
        where, values = _condition(filters or {}, after)
        selected: list[_Row] = self._database.execute(
            f"{_COLUMNS} where {where} order by c.n, c.place limit ?", (*values, limit)
        ).fetchall()
        rows: list[JsonObject] = []
        size = 0
        for cursor, kept in self._rows(selected):
            rows.append(kept.row)
            size += len(kept.judged.webhook.body) if kept.judged.webhook else 0
            if size > MOST_BYTES:
                return Page(rows, cursor)
        return Page(rows, f"{selected[-1][0]}.{selected[-1][1]}" if selected else after)

    def one(self, name: str) -> Kept | None:
        """Return the call of this name (CallRef), or None."""
        ref = CallRef.read(name)
        if ref is None:
            return None
        selected: list[_Row] = self._database.execute(
            f"{_COLUMNS} join receipts r on r.n = c.n where r.id = ? and c.place = ?",
            (text(ref.receipt), ref.place),
        ).fetchall()
        kept = next((kept for _, kept in self._rows(selected)), None)
        if kept is None:
            return None
        return kept._replace(attempts=attempts_of(self._database, *selected[0][:2]))

    def of(self, number: int, places: Collection[int]) -> list[Kept]:
        """Return these calls of one receipt, without attempts; what another version kept is left out."""
        selected: list[_Row] = self._database.execute(
            f"{_COLUMNS} where c.n = ? order by c.place", (number,)
        ).fetchall()
        return [kept for _, kept in self._rows([row for row in selected if row[1] in places])]

    def settled(self, filters: Mapping[str, str], *, after: str = "") -> int:
        """Return how many rows match and wait for no delivery. Raises ValueError as `page` does."""
        where, values = _condition(filters, after)
        query = f"select count(*) from calls c where {where} and c.state is not 'waiting'"  # noqa: S608
        (count,) = self._database.execute(query, values).fetchone()
        return int(count)

    def _rows(self, selected: list[_Row]) -> Iterator[tuple[str, Kept]]:
        """Yield each row with its cursor."""
        for number, group in groupby(selected, key=lambda row: row[0]):
            try:
                receipt, setup = remade(self._database, number)
            except ValueError:  # kept by another version of segment-pendo, whose setup this one cannot read
                continue
            again = judged_at(receipt)
            for _, place, state, status, attempts, history, signature, detail in group:
                if place not in again:  # kept by another version, which read it differently
                    continue
                delivery = None if state is None else _delivery(state, status, attempts, detail)
                judged = as_kept(again[place], history, signature, setup)
                row = call_row(receipt, judged, delivery=delivery)
                yield f"{number}.{place}", Kept(row, receipt, judged, setup, [])

    def states(self, destination: int | None = None) -> dict[str, int]:
        """Return how many webhooks are in which state; those that wait, only for this destination."""
        counts = dict(
            self._database.execute(
                "select state, count(*) from calls where state is not null group by state"
            ).fetchall()
        )
        if destination is not None and "waiting" in counts:
            (ours,) = self._database.execute(
                "select count(*) from chains k join calls c on c.chain = k.chain and c.state = 'waiting' "
                "where k.destination = ?",
                (destination,),
            ).fetchone()
            counts["waiting"] = ours
        return {state: count for state, count in counts.items() if count}

    def totals(self) -> dict[str, int]:
        """Return the numbers of requests, calls and refused requests."""
        # A call of several mappings is counted once.
        calls_only = "(select count(*) from calls where place % ? = 0)"
        query = f"select count(*), count(refusal), {calls_only} from receipts"  # noqa: S608 - our own words
        requests, refused, calls = self._database.execute(query, (MOST_COPIES,)).fetchone()
        return {"requests": requests, "refused": refused, "calls": calls}


def _delivery(state: str, status: int | None, attempts: int, detail: str | None) -> JsonObject:
    delivery: JsonObject = {"state": state, "status": status, "attempts": attempts}
    return delivery | {"detail": detail} if detail and state != "delivered" else delivery


def _condition(filters: Mapping[str, str], after: str) -> tuple[str, tuple[object, ...]]:
    where, values = ["(c.n, c.place) > (?, ?)"], [*_cursor(after)]
    for name, value in filters.items():
        if name not in FILTERS:
            msg = f"there is no filter named {name!r}; the filters are {', '.join(FILTERS)}"
            raise ValueError(msg)
        where.append(FILTERS[name])
        values.append(value)
    return " and ".join(where), tuple(values)


def _cursor(text: str) -> tuple[object, object]:
    if not text:
        return (0, -1)
    number, dot, index = text.partition(".")
    if not (dot and number.isdecimal() and index.isdecimal() and len(number) < 18 and len(index) < 18):
        msg = "after must be the value of next in an earlier answer"
        raise ValueError(msg)
    return (int(number), int(index))
