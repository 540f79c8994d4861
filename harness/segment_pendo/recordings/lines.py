"""The lines of a recording as types: a line that is read is checked against these.

The JSON Schema is made from them (`uv run python tests/tools/make_docs.py`).
"""

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType, field

from segment_pendo.mapping.setup import Described
from segment_pendo.words import Json, JsonObject

__all__ = ["FORMAT", "VERSION", "call_line", "header_line", "request_line", "schema"]

FORMAT: Final = "segment-pendo-recording"
VERSION: Final = 1


class HeaderLine(Described, forbid_unknown_fields=True, kw_only=True, rename="camel"):
    """Line 1: how the calls were mapped (without a secret), and what was redacted."""

    format: Literal["segment-pendo-recording"]
    version: Literal[1]
    redacted: Literal["keys", "people"] = "keys"
    redacted_with: Annotated[
        str | UnsetType, Meta(description="fingerprint of the key that made the pseudonyms")
    ] = UNSET
    headers: Annotated[dict[str, str], Meta(description="headers of every webhook, without a signature")] = (
        field(default_factory=dict)
    )
    made_by: str = ""


class Request(Struct, forbid_unknown_fields=True, kw_only=True):
    """What a request brought besides its calls."""

    method: str
    path: str
    query: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    envelope: Annotated[
        dict[str, Any] | None,
        Meta(description="all of a batch but its batch and sentAt; null for a single call"),
    ] = None


class Refused(Struct, forbid_unknown_fields=True, kw_only=True):
    """How a request that brought no call was answered."""

    status: int
    code: str
    message: Annotated[str, Meta(description="why, in a sentence")] = ""


class RequestLine(Struct, forbid_unknown_fields=True, kw_only=True):
    """One SDK request; the lines of its calls follow."""

    request: Request
    refused: Refused | None = None


class FunctionOutcome(Struct, forbid_unknown_fields=True):
    """The event that an insert function returned, or why it blocked the call."""

    data: dict[str, Any] | UnsetType = UNSET
    code: str | UnsetType = UNSET
    reason: str | UnsetType = UNSET


class Further(Struct, forbid_unknown_fields=True, kw_only=True, tag_field="outcome"):
    """What a further mapping of the destination made of a call."""

    mapping: str
    findings: list[str]


class Webhook(Further, tag="webhook", kw_only=True):
    """A further webhook of a call."""

    body: str
    code: None = None


class Skipped(Further, tag="skipped", kw_only=True):
    """A further mapping that selects the call and sends nothing."""

    code: str
    body: None = None


class CallLine(Struct, forbid_unknown_fields=True, kw_only=True, rename="camel", tag_field="outcome"):
    """One call, and what became of it."""

    call: Annotated[
        Any,
        Meta(description="as sent, except what was redacted; any JSON, since an SDK may send anything"),
    ]
    received_at: Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
    findings: list[str]
    sent_at: Annotated[
        Any, Meta(description="the batch's own sentAt, unchanged; absent where the batch had none")
    ] = UNSET
    message_id: Annotated[
        str | UnsetType, Meta(description="made by the server, where the call has none of its own")
    ] = UNSET
    mapping: Annotated[
        str | UnsetType, Meta(description="the destination's mapping, where it has several")
    ] = UNSET
    function: Annotated[
        FunctionOutcome | UnsetType,
        Meta(description="what the insert function made of the call, where it changed or blocked it"),
    ] = UNSET
    more: Annotated[
        list[Webhook | Skipped] | UnsetType, Meta(description="what further mappings made of the call")
    ] = UNSET


class WebhookLine(CallLine, tag="webhook", kw_only=True):
    """A call that became a webhook."""

    body: Annotated[str, Meta(description="the exact JSON text of the webhook")]
    code: None = None


class SkippedLine(CallLine, tag="skipped", kw_only=True):
    """A call that Segment would not deliver."""

    code: Annotated[str, Meta(description="why the call was skipped")]
    body: None = None


def header_line(value: JsonObject) -> HeaderLine:
    """Return line 1. Raises ValueError, which says what is wrong and where."""
    return msgspec.convert(value, HeaderLine)


def request_line(value: JsonObject) -> RequestLine:
    """Return a request's line. Raises ValueError, which says what is wrong and where."""
    return msgspec.convert(value, RequestLine)


def call_line(value: JsonObject) -> WebhookLine | SkippedLine:
    """Return a call's line. Raises ValueError, which says what is wrong and where."""
    return msgspec.convert(value, WebhookLine | SkippedLine)


def schema() -> Json:
    """Return the JSON Schema of one line."""
    kinds = (HeaderLine, RequestLine, WebhookLine, SkippedLine)
    refs, definitions = msgspec.json.schema_components(kinds, ref_template="#/$defs/{name}")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"One line of a {FORMAT}, version {VERSION}",
        "description": (
            "Line 1 is a header; then a request line, followed by one line for each of its calls, and so on. "
            "UTF-8, LF, one JSON value per line."
        ),
        "oneOf": list(refs),
        "$defs": definitions,
    }
