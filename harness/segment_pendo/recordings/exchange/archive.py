"""SDK requests from lines of JSON: events as Segment's archives hold them, or captured requests."""

import io
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Final

from segment_pendo.base import js_json, times
from segment_pendo.recordings.exchange.found import Damage, Imported, ImportFailure, PassedOver
from segment_pendo.recordings.reading.calls_file import items_of
from segment_pendo.segment.ingest import MAX_SINGLE
from segment_pendo.segment.members import BY_SERVERS
from segment_pendo.words import JsonObject, SdkRequest

__all__ = ["lines", "lines_of"]

TOO_LARGE: Final = (
    "larger than 32 KB without its context, which Segment takes for no call, so it cannot be sent again"
)
NOT_A_CALL: Final = "of a type that no SDK sends"
_TYPES: Final = frozenset({"identify", "group", "track", "page", "screen", "alias"})


def lines(data: bytes) -> Iterator[Imported | PassedOver]:
    """Yield what `lines_of` yields of a text. Raises ImportFailure at the first damage."""
    for item in lines_of(io.BytesIO(data)):
        if isinstance(item, Damage):
            raise ImportFailure(item.why)
        yield item


def lines_of(text: Iterable[bytes]) -> Iterator[Imported | PassedOver | Damage]:
    """Yield each event as the HTTP API would take it, captured requests as they are, what is neither."""
    for item in items_of(text):
        if item.error is not None:
            yield Damage(f"line {item.line}: {item.error[1].rstrip('.')}")
        elif item.request is not None:
            yield Imported(item.request, datetime.now(UTC))
        elif item.call is not None:
            yield _of_event(item.call, item.line)


def _of_event(event: JsonObject, line: int) -> Imported | PassedOver | Damage:
    kind = event.get("type")
    if not isinstance(kind, str):
        return Damage(
            f"line {line}: this object has no type; expected an event of Segment or a captured request"
        )
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
