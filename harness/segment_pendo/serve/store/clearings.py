"""What was forgotten on purpose, with its place among the receipts: readers of news learn of it in order."""

from typing import Final, Literal, NamedTuple

from segment_pendo.serve.store.database import Database

__all__ = ["Clearing", "Clearings", "What"]

type What = Literal["calls", "all"]

_MOST: Final = 1000


class Clearing(NamedTuple):
    """What was forgotten (`calls`, or `all`: Pendo's records, too), of which session; None: of every one."""

    number: int
    what: What
    session: str | None


class Clearings:
    """Keeps the last clearings of a store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, what: What, session: str | None) -> None:
        """Keep that something was forgotten, inside the transaction that does it."""
        # Earlier ones that are a part of this one need not be told any more.
        self._database.execute(
            "delete from clearings where session = ? or (? is null and what in ('calls', ?))",
            (session, session, what),
        )
        self._database.execute("insert into clearings values (?, ?, ?)", (self._next_number(), what, session))
        self._database.execute(
            "delete from clearings where n <= (select n from clearings order by n desc limit 1 offset ?)",
            (_MOST,),
        )

    def _next_number(self) -> int:
        """Take the next number of the receipts, so that no receipt gets it."""
        taken = self._database.execute("update sqlite_sequence set seq = seq + 1 where name = 'receipts'")
        if not taken.rowcount:  # there was no receipt yet
            self._database.execute("insert into sqlite_sequence values ('receipts', 1)")
        (number,) = self._database.execute(
            "select seq from sqlite_sequence where name = 'receipts'"
        ).fetchone()
        return int(number)

    def between(self, after: int, until: int | None) -> list[Clearing]:
        """Return those after a number, up to another one; None: all of them."""
        rows = self._database.execute(
            "select n, what, session from clearings where n > ? and (? is null or n <= ?) order by n",
            (after, until, until),
        ).fetchall()
        return [Clearing(*row) for row in rows]
