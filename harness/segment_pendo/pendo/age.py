"""How old a track event is when it comes (facts 2.13)."""

from datetime import datetime, timedelta
from typing import Final

from segment_pendo.words import Json, JsonObject

__all__ = ["OLDEST", "SOONEST", "age"]

OLDEST: Final = timedelta(days=7)
SOONEST: Final = timedelta(minutes=5)


def age(event: JsonObject) -> timedelta | None:
    """How far an event lies before its receipt; None where one of the times is absent or unreadable."""
    happened, came = _time(event.get("timestamp")), _time(event.get("receivedAt"))
    return came - happened if happened is not None and came is not None else None


def _time(value: Json) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return None
    return at if at.tzinfo else None
