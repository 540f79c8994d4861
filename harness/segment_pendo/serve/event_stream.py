"""Read the stream of a running instance: its server-sent events, as far as `/_/stream` makes them."""

from collections.abc import AsyncGenerator
from typing import Final, NamedTuple

from segment_pendo.base import js_json
from segment_pendo.base.errors import CANNOT_START, SegmentPendoError
from segment_pendo.base.urls import joined
from segment_pendo.serve.client import Client
from segment_pendo.words import JsonObject

__all__ = ["Event", "StreamError", "events"]

_SILENCE: Final = 40.0  # seconds; a comment comes each 15 s


class StreamError(SegmentPendoError):
    """There is no stream, or it broke off; the text says why."""

    exit_code = CANNOT_START


class Event(NamedTuple):
    """An event, and the id by which a reader goes on after it; '' where it has none."""

    id: str
    value: JsonObject


async def events(client: Client, base: str, after: str = "") -> AsyncGenerator[Event | None]:
    """Yield what is new at `base`, since the event of the id `after` if there is one, until the stream ends.

    None stands for a sign of life. Raises StreamError.
    """
    headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": after} if after else {})
    left = b""
    async for part in client.parts(joined(base, "/_/stream", ""), headers=headers, silence=_SILENCE):
        if isinstance(part, str):
            raise StreamError(part)
        *blocks, left = (left + part).split(b"\n\n")
        for block in blocks:
            yield _event(block)


def _event(block: bytes) -> Event | None:
    fields = dict(line.split(b": ", 1) for line in block.split(b"\n") if b": " in line)
    if b"data" not in fields:
        return None
    try:
        value = js_json.read(fields[b"data"]).value
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict) or "event" not in value:
        message = "what answers there is no stream of segment-pendo."
        raise StreamError(message)
    return Event(fields.get(b"id", b"").decode("ascii", "replace"), value)
