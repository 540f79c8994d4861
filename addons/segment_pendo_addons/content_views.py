"""Content views for mitmproxy: an SDK's request as its calls, a webhook as Pendo reads it.

Each is chosen for what is ours and can be read; anything else stays with mitmproxy's own views.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from mitmproxy import http
from mitmproxy.contentviews import Contentview, Metadata, SyntaxHighlight

from segment_pendo.base import js_json
from segment_pendo.base.prose import many
from segment_pendo.base.steps import finished
from segment_pendo.base.times import milliseconds
from segment_pendo.mapping.assess import assess_in_steps
from segment_pendo.mapping.setup import Setup
from segment_pendo.pendo.findings import examine
from segment_pendo.segment.ingest import read
from segment_pendo.words import Batch, Call, Json, JsonObject, Judged, Message, SdkRequest, Webhook
from segment_pendo_addons.outline import MOST_CALLS, outline

__all__ = ["PendoView", "SegmentView", "is_webhook"]

# JSON has 1, and a view that may be chosen but is not better has 0.
_OURS: Final = 2.0
_NOT_OURS: Final = -1.0
_WEBHOOK_PATH = re.compile(r"(?:/[^?]*)?/data/segmentio/[^/?]+/?(?:\?.*)?")
_SENDING: Final = frozenset({"POST", "PUT", "PATCH"})


def _requested(metadata: Metadata) -> http.HTTPFlow | None:
    """Return the flow whose request is shown, or None where it is something else."""
    flow = metadata.flow
    return flow if isinstance(flow, http.HTTPFlow) and metadata.http_message is flow.request else None


class SegmentView(Contentview):
    """A request of a Segment SDK as its calls: what becomes of each, and what Pendo keeps of it.

    `asked` returns the request of a flow if it is one of an SDK, `setup` how the destination is set up now.
    """

    name = "Segment"
    syntax_highlight: SyntaxHighlight = "yaml"

    def __init__(
        self, asked: Callable[[http.HTTPFlow], SdkRequest | None], setup: Callable[[], Setup]
    ) -> None:
        self._asked = asked
        self._setup = setup

    def render_priority(self, data: bytes, metadata: Metadata) -> float:
        """Return more than others have for a request with calls, else less."""
        flow = _requested(metadata)
        asked = self._asked(flow) if data and flow else None
        return _OURS if asked and self._batch(asked) else _NOT_OURS

    def prettify(self, data: bytes, metadata: Metadata) -> str:  # noqa: ARG002 - decoded as Segment does it
        """Return the calls of a request, mapped as the destination is set up now. Never raises."""
        flow = _requested(metadata)
        asked = self._asked(flow) if flow else None
        batch = self._batch(asked) if asked else None
        if flow is None or asked is None or batch is None:
            return "# This is no request of a Segment SDK with calls in it."
        setup = self._setup()
        first = range(MOST_CALLS + 1)  # one more, which shows that there are more
        receipt = finished(
            assess_in_steps(
                asked,
                id=flow.id,
                at=_received(flow.request),
                setup=replace(setup, function=None),
                only=first,
            )
        )
        function = "" if setup.function is None else " The insert function is not run again for this view."
        title = f"{many(len(batch.calls), 'call')} for Segment, and what Pendo gets of it.{function}"
        return outline(title, receipt.each, setup)

    def _batch(self, asked: SdkRequest) -> Batch | None:
        batch = read(asked, self._setup().switches)
        return batch if isinstance(batch, Batch) and batch.calls else None


class PendoView(Contentview):
    """A webhook of Segment as Pendo reads it: the visitor or account, the metadata kept and lost, and why."""

    name = "Pendo"
    syntax_highlight: SyntaxHighlight = "yaml"

    def __init__(self, setup: Callable[[], Setup]) -> None:
        self._setup = setup

    def render_priority(self, data: bytes, metadata: Metadata) -> float:
        """Return more than others have for a webhook that can be read, else less."""
        flow = _requested(metadata)
        return _OURS if flow and is_webhook(flow.request) and _events(data) else _NOT_OURS

    def prettify(self, data: bytes, metadata: Metadata) -> str:  # noqa: ARG002 - the key is in the URL
        """Return what Pendo makes of each event of a webhook. Never raises."""
        setup, events = self._setup(), _events(data)
        if not events:
            return "# This is no webhook with an event in it."
        return outline(f"{many(len(events), 'event')} as Pendo reads it.", _judged(events, setup), setup)


def _received(request: http.Request) -> datetime:
    """Return when a request came; of a damaged file, the epoch."""
    try:
        return milliseconds(datetime.fromtimestamp(request.timestamp_start, UTC))
    except (OverflowError, OSError, ValueError):
        return datetime.fromtimestamp(0, UTC)


def is_webhook(request: http.Request) -> bool:
    """Whether a request is a webhook of Segment for Pendo, by its method and path."""
    return request.method in _SENDING and _WEBHOOK_PATH.fullmatch(request.path) is not None


def _events(data: bytes) -> list[JsonObject]:
    """Return the events of a webhook; none where its body is no JSON object and no list of them."""
    try:
        value: Json = js_json.read(data).value
    except (ValueError, RecursionError):
        return []
    events = value if isinstance(value, list) else [value]
    return [event for event in events if isinstance(event, dict)]


def _judged(events: list[JsonObject], setup: Setup) -> Iterator[Judged]:
    """Yield each event of a webhook as a call that Segment passed on unchanged."""
    for index, event in enumerate(events):
        kind = event.get("type")
        call = Call(index, kind if isinstance(kind, str) else None, event)
        webhook = Webhook(b"", ())
        yield Judged(call, webhook, tuple(examine(event, setup.pendo)), Message(call, event))
