"""Sessions: addresses of their own for some of the calls, such as those of one test."""

import re
from datetime import UTC, datetime
from secrets import token_hex
from typing import Final, NamedTuple

from segment_pendo.serve.store.database import Database

__all__ = ["KeptSession", "Sessions"]

MOST: Final = 10_000  # the oldest are forgotten; their calls stay
_BYTES: Final = 6  # of an id
_PREFIXED: Final = re.compile(r"/+s/+([0-9a-f]{12})(/.*)", re.DOTALL)


class KeptSession(NamedTuple):
    """A session: its id, the name that its owner gave it, when it was opened."""

    id: str
    name: str | None
    at: datetime

    @property
    def prefix(self) -> str:
        """Return what comes before the paths of an SDK's requests at its address."""
        return f"/s/{self.id}"


class Sessions:
    """The sessions of a store. It keeps the newest; `most`: how many."""

    def __init__(self, database: Database, *, most: int = MOST) -> None:
        self._database = database
        self._most = most
        self._ids = {name for (name,) in database.execute("select id from sessions").fetchall()}

    def __contains__(self, name: str) -> bool:
        return name in self._ids

    def open(self, name: str | None = None) -> KeptSession:
        """Open a session. Raises OSError where it cannot be kept."""
        made = KeptSession(token_hex(_BYTES), name, datetime.now(UTC))
        with self._database.transaction():
            (last,) = self._database.execute("select coalesce(max(n), 0) from sessions").fetchone()
            self._database.execute(
                "insert into sessions values (?, ?, ?, ?)", (last + 1, made.id, name, made.at.isoformat())
            )
            oldest = self._database.execute(
                "select id from sessions order by n desc limit -1 offset ?", (self._most,)
            ).fetchall()
            self._database.executemany("delete from sessions where id = ?", oldest)
        self._ids.add(made.id)
        self._ids.difference_update(gone for (gone,) in oldest)
        return made

    def newest(self, limit: int) -> list[tuple[KeptSession, int]]:
        """Return the sessions that were opened last, the newest first, and how many calls each has."""
        rows = self._database.execute(
            "select s.id, s.name, s.at, (select count(*) from receipts r join calls c on c.n = r.n "
            "where r.session = s.id) from sessions s order by s.n desc limit ?",
            (limit,),
        ).fetchall()
        return [(KeptSession(id, name, datetime.fromisoformat(at)), calls) for id, name, at, calls in rows]

    def of(self, path: str) -> tuple[str, str]:
        """Return to which session a path belongs, an empty text for none, and the path below its address."""
        found = _PREFIXED.fullmatch(path)
        return (found[1], found[2]) if found is not None and found[1] in self._ids else ("", path)
