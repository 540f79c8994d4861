"""The outbox: webhooks that are kept and not delivered yet, in order within their chain, and all attempts.

It is a view of the store's tables, so a killed run loses nothing of it. A webhook belongs to the destination
that it was accepted for, and is delivered to no other.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from random import Random
from typing import Final, NamedTuple

from segment_pendo.base import js_json
from segment_pendo.base.headers import header_pairs
from segment_pendo.base.steps import Prepared
from segment_pendo.serve.store.database import Database
from segment_pendo.serve.store.schema import chain_number
from segment_pendo.words import Attempt, CallRef, Json, made_often

__all__ = ["PLACE", "Elsewhere", "Outbox", "Outcome", "Waiting"]

_BETWEEN: Final = 1e-6  # seconds
PLACE: Final = 1e-12
_NO_PLACE: Final = 1.0  # every place is below, every time of ours above
_WHY_NOT: Final = {
    None: "was skipped, so it is no webhook",
    "held": "is held back because of its findings; it would be held back again",
}
MOST_KEPT: Final = 2000  # bytes of an answer's body


@made_often
class Waiting:
    """A webhook that waits: where it stands in the store, its call, when it was accepted, its attempts."""

    number: int
    place: int
    chain: int
    ref: CallRef
    at: datetime
    attempts: int


class Outcome(NamedTuple):
    """One attempt for one webhook; `due` (seconds since 1970) says when the next one is, if there is one."""

    waiting: Waiting
    attempt: Attempt
    due: float | None = None


class Elsewhere(NamedTuple):
    """How many webhooks wait for another destination than that of this run, and its name."""

    name: str
    webhooks: int


class Outbox:
    """The webhooks for one destination. `name`: its host; `fingerprint` tells its key from others.

    `by_number`: they are due in the order of their numbers, as far as their chains allow it, instead of a
    chain after the other. Then a chain's due time is PLACE times the number of its first webhook, or when it
    is tried again.
    """

    def __init__(
        self, database: Database, name: str, fingerprint: str = "", *, by_number: bool = False
    ) -> None:
        self.by_number = by_number
        self._database = database
        self.name = name
        with database.transaction():
            database.execute(
                "insert or ignore into destinations(name, fingerprint) values (?, ?)", (name, fingerprint)
            )
        (self.destination,) = database.execute(
            "select id from destinations where name = ? and fingerprint = ?", (name, fingerprint)
        ).fetchone()

    def resume(self) -> int:
        """Let what an earlier run left be due at once; return how many webhooks that are."""
        with self._database.transaction():
            self._database.execute("update chains set due = 0 where destination = ?", (self.destination,))
            if self.by_number:
                self._database.execute(
                    "update chains set due = ? * (select min(c.n) from calls c where c.chain = chains.chain "
                    "and c.state = 'waiting') where destination = ?",
                    (PLACE, self.destination),
                )
        return self.left()

    def elsewhere(self) -> list[Elsewhere]:
        """Return for which other destinations webhooks wait."""
        rows = self._database.execute(
            # From the few destinations on: most stores have no chain of another one to look at.
            "select d.name, count(*) from destinations d cross join chains k on k.destination = d.id "
            "cross join calls c on c.chain = k.chain and c.state = 'waiting' where d.id <> ? group by d.id "
            "order by d.name",
            (self.destination,),
        )
        return [Elsewhere(*row) for row in rows]

    def left(self) -> int:
        """Return how many webhooks wait."""
        ours, values = self._ours()
        (count,) = self._database.execute(
            f"select count(*) from calls c where c.state = 'waiting' {ours}",  # noqa: S608 - our own words
            values,
        ).fetchone()
        return int(count)

    def _ours(self) -> tuple[str, tuple[int, ...]]:
        """Return what is to be asked besides of a waiting call `c`, for one of this destination.

        That is nothing where there is no other one: to look up the chain of each takes forty times as long as
        to count them by their index.
        """
        ends = self._database.execute(
            "select (select min(destination) from chains), (select max(destination) from chains)"
        ).fetchone()
        if {*ends} <= {None, self.destination}:
            return "", ()
        return "and c.chain in (select chain from chains where destination = ?)", (self.destination,)

    def oldest(self) -> datetime | None:
        """Return when the oldest of the webhooks that wait was accepted, or None where none waits."""
        ours, values = self._ours()
        (at,) = self._database.execute(
            "select min(at) from receipts where n in "  # noqa: S608 - our own words
            f"(select distinct c.n from calls c indexed by calls_waiting where c.state = 'waiting' {ours})",
            values,
        ).fetchone()
        return None if at is None else datetime.fromisoformat(at)

    def came_at(self, number: int) -> datetime:
        """Return when the receipt of this number was accepted."""
        (at,) = self._database.execute("select at from receipts where n = ?", (number,)).fetchone()
        return datetime.fromisoformat(at)

    def some_left(self, limit: int) -> list[CallRef]:
        """Return the names of the first webhooks that wait."""
        rows = self._database.execute(
            "select r.id, c.place from chains k join calls c on c.chain = k.chain and c.state = 'waiting' "
            "join receipts r on r.n = c.n where k.destination = ? order by c.n, c.place limit ?",
            (self.destination, limit),
        )
        return [CallRef.at(*row) for row in rows]

    # --- what is sent next ---

    def accept(self, chains: Collection[int], now: float, shuffle: Random | None = None) -> None:
        """Let chains be due in this order, inside a transaction; those that wait already keep their time.

        With `shuffle`, they are due in the order that it draws, within a second.
        """
        first = now - len(chains) * _BETWEEN
        if shuffle is not None:
            due = [(chain, self.destination, now + shuffle.random()) for chain in chains]
        else:
            due = [(chain, self.destination, first + place * _BETWEEN) for place, chain in enumerate(chains)]
        self._database.executemany(
            "insert or ignore into chains(chain, destination, due) values (?, ?, ?)",
            due,
        )

    def due(self, now: float, limit: int) -> list[int]:
        """Return chains whose first webhook is due, the one that has waited longest first."""
        # What is tried again goes first: places would otherwise always be before it.
        spans = ((_NO_PLACE, now), (-1.0, _NO_PLACE)) if self.by_number else ((-1.0, now),)
        query = "select chain from chains where destination = ? and due > ? and due <= ? order by due limit ?"
        return [
            chain
            for after, until in spans
            for (chain,) in self._database.execute(query, (self.destination, after, until, limit))
        ]

    def next_due(self, now: float) -> float | None:
        """Return when, after `now`, the next webhook is due, or None where none waits."""
        (due,) = self._database.execute(
            "select min(due) from chains where destination = ? and due > ?", (self.destination, now)
        ).fetchone()
        return None if due is None else float(due)

    def first(self, chain: int, limit: int) -> list[Waiting]:
        """Return the first webhooks of a chain that wait, in order."""
        rows = self._database.execute(
            "select c.n, c.place, r.id, r.at, c.attempts from calls c join receipts r on r.n = c.n "
            "where c.chain = ? and c.state = 'waiting' order by c.n, c.place limit ?",
            (chain, limit),
        )
        return [
            Waiting(number, place, chain, CallRef.at(name, place), datetime.fromisoformat(at), attempts)
            for number, place, name, at, attempts in rows
        ]

    def first_attempt(self, waiting: Waiting) -> datetime | None:
        """Return when a webhook was sent for the first time, or None where it was not yet."""
        row = self._database.execute(
            "select at from attempts where n = ? and place = ? and number = 1",
            (waiting.number, waiting.place),
        ).fetchone()
        return None if row is None else datetime.fromisoformat(row[0])

    def again(self, ref: CallRef) -> str | None:
        """Let a webhook be due at once, also one that is delivered; return why not, '' where it is.

        None: there is no such call. Its chain waits for it. Raises OSError.
        """
        row = self._database.execute(
            "select c.n, c.state, c.chain, r.destination from receipts r join calls c on c.n = r.n "
            "where r.id = ? and c.place = ?",
            (ref.receipt, ref.place),
        ).fetchone()
        if row is None:
            return None
        number, state, chain, destination = row
        why_not = _WHY_NOT.get(state, "")
        if destination != self.destination:
            why_not = "was taken for another destination, and is sent to no other"
        if why_not:
            return why_not
        chain = chain if chain is not None else chain_number(destination, str(ref))
        with self._database.transaction():
            if state == "delivered":
                self._database.execute("update receipts set open = open + 1 where n = ?", (number,))
            self._database.execute(
                "update calls set state = 'waiting', chain = ? where n = ? and place = ?",
                (chain, number, ref.place),
            )
            self._database.execute(
                "insert into chains(chain, destination, due) values (?, ?, 0) "
                "on conflict(chain) do update set due = 0",
                (chain, destination),
            )
        self._database.changed()
        return ""

    def forget(self, chain: int) -> None:
        """Forget a chain in which nothing waits: its calls were cleared."""
        with self._database.transaction():
            self._database.execute("delete from chains where chain = ?", (chain,))

    # --- what became of it ---

    def ended(self, outcomes: Sequence[Outcome]) -> Prepared:
        """Return the work of keeping attempts, and of saying when their chains are due next."""
        return Prepared(partial(self._keep, outcomes), _nothing)

    def _keep(self, outcomes: Sequence[Outcome]) -> None:
        chains: dict[int, float | None] = {}
        for waiting, attempt, due in outcomes:
            if attempt.state == "waiting":
                chains[waiting.chain] = due if chains.get(waiting.chain) is None else chains[waiting.chain]
            else:
                chains.setdefault(waiting.chain, None)
        now = max(attempt.at.timestamp() for _, attempt, _ in outcomes)
        keep_attempts(
            self._database, [(waiting.number, waiting.place, kept) for waiting, kept, _ in outcomes]
        )
        go_on(self._database, chains, now, by_number=self.by_number)

    def attempted(self, ref: CallRef, attempt: Attempt) -> None:
        """Keep one attempt by the name of its call; nothing happens where the call is not kept any more."""
        found = self._database.execute(
            "select c.n, c.chain from receipts r join calls c on c.n = r.n where r.id = ? and c.place = ?",
            (ref.receipt, ref.place),
        ).fetchone()
        if found is None:
            return
        number, chain = found
        with self._database.transaction():
            keep_attempts(self._database, [(number, ref.place, attempt)])
            if chain is not None:
                go_on(self._database, {chain: None}, attempt.at.timestamp(), by_number=self.by_number)
        self._database.changed()


def keep_attempts(database: Database, several: Sequence[tuple[int, int, Attempt]]) -> None:
    """Keep attempts and the new states of their webhooks, inside a transaction.

    Each is of the webhook at a place of the receipt of a number; nothing is kept of one that was cleared.
    """
    changed = database.executemany(
        "update calls set state = ?, status = ?, attempts = ? where n = ? and place = ?",
        [
            (attempt.state, attempt.status, attempt.number, number, place)
            for number, place, attempt in several
        ],
    )
    if changed < len(several):
        for alone in several if len(several) > 1 else ():
            keep_attempts(database, [alone])
        return
    database.executemany(
        "insert or replace into attempts(n, place, number, at, status, detail, state, seconds, headers, "
        "answer) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [(number, place, *_columns(attempt)) for number, place, attempt in several],
    )
    delivered = Counter(number for number, _, attempt in several if attempt.state == "delivered")
    database.executemany(
        "update receipts set open = open - ? where n = ?",
        [(webhooks, number) for number, webhooks in delivered.items()],
    )


def _columns(attempt: Attempt) -> tuple[object, ...]:
    headers: Json = [[name, value] for name, value in attempt.headers]
    return (
        attempt.number,
        attempt.at.isoformat(),
        attempt.status,
        attempt.detail,
        attempt.state,
        attempt.seconds,
        js_json.write(headers).decode("utf-8", "replace") if headers else "[]",
        attempt.answer[:MOST_KEPT],
    )


def go_on(database: Database, chains: Mapping[int, float | None], now: float, *, by_number: bool) -> None:
    """Let the next webhook of each chain be due then (None: now), or end the chain, inside a transaction."""
    database.executemany(
        "delete from chains where chain = ? "
        "and not exists (select 1 from calls c where c.chain = chains.chain and c.state = 'waiting')",
        [(chain,) for chain in chains],
    )
    at_once = [chain for chain, due in chains.items() if due is None]
    if by_number:
        database.executemany(
            "update chains set due = ? * (select min(c.n) from calls c where c.chain = chains.chain "
            "and c.state = 'waiting') where chain = ?",
            [(PLACE, chain) for chain in at_once],
        )
    known = [(due, chain) for chain, due in chains.items() if due is not None]
    later = known if by_number else [*known, *((now, chain) for chain in at_once)]
    database.executemany("update chains set due = ? where chain = ?", later)


def attempts_of(database: Database, number: int, place: int) -> list[Attempt]:
    """Return every attempt for one webhook, oldest first."""
    rows = database.execute(
        "select number, at, status, detail, state, seconds, headers, answer from attempts "
        "where n = ? and place = ? order by number",
        (number, place),
    )
    return [
        Attempt(
            count,
            datetime.fromisoformat(at).astimezone(UTC),
            status,
            detail,
            state,
            seconds,
            header_pairs(js_json.read(headers.encode()).value),
            answer,
        )
        for count, at, status, detail, state, seconds, headers, answer in rows
    ]


def _nothing() -> None:
    """Do nothing: a transaction that fails takes back what was written."""
