"""When Segment tries a webhook again: randomised exponential backoff for four hours (W-40), here scaled."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import Final

from segment_pendo.words import Headers

__all__ = ["AT_SEGMENT", "Schedule", "retry_after"]

AT_SEGMENT: Final = 4 * 3600.0  # seconds; W-10, W-40
# Segment publishes no number of attempts. Eight pauses that double from window / 255 fill the window:
# "nine times over four hours", as its documentation once said (W-40).
_FIRST: Final = 1 / 255
_MOST_DOUBLED: Final = 8


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a webhook that failed is tried again. `window`: for how many seconds it is tried, 4 h at Segment.

    All pauses scale with the window.
    """

    window: float = 30.0

    def next(
        self, attempts: int, *, since: float, now: float, draw: float, after: float | None = None
    ) -> float | None:
        """Return when the next attempt is due, or None where there is none.

        `attempts` have failed, at least one; the first could have been made at `since`. `now` and `since` are
        seconds of one clock; `draw` is a random number from 0 to 1. `after`: for how many seconds the answer
        asked us to wait (Retry-After). The last attempt is at the end of the window.
        """
        end = since + self.window
        if now >= end:
            return None
        pause = self.window * _FIRST * 2.0 ** min(attempts - 1, _MOST_DOUBLED) * (0.5 + draw)
        if after is None or after <= pause:
            return min(now + pause, end)
        return None if now + after > end else now + after


def retry_after(headers: Headers, now: datetime) -> float | None:
    """Return for how many seconds an answer asks to wait, as seconds or as a date, or None."""
    value = next((value.strip() for name, value in headers if name.lower() == "retry-after"), "")
    try:
        seconds = float(value)
    except ValueError:
        try:
            at = parsedate_to_datetime(value)
        except (ValueError, OverflowError):
            return None
        seconds = ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()
    return max(0.0, seconds) if isfinite(seconds) else None
