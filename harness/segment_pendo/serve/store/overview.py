"""What a store holds as a whole: how far calls got, which codes they have, what was refused."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple

from segment_pendo.base.times import text
from segment_pendo.explain.events import refused_row
from segment_pendo.mapping.catalogue import DROPS, FINDINGS
from segment_pendo.pendo.across import ONCE
from segment_pendo.serve.store.calls import Page
from segment_pendo.serve.store.database import Database
from segment_pendo.serve.store.filters import after_cursor, condition
from segment_pendo.serve.store.news import refusal_of
from segment_pendo.serve.store.searched import level_number
from segment_pendo.serve.store.timeline import ALL_TIME, Span, of_session
from segment_pendo.words import LEVELS, MOST_COPIES, CallRef, JsonObject

__all__ = ["Overview"]

# A call's place in one number.
_AT: Final = "c.n * 4294967296 + c.place"
_STEPS: Final = {
    "received": f"sum(place % {MOST_COPIES} = 0)",  # a call of several mappings is one call
    "dropped": "sum(dropped)",
    "unselected": "sum(outcome = 'skipped' and not dropped)",
    "webhooks": "sum(outcome = 'webhook')",
    **{state: f"sum(state is '{state}')" for state in ("waiting", "delivered", "held", "dead")},
    "lossy": f"sum(outcome = 'webhook' and level >= {level_number('warning')})",
    # As the filters level=error and level=warning find them.
    "errors": f"sum(level >= {level_number('error')})",
    "warnings": f"sum(level >= {level_number('warning')})",
}


class _Seen(NamedTuple):
    """Where a code came first and last."""

    first: int
    last: int


class Overview:
    """Counts over all calls and requests of a store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def pipeline(self, session: str | None = None) -> JsonObject:
        """Return how many requests and calls got how far; of a session, those that came to its address.

        Of a call that several mappings select, each webhook counts for itself, but `received` counts calls.
        `lossy`: webhooks with a warning or an error.
        """
        of, asked = of_session(session), {"session": session}
        counts = self._database.execute(
            f"select {', '.join(_STEPS.values())} from calls where {of}",  # noqa: S608 - our own words
            asked,
        ).fetchone()
        requests, refused = self._database.execute(
            f"select count(*), count(refusal) from receipts where {of}",  # noqa: S608 - as above
            asked,
        ).fetchone()
        steps: JsonObject = {name: count or 0 for name, count in zip(_STEPS, counts, strict=True)}
        return {"requests": requests, "refused": refused, **steps}

    def newest_attempt(self, destination: int, session: str | None = None) -> JsonObject | None:
        """Return the last attempt to deliver to a destination (its number), or None where there was none.

        `session`: only of what came to its address.
        """
        row = self._database.execute(
            "select r.id, a.place, a.at, a.state, a.status, a.detail from attempts a "
            "join receipts r on r.n = a.n where r.destination = ? and (? is null or r.session = ?) "
            "order by a.turn desc limit 1",
            (destination, session, session),
        ).fetchone()
        if row is None:
            return None
        name, place, at, state, status, detail = row
        return {
            "call": str(CallRef.at(name, place)),
            "time": text(datetime.fromisoformat(at)),
            "state": state,
            "status": status,
            "detail": detail or None,
        }

    def codes(self, filters: Mapping[str, str] | None = None) -> list[JsonObject]:
        """Return each code of the calls, the worst level first, then the code that most calls have."""
        count: Counter[str] = Counter()
        seen: dict[str, _Seen] = {}
        wanted = condition(filters or {})
        grouped = self._database.execute(
            f"select codes, count(*), min({_AT}), max({_AT}) from calls c where codes <> '' "  # noqa: S608
            f"and {wanted.sql} group by codes",
            wanted.values,
        )
        for codes, calls, first, last in grouped:
            for code in set(codes.split(" ")):
                count[code] += calls
                known = seen.get(code, _Seen(first, last))
                seen[code] = _Seen(min(first, known.first), max(last, known.last))
        rows = [self._code(code, calls, seen[code]) for code, calls in count.items()]
        return sorted(rows, key=_rank)

    def _code(self, name: str, calls: int, seen: _Seen) -> JsonObject:
        code = FINDINGS.get(name) or DROPS.get(name)
        return {
            "code": name,
            "level": code.level if code else "info",  # which another version knows
            "count": calls,
            "once": name in ONCE,
            "first": self._named(seen.first),
            "last": self._named(seen.last),
            "means": code.means if code else None,
            "do": code.do if code else None,
        }

    def _named(self, at: int) -> str:
        number, place = divmod(at, 1 << 32)
        (name,) = self._database.execute("select id from receipts where n = ?", (number,)).fetchone()
        return str(CallRef.at(name, place))

    def refused(
        self,
        session: str | None = None,
        *,
        after: str = "",
        before: str = "",
        newest: bool = False,
        limit: int = 100,
        span: Span = ALL_TIME,
    ) -> Page:
        """Return requests that brought no call, as Calls.page returns calls. Raises FilterError."""
        cursor = before if newest else after
        beyond, order = ("<", "desc") if newest else (">", "asc")
        start, _ = after_cursor(cursor, "before" if newest else "after") if cursor else (0, 0)
        place = f"n {beyond} {start:d}" if cursor else "true"
        rows = self._database.execute(
            "select n, id, at, path, status, refusal, session from receipts "  # noqa: S608
            f"where refusal is not null and {place} and (? is null or session = ?) "
            f"and at >= ? and at < ? order by n {order} limit ?",
            (session, session, *span, limit),
        ).fetchall()
        found = [
            refused_row(name, datetime.fromisoformat(at), path, refusal_of(status, refusal), own or "")
            for _, name, at, path, status, refusal, own in rows
        ]
        return Page(found, f"{rows[-1][0]}.0" if rows else cursor)


def _rank(row: JsonObject) -> tuple[int, int, str]:
    levels = [*map(str, LEVELS)]
    return levels.index(str(row["level"])), -int(str(row["count"])), str(row["code"])
