"""What is new in a store since a position: calls, refused requests, attempts to deliver, in their order."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from secrets import token_hex
from typing import Final, NamedTuple

from segment_pendo.base import js_json
from segment_pendo.base.steps import Steps
from segment_pendo.explain import events
from segment_pendo.serve.store.calls import Calls
from segment_pendo.serve.store.clearings import Clearing, Clearings
from segment_pendo.serve.store.database import Database
from segment_pendo.serve.store.filters import FilterError, after_cursor
from segment_pendo.words import Attempt, CallRef, JsonObject, Refusal

__all__ = ["ALL", "News", "Position", "Told", "refusal_of"]

ALL: Final = "*"  # no session has this id
_AT_A_TIME: Final = 50  # requests, or attempts
_WRITTEN: Final = re.compile(r"([0-9a-f]{8})-([0-9]{1,17})\.([0-9]{1,17})-([0-9]{1,17})")


class Position(NamedTuple):
    """All calls up to a place and all attempts up to a turn are known."""

    number: int
    place: int
    turn: int


class Told(NamedTuple):
    """An event, the position after it, and the session that it is about: '' none, ALL every one."""

    position: Position
    event: JsonObject
    session: str


class News:
    """Reads what is new. `name` tells this store from others: their positions mean nothing here."""

    def __init__(self, database: Database, calls: Calls, clearings: Clearings) -> None:
        self._database = database
        self._calls = calls
        self._clearings = clearings
        with database.transaction():
            database.execute("insert or ignore into progress values ('store', ?)", (token_hex(4),))
        (self.name,) = database.execute("select value from progress where name = 'store'").fetchone()

    def end(self) -> Position:
        """Return the position after all that is there."""
        at = dict(self._database.execute("select name, seq from sqlite_sequence").fetchall())
        return Position(at.get("receipts", 0), 1 << 40, at.get("attempts", 0))

    def written(self, position: Position) -> str:
        """Return a position as text."""
        return f"{self.name}-{position.number}.{position.place}-{position.turn}"

    def read(self, written: str) -> Position | None:
        """Return a position of this store, also from the cursor of a page of calls; None for another store's.

        Raises FilterError for any other text.
        """
        found = _WRITTEN.fullmatch(written)
        if found is None:
            try:
                return Position(*after_cursor(written), self.end().turn)
            except FilterError:
                msg = "after must be an id of this stream, or the value of stream or next in another answer"
                raise FilterError(msg) from None
        name, *numbers = found.groups()
        return Position(*map(int, numbers)) if name == self.name else None

    def after(self, position: Position) -> Steps[tuple[list[Told], Position]]:
        """Return what comes next after a position, in steps, and the position after that.

        The position stays the same where nothing is new.
        """
        came, position = yield from self._came(position)
        tried = [*self._tried(position)]
        return [*came, *tried], tried[-1].position if tried else position

    def _came(self, position: Position) -> Steps[tuple[list[Told], Position]]:
        receipts = self._database.execute(
            "select n, id, at, path, status, refusal, session from receipts where n >= ? order by n limit ?",
            (position.number, _AT_A_TIME),
        ).fetchall()
        until = receipts[-1][0] if len(receipts) == _AT_A_TIME else None
        cleared = self._clearings.between(position.number, until)
        found: list[Told] = []
        for number, name, at, path, status, refusal, session in receipts:
            found += _cleared(cleared, position.turn, before=number)
            is_new = number > position.number
            rows = yield from self._calls.rows_in_steps(number, -1 if is_new else position.place)
            if is_new:
                position = Position(number, 0, position.turn)
            if is_new and refusal is not None:
                kept = refusal_of(status, refusal)
                event = events.refused_event(name, datetime.fromisoformat(at), path, kept, session or "")
                found.append(Told(position, event, session or ""))
            for place, row in rows:
                position = position._replace(place=place)
                found.append(Told(position, events.call_event(row), session or ""))
        for told in _cleared(cleared, position.turn):
            position = told.position
            found.append(told)
        return found, position

    def _tried(self, position: Position) -> Iterator[Told]:
        """Yield attempts, but none of a call that is not known yet."""
        rows = self._database.execute(
            "select a.turn, a.n, a.place, r.id, r.session, a.number, a.at, a.status, a.detail, a.state "
            "from attempts a join receipts r on r.n = a.n where a.turn > ? order by a.turn limit ?",
            (position.turn, _AT_A_TIME),
        ).fetchall()
        for turn, number, place, name, session, count, at, status, detail, state in rows:
            if (number, place) > position[:2]:
                return
            attempt = Attempt(count, datetime.fromisoformat(at).astimezone(UTC), status, detail, state)
            event = events.delivery_event(str(CallRef.at(name, place)), attempt)
            yield Told(position._replace(turn=turn), event, session or "")


def _cleared(waiting: list[Clearing], turn: int, before: int | None = None) -> Iterator[Told]:
    """Yield the clearings before a number, and take them out of those that wait; None: all."""
    while waiting and (before is None or waiting[0].number < before):
        number, what, session = waiting.pop(0)
        event = events.cleared_event(what, session)
        yield Told(Position(number, 0, turn), event, ALL if session is None else session)


def refusal_of(status: int, kept: str) -> Refusal:
    """Return a refusal as it was kept."""
    value = js_json.read(kept.encode()).value
    assert isinstance(value, dict)
    return Refusal(status, str(value["code"]), str(value["message"]))
