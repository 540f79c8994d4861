"""How old a track event is when it comes (facts 2.13)."""

from datetime import timedelta
from typing import Final

from segment_pendo.base import times
from segment_pendo.words import JsonObject

__all__ = ["OLDEST", "SOONEST", "age"]

OLDEST: Final = timedelta(days=7)
SOONEST: Final = timedelta(minutes=5)


def age(event: JsonObject) -> timedelta | None:
    """Return how old an event was when it came; None where one of the two times is absent or unreadable."""
    happened, came = times.parse(event.get("timestamp")), times.parse(event.get("receivedAt"))
    return came - happened if happened is not None and came is not None else None
