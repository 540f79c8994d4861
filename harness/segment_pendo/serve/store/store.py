"""The store: every request that was answered, its calls, and what became of each webhook; SQL on sqlite3.

A receipt is committed before its SDK is answered, so a kill -9 loses nothing that was answered 200. Webhook
bytes are not kept: they are made again from the receipt. A file holds what apps sent, in clear: only its
owner may read it (0600).
"""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Final

from segment_pendo.base.steps import Prepared, Steps, finished
from segment_pendo.mapping.assess import chain
from segment_pendo.mapping.setup import Setup
from segment_pendo.serve.store import receipts
from segment_pendo.serve.store.calls import Calls
from segment_pendo.serve.store.clearings import Clearings, What
from segment_pendo.serve.store.database import Database
from segment_pendo.serve.store.news import News
from segment_pendo.serve.store.outbox import Outbox
from segment_pendo.serve.store.schema import chain_number
from segment_pendo.serve.store.sessions import Sessions
from segment_pendo.words import Receipt

__all__ = ["Limits", "Store"]

_TEMPORARY: Final = 64 * 1024 * 1024
_AT_A_TIME: Final = 2500  # calls that are forgotten in one commit, about: it takes some 10 ms
_AGAIN: Final = 60.0  # seconds after which we look again for what is too old


@dataclass(frozen=True, slots=True)
class Limits:
    """When the oldest receipts are forgotten, but never one with a webhook that is not delivered.

    `size`: bytes of the file that hold something; `age`: how long they are kept.
    """

    size: int = 256 * 1024 * 1024
    age: timedelta | None = timedelta(days=7)


class Store:
    """A sink that keeps receipts. All of it runs in the thread that made it.

    `path` None: a temporary file, which nobody else sees. `destination`: the host for which webhooks are
    accepted, and a `fingerprint` of its key. `clock` returns seconds since 1970. `database`: that of another
    store in this process, which has the same file. `shuffle`: webhooks are due in an order that it draws,
    within a second, and wait for no others of their chain. `by_number`: as in Outbox. `calls`
    reads what is kept, `outbox` has what is to be delivered, `sessions` whose calls they are.
    """

    def __init__(
        self,
        path: Path | None,
        *,
        setup: Setup,
        destination: str = "",
        fingerprint: str = "",
        limits: Limits | None = None,
        clock: Callable[[], float] = time.time,
        database: Database | None = None,
        shuffle: Random | None = None,
        by_number: bool = False,
    ) -> None:
        self._limits = limits or (Limits() if path is not None else Limits(_TEMPORARY, None))
        self._clock = clock
        self._shuffle = shuffle
        self._look_at = 0.0
        self.path = path
        self.database = database or Database(path)
        self._setup = receipts.kept_setup(self.database, setup)
        self.calls = Calls(self.database)
        self.sessions = Sessions(self.database)
        self._clearings = Clearings(self.database)
        self.news = News(self.database, self.calls, self._clearings)
        self.outbox = Outbox(self.database, destination, fingerprint, by_number=by_number)

    def close(self) -> None:
        self.database.close()

    def take(self, receipt: Receipt) -> None:
        """Commit one receipt with its calls. Raises OSError."""
        self.database.keep(finished(self.prepared(receipt)))

    def prepared(self, receipt: Receipt) -> Steps[Prepared]:
        """Make the rows of a receipt, a call a step; all of them are committed when they are kept."""
        destination = self.outbox.destination
        row = receipts.receipt_columns(receipt, self._setup, destination)
        columns: list[tuple[object, ...]] = []
        chains: dict[int, None] = {}  # in the order of their first webhooks
        for judged in receipt.each:
            number = None
            if judged.webhook is not None:
                alone = self._shuffle is not None
                number = chain_number(destination, str(receipt.ref(judged)) if alone else chain(judged))
                chains[number] = None
            columns.append((*receipts.call_columns(judged), number))
            yield None
        return Prepared(partial(self._keep, row, columns, chains), partial(self._undo, receipt.id))

    def _keep(
        self, row: tuple[object, ...], columns: list[tuple[object, ...]], chains: Collection[int]
    ) -> None:
        with self.database.transaction():
            number = self.database.execute(receipts.RECEIPT, row).lastrowid
            self.database.executemany(receipts.CALL, [(number, *values) for values in columns])
            now = self._clock()
            self.outbox.accept(chains, now, self._shuffle)
            self._forget_oldest(now)

    def _undo(self, name: str) -> None:
        """Take back what was kept; where its transaction was rolled back, there is nothing to do."""
        with self.database.transaction():
            found = self.database.execute("select n from receipts where id = ?", (name,)).fetchone()
            if found is not None:
                self._forget(found[0])

    def _forget(self, number: int) -> int:
        """Forget a receipt; return how many calls it had."""
        calls = 0
        for table in ("attempts", "calls", "bodies", "receipts"):
            gone = self.database.execute(f"delete from {table} where n = ?", (number,))  # noqa: S608 - our names
            calls += gone.rowcount if table == "calls" else 0
        return calls

    def _forget_oldest(self, now: float) -> None:
        """Forget receipts that are too old or too much: what nobody has to wait for, the rest next time."""
        left = _AT_A_TIME
        while left > 0 and self.database.used() > self._limits.size:
            gone = self._forget_first("select n from receipts where open = 0 order by n limit 1")
            left -= gone or left
        if self._limits.age is None or now < self._look_at:
            return
        before = (datetime.fromtimestamp(now, UTC) - self._limits.age).isoformat()
        oldest = "select n, at from receipts where open = 0 order by n limit 1"
        while left > 0:
            gone = self._forget_first(f"select n from ({oldest}) where at < ?", before)  # noqa: S608 - our own
            if not gone:
                self._look_at = now + _AGAIN
                return
            left -= gone

    def _forget_first(self, which: str, *values: object) -> int:
        """Forget the first of these receipts; return what that cost, in calls, or 0 where there is none."""
        found = self.database.execute(which, values).fetchone()
        return 1 + self._forget(found[0]) if found is not None else 0

    def clear(self, what: What = "calls") -> None:
        """Forget everything, also what is not delivered; `what`: as in Clearing. Raises OSError."""
        with self.database.transaction():
            for table in ("attempts", "calls", "bodies", "receipts", "chains"):
                self.database.execute(f"delete from {table}")  # noqa: S608 - our own names
            self._clearings.keep(what, None)
        self.database.changed()

    def clear_session(self, session: str) -> None:
        """Forget the calls of a session, also those that are not delivered. Raises OSError."""
        of_it = "n in (select n from receipts where session = ?)"
        with self.database.transaction():
            chains = self.database.execute(
                f"select distinct chain from calls where {of_it} and state = 'waiting'",  # noqa: S608
                (session,),
            ).fetchall()
            for table in ("attempts", "calls", "bodies", "receipts"):
                self.database.execute(f"delete from {table} where {of_it}", (session,))  # noqa: S608
            self.database.executemany(
                "delete from chains where chain = ? and not exists "
                "(select 1 from calls c where c.chain = chains.chain and c.state = 'waiting')",
                chains,
            )
            self._clearings.keep("calls", session)
        self.database.changed()
