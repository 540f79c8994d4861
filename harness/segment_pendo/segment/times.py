"""Segment's timestamps: reading what SDKs send, writing what servers send, correcting for a client's clock."""

from datetime import UTC, datetime

from segment_pendo.words import Json

__all__ = ["corrected", "parse", "text"]


def parse(value: Json) -> datetime | None:
    """An ISO 8601 text as a UTC time (no zone counts as UTC); None for anything else (T-9)."""
    if not isinstance(value, str):
        return None
    try:
        time = datetime.fromisoformat(value)
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def text(time: datetime) -> str:
    """UTC as `YYYY-MM-DDTHH:mm:ss.sssZ`, cut to milliseconds (T-2, T-4)."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def corrected(original: datetime, sent: datetime, received: datetime) -> datetime:
    """T-3: receivedAt - (sentAt - originalTimestamp). A result outside the calendar falls back to receivedAt."""
    try:
        return received - (sent - original)
    except OverflowError:
        return received
