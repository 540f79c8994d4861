"""What of a store is not delivered: webhooks that wait, and dead ones, of every destination."""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from segment_pendo.serve.store.calls import Calls, Kept
from segment_pendo.serve.store.database import Database
from segment_pendo.serve.store.outbox import go_on
from segment_pendo.words import CallRef

__all__ = ["Item", "Pending"]

_AT_A_TIME: Final = 500


class Item(NamedTuple):
    """A webhook that is not delivered, and the destination that it was accepted for."""

    ref: CallRef
    destination: str


class Pending:
    """The webhooks of a store that are not delivered. What changes them needs a store that no run uses."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._calls = Calls(database)

    def counts(self) -> list[tuple[str, str, int]]:
        """Return destination, state and number of webhooks, in this order."""
        rows = self._database.execute(
            "select d.name, c.state, count(*) from calls c join receipts r on r.n = c.n "
            "join destinations d on d.id = r.destination where c.state in ('waiting', 'dead', 'held') "
            "group by d.id, c.state order by d.name, c.state"
        )
        return list(rows)

    def items(self) -> Iterator[Item]:
        """Yield each webhook that is not delivered, the oldest first."""
        after = (0, -1)
        while True:
            rows = self._database.execute(
                "select c.n, c.ix, r.id, d.name from calls c join receipts r on r.n = c.n "
                "join destinations d on d.id = r.destination where c.state in ('waiting', 'dead', 'held') "
                "and (c.n, c.ix) > (?, ?) order by c.n, c.ix limit ?",
                (*after, _AT_A_TIME),
            ).fetchall()
            for _, index, name, destination in rows:
                yield Item(CallRef(name, index), destination)
            if not rows:
                return
            after = (rows[-1][0], rows[-1][1])

    def kept(self, ref: CallRef) -> Kept | None:
        """Return a call with its attempts, or None where it is not kept."""
        return self._calls.one(str(ref))

    def retry(self, refs: Iterable[CallRef]) -> int:
        """Let webhooks be due at once, for the next run to their destination; return how many those are.

        Raises OSError; then nothing has changed.
        """
        count = 0
        with self._database.transaction():
            for ref in refs:
                found = self._database.execute(
                    "select c.n, c.chain, r.destination from calls c join receipts r on r.n = c.n "
                    "where r.id = ? and c.ix = ? and c.state in ('waiting', 'dead', 'held')",
                    (ref.receipt, ref.index),
                ).fetchone()
                if found is None:
                    continue
                number, chain, destination = found
                self._database.execute(
                    "update calls set state = 'waiting' where n = ? and ix = ?", (number, ref.index)
                )
                self._database.execute(
                    "insert into chains(chain, destination, due) values (?, ?, 0) "
                    "on conflict do update set due = 0",
                    (chain, destination),
                )
                count += 1
        return count

    def drop(self, refs: Iterable[CallRef]) -> int:
        """Forget webhooks and their calls for good; return how many. Raises OSError as `retry` does."""
        count = 0
        with self._database.transaction():
            for ref in refs:
                found = self._database.execute(
                    "select c.n, c.chain from calls c join receipts r on r.n = c.n "
                    "where r.id = ? and c.ix = ? and c.state in ('waiting', 'dead', 'held')",
                    (ref.receipt, ref.index),
                ).fetchone()
                if found is None:
                    continue
                number, chain = found
                for table in ("attempts", "bodies", "calls"):
                    self._database.execute(
                        f"delete from {table} where n = ? and ix = ?",  # noqa: S608 - our own names
                        (number, ref.index),
                    )
                self._database.execute("update receipts set open = open - 1 where n = ?", (number,))
                self._database.execute(
                    "delete from receipts where n = ? and not exists (select 1 from calls where n = ?)",
                    (number, number),
                )
                if self._database.execute("select 1 from chains where chain = ?", (chain,)).fetchone():
                    go_on(self._database, chain, 0)
                count += 1
        return count
