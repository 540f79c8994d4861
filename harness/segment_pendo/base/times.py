"""Timestamps as both worlds send them: the only reader and the only writer of them."""

from datetime import UTC, datetime
from functools import lru_cache

from segment_pendo.words import Json

__all__ = ["milliseconds", "parse", "text"]


def parse(value: Json) -> datetime | None:
    """Return an ISO 8601 text as a UTC time (no zone counts as UTC); None for anything else (T-9)."""
    return _parse(value) if isinstance(value, str) else None


# All calls of a batch have the same sentAt and the same receivedAt.
@lru_cache(maxsize=64)
def _parse(value: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(value)
        if time.tzinfo is UTC:  # as most are sent
            return time
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=64)
def text(time: datetime) -> str:
    """Return a time in UTC as `YYYY-MM-DDTHH:mm:ss.sssZ`, cut to milliseconds (T-2, T-4)."""
    time = time if time.tzinfo is UTC else time.astimezone(UTC)
    return time.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def milliseconds(time: datetime) -> datetime:
    """Return the time cut to milliseconds, which is what Segment shows (T-2).

    With finer parts, a second mapping would differ from the first.
    """
    return time.replace(microsecond=time.microsecond // 1000 * 1000)
