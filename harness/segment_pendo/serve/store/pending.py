"""What a store holds that is not delivered, of every destination: list it, let it be sent again, forget it.

For the time after a run. A run itself delivers by its outbox, which knows only its own destination.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, islice
from typing import ClassVar, Final, NamedTuple

from segment_pendo.base.errors import CONFIGURATION, SegmentPendoError
from segment_pendo.base.prose import short
from segment_pendo.base.suggestion import nearest
from segment_pendo.serve.store.calls import Calls, Kept
from segment_pendo.serve.store.database import Database
from segment_pendo.serve.store.receipts import text
from segment_pendo.words import CallRef, State

__all__ = ["Count", "Pending", "PendingCall", "UnknownCallError"]

# Each half reads an index that holds nothing else (`cross join`: chains first), so that what is delivered is
# not read.
_PENDING: Final = (
    "(select w.n, w.place from chains k cross join calls w on w.chain = k.chain and w.state = 'waiting' "
    "union all select n, place from calls where state in ('dead', 'held'))"
)
_COLUMNS: Final = (
    "select c.n, c.place, r.id, r.at, c.type, c.user, r.destination, c.state, c.status, c.attempts, "
    "coalesce((select a.detail from attempts a where a.n = c.n and a.place = c.place "
    "and a.number = c.attempts), '')"
)
type _Row = tuple[int, int, str, str, str | None, str | None, int, State, int | None, int, str]
_MOST_NEAR: Final = 1000  # ids among which a mistyped one is looked for
_CHOSEN: Final = "(n, place) in (select n, place from chosen)"


class UnknownCallError(SegmentPendoError):
    """No webhook of this name is pending; the text says what there is instead."""

    exit_code: ClassVar[int] = CONFIGURATION


@dataclass(frozen=True, slots=True)
class PendingCall:
    """A webhook that is not delivered: its call, for whom it is, and how its last attempt ended.

    `number` and `place` say where it stands in the store. `detail` is empty where nothing was tried.
    """

    number: int
    place: int
    ref: CallRef
    at: datetime
    type: str | None
    user: str | None
    destination: str
    state: State
    status: int | None
    attempts: int
    detail: str


class Count(NamedTuple):
    """How many webhooks for a destination are in a state."""

    destination: str
    state: State
    webhooks: int


class Pending:
    """The webhooks of a store that are waiting, dead or held, oldest first.

    A destination is called by its host; where several keys were used for one host, they are numbered.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._calls = Calls(database)
        self._names = self._destinations()

    def _destinations(self) -> dict[int, str]:
        rows = self._database.execute("select id, name from destinations order by id").fetchall()
        names: dict[int, str] = {}
        for _, group in groupby(sorted(rows, key=lambda row: row[1]), key=lambda row: row[1]):
            keys = [*group]
            for place, (number, name) in enumerate(keys, 1):
                names[number] = name if len(keys) == 1 else f"{name} (key {place})"
        return names

    # --- reading ---

    def counts(self, *, delivered: bool = False) -> list[Count]:
        """Return how many webhooks are in which state, by destination; with those `delivered` or without."""
        those = "(select n, place from calls where state is not null)" if delivered else _PENDING
        rows = self._database.execute(
            f"select r.destination, c.state, count(*) from {those} p "  # noqa: S608 - our own words
            "cross join calls c on c.n = p.n and c.place = p.place join receipts r on r.n = c.n "
            "group by 1, 2 order by 1, 2"
        )
        return [Count(self._names[number], state, count) for number, state, count in rows]

    def first(self, limit: int) -> list[PendingCall]:
        """Return the oldest ones."""
        return [*islice(self._selected(limit), limit)]

    def all(self) -> Iterator[PendingCall]:
        """Yield every one, as it is asked for; change nothing meanwhile."""
        return self._selected(-1)

    def named(self, names: Sequence[str]) -> list[PendingCall]:
        """Return those with these names (RECEIPT.INDEX), oldest first. Raises UnknownCallError."""
        calls = {name: self._named(name) for name in names}
        return sorted(calls.values(), key=lambda call: (call.number, call.place))

    def kept(self, calls: Iterable[PendingCall]) -> Iterator[tuple[PendingCall, Kept]]:
        """Yield each call with its row and what that is made of.

        Left out is what another version of this program kept in a way that is unknown here.
        """
        for number, group in groupby(calls, key=lambda call: call.number):
            of_place = {call.place: call for call in group}
            for kept in self._calls.of(number, of_place.keys()):
                yield of_place[kept.receipt.ref(kept.judged).place], kept

    def in_full(self, call: PendingCall) -> Kept | None:
        """Return a call with each attempt, or None where another version kept it in a way unknown here."""
        return self._calls.one(str(call.ref))

    def _selected(self, limit: int) -> Iterator[PendingCall]:
        rows = self._database.execute(
            f"{_COLUMNS} from (select n, place from {_PENDING} order by n, place limit ?) p "  # noqa: S608
            "cross join calls c on c.n = p.n and c.place = p.place join receipts r on r.n = c.n "
            "order by c.n, c.place",
            (limit,),
        )
        return map(self._call, rows)

    def _call(self, row: _Row) -> PendingCall:
        number, place, receipt, at, kind, user, destination, state, status, attempts, detail = row
        return PendingCall(
            number,
            place,
            CallRef.at(receipt, place),
            datetime.fromisoformat(at),
            kind,
            user,
            self._names[destination],
            state,
            status,
            attempts,
            detail,
        )

    def _named(self, name: str) -> PendingCall:
        ref = CallRef.read(name)
        row = None
        if ref is not None:
            row = self._database.execute(
                f"{_COLUMNS} from receipts r join calls c on c.n = r.n where r.id = ? and c.place = ?",
                (text(ref.receipt), ref.place),
            ).fetchone()
        if row is not None and row[7] in {"waiting", "dead", "held"}:
            return self._call(row)
        raise UnknownCallError(self._why_not(name, known=row is not None, state=row and row[7]))

    def _why_not(self, name: str, *, known: bool, state: State | None) -> str:
        shown = short(name, 80)
        if known:
            became = "was skipped, so it is no webhook" if state is None else f"is {state}"
            return f"the call {shown} is not pending: it {became}."
        near = nearest(name, (str(call.ref) for call in self.first(_MOST_NEAR)))
        hint = f"did you mean {near}?" if near else "list them to see the ids of all."
        return f"no call {shown} is pending in {self._database.name}; {hint}"

    # --- changing ---

    def retry(self, calls: Sequence[PendingCall] | None) -> int:
        """Let webhooks (None: all) wait and be due at once, but those held; return how many that are.

        Within a chain they are sent in its order. Attempts stay listed, and their numbers go on. Raises
        OSError.
        """
        with self._chosen(calls, "c.state in ('waiting', 'dead')") as count:
            self._database.execute(
                "insert into chains(chain, destination, due) select distinct c.chain, r.destination, 0 "
                "from chosen x cross join calls c on c.n = x.n and c.place = x.place "
                "join receipts r on r.n = c.n where c.chain is not null "
                "on conflict(chain) do update set due = 0"
            )
            self._database.execute(f"update calls set state = 'waiting' where {_CHOSEN}")  # noqa: S608
        return count

    def drop(self, calls: Sequence[PendingCall] | None) -> int:
        """Forget webhooks (None: all), their calls and attempts; return how many. Raises OSError.

        A request stays as long as one of its calls is kept.
        """
        with self._chosen(calls, "c.state in ('waiting', 'dead', 'held')") as count:
            self._database.execute(
                "update receipts set open = open - (select count(*) from chosen x where x.n = receipts.n) "
                "where n in (select n from chosen)"
            )
            for table in ("attempts", "bodies", "calls"):
                self._database.execute(f"delete from {table} where {_CHOSEN}")  # noqa: S608 - our own names
            self._database.execute(
                "delete from receipts where n in (select n from chosen) "
                "and not exists (select 1 from calls c where c.n = receipts.n)"
            )
            self._database.execute(
                "delete from chains where not exists "
                "(select 1 from calls c where c.chain = chains.chain and c.state = 'waiting')"
            )
        return count

    @contextmanager
    def _chosen(self, calls: Sequence[PendingCall] | None, condition: str) -> Iterator[int]:
        """Have the places of these calls that meet a condition in the table `chosen`, in a transaction."""
        with self._database.transaction():
            # With types, or an index would not be used where the columns are compared.
            self._database.execute(
                "create temp table chosen(n integer, place integer, primary key (n, place)) without rowid"
            )
            if calls is None:
                self._database.execute(
                    f"insert into chosen select c.n, c.place from {_PENDING} p "  # noqa: S608 - our own words
                    f"cross join calls c on c.n = p.n and c.place = p.place where {condition}"
                )
            else:
                self._database.executemany(
                    f"insert or ignore into chosen select c.n, c.place from calls c "  # noqa: S608 - our own words
                    f"where c.n = ? and c.place = ? and {condition}",
                    [(call.number, call.place) for call in calls],
                )
            (count,) = self._database.execute("select count(*) from chosen").fetchone()
            yield int(count)
            self._database.execute("drop table temp.chosen")
        self._database.changed()
