"""The store of one replay: webhooks that are to be delivered, byte by byte, and how far its source was read.

What was accepted and how far that is, are one commit: whenever the process is killed, the next one goes on
behind it. Delivered webhooks are forgotten, so the file stays small however long the source is.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from segment_pendo.base import js_json
from segment_pendo.base.steps import Prepared
from segment_pendo.mapping.assess import chain_of
from segment_pendo.mapping.setup import Setup
from segment_pendo.recordings.sending.resend import Outgoing
from segment_pendo.segment.ingest import accepted
from segment_pendo.serve.store import receipts
from segment_pendo.serve.store.outbox import PLACE
from segment_pendo.serve.store.schema import chain_number
from segment_pendo.serve.store.searched import NOT_SEARCHED
from segment_pendo.serve.store.store import Store
from segment_pendo.words import Call, Json, Receipt, SdkRequest

__all__ = ["Dead", "ReplayStore"]

_DOOR: Final = "replay"
_TABLES: Final = ("attempts", "calls", "bodies", "receipts")
_FILES: Final = ("", "-wal", "-shm", "-journal")


class Dead(NamedTuple):
    """A webhook that was given up: which one of its source (from 0), its name there, and why."""

    place: int
    name: str
    why: str


class ReplayStore:
    """Webhooks of one replay. `path` None: a temporary file, which goes when it is closed.

    `destination` and `fingerprint`: as in Store. `setup`: how the webhooks were mapped. `clock` returns
    seconds since 1970. `began`: when the replay began, maybe in an earlier process. `accepted`: how many
    webhooks of the source were accepted. Raises StoreError.
    """

    def __init__(
        self,
        path: Path | None,
        *,
        setup: Setup,
        destination: str,
        fingerprint: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.store = Store(
            path,
            setup=setup,
            destination=destination,
            fingerprint=fingerprint,
            clock=clock,
            by_number=True,
        )
        self.path = path
        self._database = self.store.database
        self._setup = receipts.kept_setup(self._database, setup)
        self.accepted = int(self._progress("accepted", "0"))
        self._forgotten = int(self._progress("delivered", "0"))
        began = self._progress("began", datetime.fromtimestamp(clock(), UTC).isoformat())
        self.began = datetime.fromisoformat(began)
        with self._database.transaction():
            self._keep_progress("began", began)

    def _progress(self, name: str, default: str) -> str:
        row = self._database.execute("select value from progress where name = ?", (name,)).fetchone()
        return default if row is None else str(row[0])

    def _keep_progress(self, name: str, value: str) -> None:
        self._database.execute("insert or replace into progress values (?, ?)", (name, value))

    @property
    def delivered(self) -> int:
        """How many webhooks were delivered, also by earlier processes."""
        return self._forgotten + self._count("delivered")

    @property
    def left(self) -> int:
        """How many of the accepted webhooks wait."""
        return self._count("waiting")

    @property
    def dead_count(self) -> int:
        """How many of the accepted webhooks were given up."""
        return self._count("dead")

    def _count(self, state: str) -> int:
        return self.store.calls.states().get(state, 0)

    def accept(self, group: Sequence[Outgoing]) -> None:
        """Accept the next webhooks of the source: all of them, or none. Raises OSError."""
        rows = list(map(self._rows, group))
        self._database.keep(Prepared(partial(self._keep, rows), _nothing))
        self.accepted += len(group)

    def _rows(self, item: Outgoing) -> tuple[tuple[object, ...], tuple[object, ...], tuple[object, ...], int]:
        """Return what becomes a row of receipts, of calls, of bodies, and its chain."""
        request, data = item.request(), item.call.call
        request = SdkRequest(
            request.method, request.path, request.query, request.headers, request.body, door=_DOOR
        )
        receipt = Receipt(item.name, item.call.at, request, accepted(request), ())
        *columns, _open, session, source = receipts.receipt_columns(
            receipt, self._setup, self.store.outbox.destination
        )
        chain = chain_number(self.store.outbox.destination, chain_of(data))
        call = Call(0, item.entry.type_of(item.call), data)
        codes = " ".join(item.call.findings)
        headers: Json = [[name, value] for name, value in item.webhook.headers]
        return (
            (*columns, 1, session, source),
            (
                receipts.column(call.type), receipts.column(call.member("userId")),
                receipts.column(call.member("groupId")), "webhook", codes, "waiting", None, None, None,
                *NOT_SEARCHED, chain,
            ),
            (item.webhook.body, js_json.write(headers).decode(), item.webhook.method),
            chain,
        )  # fmt: skip

    def _keep(
        self, rows: list[tuple[tuple[object, ...], tuple[object, ...], tuple[object, ...], int]]
    ) -> None:
        """Write rows and how far they are: the n-th webhook of the source has the number n (from 1)."""
        database = self._database
        first = self.accepted + 1
        database.executemany(
            receipts.RECEIPT_AT,
            [(first + place, *receipt) for place, (receipt, *_) in enumerate(rows)],
        )
        database.executemany(
            receipts.CALL, [(first + place, 0, *call) for place, (_, call, *_) in enumerate(rows)]
        )
        database.executemany(
            "insert into bodies values (?, 0, ?, ?, ?)",
            [(first + place, *body) for place, (_, _, body, _) in enumerate(rows)],
        )
        self._accept([(chain, first + place) for place, (*_, chain) in enumerate(rows)])
        self._keep_progress("accepted", str(self.accepted + len(rows)))
        self._forget(2 * len(rows))

    def _accept(self, chains: list[tuple[int, int]]) -> None:
        """Let chains wait that do not yet, each in the place of its first webhook here."""
        self._database.executemany(
            "insert or ignore into chains values (?, ?, ?)",
            [(chain, self.store.outbox.destination, PLACE * number) for chain, number in chains],
        )

    def _forget(self, most: int) -> None:
        """Forget delivered webhooks, and count them."""
        numbers = self._database.execute(
            "select n from receipts where open = 0 order by n limit ?", (most,)
        ).fetchall()
        for table in _TABLES:
            self._database.executemany(f"delete from {table} where n = ?", numbers)  # noqa: S608 - our names
        self._forgotten += len(numbers)
        self._keep_progress("delivered", str(self._forgotten))

    def resume(self) -> None:
        """Let what an earlier process has not delivered be due at once, also what it gave up."""
        with self._database.transaction():
            self._database.execute(
                "delete from attempts where (n, place) in (select n, place from calls where state = 'dead')"
            )
            self._database.execute("update calls set state = 'waiting', attempts = 0 where state = 'dead'")
            self._database.execute(
                "insert or ignore into chains select distinct chain, ?, 0 from calls where state = 'waiting'",
                (self.store.outbox.destination,),
            )
        self.store.outbox.resume()

    def dead(self, limit: int = -1) -> Iterator[Dead]:
        """Yield what was given up, in the order of the source."""
        rows = self._database.execute(
            "select c.n, r.id, a.detail from calls c join receipts r on r.n = c.n left join attempts a "
            "on a.n = c.n and a.place = c.place and a.number = c.attempts where c.state = 'dead' "
            "order by c.n limit ?",
            (limit,),
        )
        for number, name, why in rows:
            yield Dead(number - 1, name, why or "")

    def undelivered(self) -> Iterator[int]:
        """Yield the places in the source of all that was accepted and not delivered, in order."""
        for (number,) in self._database.execute(
            "select n from calls where state in ('dead', 'waiting') order by n"
        ):
            yield number - 1

    def close(self) -> None:
        """Close the file; the next process goes on with it."""
        self.store.close()

    def remove(self) -> None:
        """Close the file and remove it: nothing in it is needed any more."""
        self.close()
        for end in _FILES if self.path is not None else ():
            with suppress(OSError):  # it is found again, and there is nothing to go on with
                Path(f"{self.path}{end}").unlink()


def _nothing() -> None:
    """Do nothing: a transaction that fails takes back what was written."""
