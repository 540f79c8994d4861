"""SDK requests from lines of JSON: events as Segment's archives hold them, or captured requests."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from segment_pendo.base import js_json, times
from segment_pendo.recordings.calls_file import items
from segment_pendo.recordings.exchange.found import Imported, ImportFailure, PassedOver
from segment_pendo.segment.ingest import MAX_SINGLE
from segment_pendo.segment.members import BY_SERVERS
from segment_pendo.words import JsonObject, SdkRequest

__all__ = ["lines"]

TOO_LARGE: Final = (
    "larger than 32 KB without its context, which Segment takes for no call, so it cannot be sent again"
)
NOT_A_CALL: Final = "of a type that no SDK sends"
_TYPES: Final = frozenset({"identify", "group", "track", "page", "screen", "alias"})


def lines(data: bytes) -> Iterator[Imported | PassedOver]:
    """Yield each event as the HTTP API would take it, captured requests as they are.

    Raises ImportFailure.
    """
    for item in items(data):
        if item.error is not None:
            msg = f"line {item.line}: {item.error[1].rstrip('.')}"
            raise ImportFailure(msg)
        if item.request is not None:
            yield Imported(item.request, datetime.now(UTC))
        elif item.call is not None:
            yield _of_event(item.call, item.line)


def _of_event(event: JsonObject, line: int) -> Imported | PassedOver:
    kind = event.get("type")
    if not isinstance(kind, str):
        msg = f"line {line}: this object has no type; expected an event of Segment or a captured request"
        raise ImportFailure(msg)
    if kind not in _TYPES:  # an archive also holds deletions, for example
        return PassedOver("", NOT_A_CALL)
    call: JsonObject = {key: value for key, value in event.items() if key not in BY_SERVERS}
    if "originalTimestamp" in event:
        call["timestamp"] = event["originalTimestamp"]
    elif "receivedAt" in event:  # the client sent none: what stands there is the server's (T-7)
        call.pop("timestamp", None)
    at = times.parse(event.get("receivedAt")) or datetime.now(UTC)
    body = js_json.keep(call)
    if len(body) <= MAX_SINGLE:
        return Imported(SdkRequest("POST", f"/v1/{kind}", body=body), at)
    # Segment took it, so part of it came with the batch: the context that its calls share (S-2).
    own = js_json.keep({key: value for key, value in call.items() if key != "context"})
    if len(own) > MAX_SINGLE or "context" not in call:
        return PassedOver("", TOO_LARGE)
    batch: JsonObject = {"batch": [{**call, "context": {}}], "context": call["context"]}
    return Imported(SdkRequest("POST", "/v1/batch", body=js_json.keep(batch)), at)
