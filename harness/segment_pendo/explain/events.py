"""What happens in a run, as JSON: the lines of `run --format ndjson` and of the stream of the API."""

from datetime import datetime

from segment_pendo.base.prose import plain
from segment_pendo.base.times import text
from segment_pendo.segment.ingest import masked
from segment_pendo.words import Attempt, JsonObject, Refusal

__all__ = [
    "call_event",
    "cleared_event",
    "delivery_event",
    "missed_event",
    "ready_event",
    "refused_event",
    "refused_row",
]


def ready_event(addresses: JsonObject) -> JsonObject:
    """Return that every port accepts connections."""
    return {"event": "ready", **addresses}


def call_event(row: JsonObject) -> JsonObject:
    """Return that a call came; `row`: as in explain/rows."""
    return {"event": "call", **row}


def delivery_event(call: str, attempt: Attempt) -> JsonObject:
    """Return that an attempt to deliver the webhook of a call has ended."""
    return {
        "event": "delivery",
        "id": call,
        "state": attempt.state,
        "status": attempt.status,
        "attempts": attempt.number,
        "detail": attempt.detail or None,
    }


def cleared_event(what: str, session: str | None) -> JsonObject:
    """Return that calls were forgotten; `what`: as in Clearing; `session`: only those of this one."""
    return {"event": "cleared", "what": what, "session": session}


def missed_event(count: int | None) -> JsonObject:
    """Return that events are missing, as they were read too slowly; None: nobody knows how many."""
    return {"event": "missed", "count": count}


def refused_event(receipt: str, at: datetime, path: str, refusal: Refusal, session: str = "") -> JsonObject:
    """Return that a request brought no call; `receipt`: its id."""
    return {"event": "refused", **refused_row(receipt, at, path, refusal, session)}


def refused_row(receipt: str, at: datetime, path: str, refusal: Refusal, session: str = "") -> JsonObject:
    """Return a request that brought no call; keys in its path are masked."""
    own: JsonObject = {"session": session} if session else {}
    return {
        "id": receipt,
        "time": text(at),
        "status": refusal.status,
        "code": refusal.code,
        "reason": refusal.message,
        "path": plain(masked(path)),
        **own,
    }
