"""Timestamps as both worlds send them: the only reader and the only writer of them."""

from datetime import UTC, datetime
from functools import lru_cache

from segment_pendo.words import Json

__all__ = ["milliseconds", "parse", "parse_own", "text", "text_own"]


def parse(value: Json) -> datetime | None:
    """Return an ISO 8601 text as a UTC time (no zone counts as UTC); None for anything else (T-9)."""
    return _shared(value) if isinstance(value, str) else None


def parse_own(value: Json) -> datetime | None:
    """Do the same as `parse` for a time that hardly another call has: it is not looked up."""
    return _parsed(value) if isinstance(value, str) else None


def _parsed(value: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(value)
        if time.tzinfo is UTC:  # as most are sent
            return time
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def text_own(time: datetime) -> str:
    """Return a time in UTC as `YYYY-MM-DDTHH:mm:ss.sssZ`, cut to milliseconds (T-2, T-4)."""
    time = time if time.tzinfo is UTC else time.astimezone(UTC)
    return time.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


# All calls of a batch have the same sentAt and the same receivedAt.
_shared = lru_cache(maxsize=64)(_parsed)
_shared_text = lru_cache(maxsize=64)(text_own)


def text(time: datetime) -> str:
    """Do the same as `text_own` for a time that other calls have as well."""
    return _shared_text(time)


def milliseconds(time: datetime) -> datetime:
    """Return the time cut to milliseconds, which is what Segment shows (T-2).

    With finer parts, a second mapping would differ from the first.
    """
    return time.replace(microsecond=time.microsecond // 1000 * 1000)
