"""What happened when: how many calls came and how many webhooks were tried, by steps of time."""

from collections import defaultdict
from datetime import UTC, datetime
from typing import Final, NamedTuple

from segment_pendo.base.times import text
from segment_pendo.serve.store.database import Database
from segment_pendo.words import MOST_COPIES, Json, JsonObject

__all__ = ["ALL_TIME", "COUNTS", "Span", "timeline"]

_MOST: Final = 240  # steps
_STEPS: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200)  # seconds
_DAY: Final = 86_400
COUNTS: Final = ("calls", "lost", "refused", "delivered", "failed", "retries")


class Span(NamedTuple):
    """From a time on, to before another one, as the store writes times."""

    since: str
    until: str


ALL_TIME: Final = Span("", "~")  # a tilde is beyond every digit
# Each tells the second, then some of COUNTS.
# A time is read once for each request, and once for all attempts of a second.
_CALLS: Final = (
    "select cast(strftime('%s', r.at) as integer) / ?, sum(k.calls), sum(k.lost) "  # noqa: S608 - our own words
    f"from (select n, sum(place % {MOST_COPIES} = 0) as calls, sum(dropped or state is 'dead') as lost "
    "from calls group by n) k join receipts r on r.n = k.n where r.at >= ? and r.at < ? group by 1"
)
_REFUSED: Final = (
    "select cast(strftime('%s', at) as integer) / ?, count(*) from receipts "
    "where refusal is not null and at >= ? and at < ? group by 1"
)
_ATTEMPTS: Final = (
    "select cast(strftime('%s', second) as integer) / ?, sum(delivered), sum(dead), sum(retries) from "
    "(select substr(at, 1, 19) as second, sum(state = 'delivered') as delivered, "
    "sum(state = 'dead') as dead, sum(number > 1) as retries "
    "from attempts where at >= ? and at < ? group by 1) group by 1"
)
_ASKED: Final = (
    (_CALLS, ("calls", "lost")),
    (_REFUSED, ("refused",)),
    (_ATTEMPTS, ("delivered", "failed", "retries")),
)


def timeline(database: Database, span: Span = ALL_TIME) -> JsonObject:
    """Return counts by steps of time, oldest first, at most 240; steps without anything are left out.

    `lost`: calls that Segment drops, or whose webhook is given up. `failed`: attempts after which it was.
    `retries`: attempts that are not the first of their webhook. `step` is in seconds.
    """
    ends = database.execute(
        "select min(at), max(at) from (select min(at) as at from receipts where at >= ? and at < ? "
        "union all select max(at) from receipts where at >= ? and at < ? "
        "union all select min(at) from attempts where at >= ? and at < ? "
        "union all select max(at) from attempts where at >= ? and at < ?)",
        span * 4,
    ).fetchone()
    if ends[0] is None:
        return {"step": 1, "bars": []}
    first, last = (datetime.fromisoformat(at).timestamp() for at in ends)
    step = _step(last - first)
    counts: defaultdict[int, dict[str, int]] = defaultdict(lambda: dict.fromkeys(COUNTS, 0))
    for query, names in _ASKED:
        for number, *found in database.execute(query, (step, *span)):
            counts[number].update(zip(names, found, strict=True))
    bars: list[Json] = [
        {"time": text(datetime.fromtimestamp(number * step, UTC)), **counts[number]}
        for number in sorted(counts)
    ]
    return {"step": step, "bars": bars}


def _step(seconds: float) -> int:
    """Return the shortest step of which few enough cover so many seconds."""
    most = _MOST - 1  # the first and the last may be begun only
    return next((step for step in _STEPS if seconds / step < most), int(seconds / most / _DAY + 1) * _DAY)
