"""Lines of the calls of a running instance, made of its rows: the same that its own terminal shows."""

from datetime import UTC, datetime
from typing import Any, Final

from segment_pendo.base.times import parse
from segment_pendo.cli.failure import CANNOT_START, Failure
from segment_pendo.explain.rows import judged_of
from segment_pendo.explain.telling.call_line import CallLine, call_line, refusal
from segment_pendo.mapping.setup import Setup
from segment_pendo.words import Attempt, Judged

__all__ = ["attempt_of", "judged_and_line", "refused_line", "setup_of"]

# Of a destination file only names are told; what Pendo makes of a webhook does not depend on it.
_UNTOLD: Final = frozenset({"destination", "plan"})


def setup_of(summary: Any) -> Setup:
    """Return how an instance maps calls, from the answer of /_/summary; the default where it does not say."""
    described = summary.get("setup") if isinstance(summary, dict) else None
    if not isinstance(described, dict):
        return Setup()
    try:
        return Setup().like({name: value for name, value in described.items() if name not in _UNTOLD})
    except ValueError:  # another version, with other switches
        return Setup()


def judged_and_line(row: Any, setup: Setup) -> tuple[Judged, CallLine]:
    """Return the call of a row, and its line. Raises Failure for what is no row of this version."""
    try:
        judged = judged_of(row)
        at = parse(row["time"]) or datetime.now(UTC)
        line = call_line(at, judged, setup, attempt_of(row["delivery"], at))
        return judged, line._replace(source=str(row.get("source", "")))
    except (KeyError, TypeError, ValueError, AttributeError):
        message = "a call cannot be read; another version of segment-pendo runs there."
        raise Failure(message, CANNOT_START) from None


def attempt_of(delivery: Any, at: datetime) -> Attempt | None:
    """Return the last attempt of a row's delivery, or of a delivery event, as far as it is told."""
    if delivery is None or not (delivery["attempts"] or delivery["state"] != "waiting"):
        return None
    detail = delivery.get("detail") or ""
    return Attempt(delivery["attempts"], at, delivery["status"], detail, delivery["state"])


def refused_line(event: Any) -> CallLine:
    """Return the line of a request that brought no call, from its event."""
    at = parse(event.get("time")) or datetime.now(UTC)
    return refusal(at, str(event["path"]), int(event["status"]), str(event["code"]), str(event["reason"]))
