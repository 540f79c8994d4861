"""What happened when: how many calls came and how many webhooks were tried, by steps of time."""

from collections import defaultdict
from datetime import UTC, datetime
from typing import Final, NamedTuple

from segment_pendo.base.times import text
from segment_pendo.serve.store.database import Database
from segment_pendo.words import MOST_COPIES, Json, JsonObject

__all__ = ["ALL_TIME", "COUNTS", "Span", "of_session", "timeline"]

_MOST: Final = 240  # steps
_STEPS: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200)  # seconds
_DAY: Final = 86_400
COUNTS: Final = ("calls", "lost", "refused", "delivered", "failed", "retries")


class Span(NamedTuple):
    """From a time on, to before another one, as the store writes times."""

    since: str
    until: str


ALL_TIME: Final = Span("", "~")  # a tilde is beyond every digit
# Each tells the second, then some of COUNTS; {of} is a condition on a receipt's number.
# A time is read once for each request, and once for all attempts of a second.
_CALLS: Final = (
    "select cast(strftime('%s', r.at) as integer) / :step, sum(k.calls), sum(k.lost) "  # noqa: S608 - our own words
    f"from (select n, sum(place % {MOST_COPIES} = 0) as calls, sum(dropped or state is 'dead') as lost "
    "from calls where {of} group by n) k join receipts r on r.n = k.n "
    "where r.at >= :since and r.at < :until group by 1"
)
_REFUSED: Final = (
    "select cast(strftime('%s', at) as integer) / :step, count(*) from receipts "
    "where refusal is not null and at >= :since and at < :until and {of} group by 1"
)
_ATTEMPTS: Final = (
    "select cast(strftime('%s', second) as integer) / :step, sum(delivered), sum(dead), sum(retries) from "
    "(select substr(at, 1, 19) as second, sum(state = 'delivered') as delivered, "
    "sum(state = 'dead') as dead, sum(number > 1) as retries "
    "from attempts where at >= :since and at < :until and {of} group by 1) group by 1"
)
_ASKED: Final = (
    (_CALLS, ("calls", "lost")),
    (_REFUSED, ("refused",)),
    (_ATTEMPTS, ("delivered", "failed", "retries")),
)
_SPAN: Final = "where at >= :since and at < :until and {of}"
_ENDS: Final = (
    f"select min(at), max(at) from (select min(at) as at from receipts {_SPAN} "  # noqa: S608 - as above
    f"union all select max(at) from receipts {_SPAN} union all select min(at) from attempts {_SPAN} "
    f"union all select max(at) from attempts {_SPAN})"
)


def timeline(database: Database, span: Span = ALL_TIME, session: str | None = None) -> JsonObject:
    """Return counts by steps of time, oldest first, at most 240; steps without anything are left out.

    `lost`: calls that Segment drops, or whose webhook is given up. `failed`: attempts after which it was.
    `retries`: attempts that are not the first of their webhook. `step` is in seconds. `session`: only what
    came to its address.
    """
    of = of_session(session)
    asked = {"since": span.since, "until": span.until, "session": session}
    ends = database.execute(_ENDS.format(of=of), asked).fetchone()
    if ends[0] is None:
        return {"step": 1, "bars": []}
    first, last = (datetime.fromisoformat(at).timestamp() for at in ends)
    step = _step(last - first)
    counts: defaultdict[int, dict[str, int]] = defaultdict(lambda: dict.fromkeys(COUNTS, 0))
    for query, names in _ASKED:
        for number, *found in database.execute(query.format(of=of), {**asked, "step": step}):
            counts[number].update(zip(names, found, strict=True))
    bars: list[Json] = [
        {"time": text(datetime.fromtimestamp(number * step, UTC)), **counts[number]}
        for number in sorted(counts)
    ]
    return {"step": step, "bars": bars}


def of_session(session: str | None) -> str:
    """Return the condition that a receipt's number is of `:session`; of any where it is None."""
    return "true" if session is None else "n in (select n from receipts where session = :session)"


def _step(seconds: float) -> int:
    """Return the shortest step of which few enough cover so many seconds."""
    most = _MOST - 1  # the first and the last may be begun only
    return next((step for step in _STEPS if seconds / step < most), int(seconds / most / _DAY + 1) * _DAY)
